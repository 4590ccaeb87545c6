/** Peers of one address group, where those are limited (KADEMLIA, section 3). */
export const groupInTable = 3
export const groupInBucket = 2
