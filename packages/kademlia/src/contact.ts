import type { Key } from './key.ts'

/** What a lookup walks towards: bytes, and the key they hash to. A peer is sent the bytes and hashes them itself. */
export interface Target {
  /** The preimage: a binary peer id, a multihash, a record's key, or random bytes for a refresh. 1 to 128 bytes. */
  readonly bytes: Uint8Array
  /** SHA2-256 of `bytes`. */
  readonly key: Key
  /** Set where the bytes are the id of a peer that whoever made the target knows. */
  readonly id?: string
}

/**
 * A peer's identity: immutable, and interned by the driver while anything refers to it, so that its key is hashed once.
 * What one node knows *about* a peer (addresses, round trip, phase) never stands here: see {@link PeerInfo}.
 */
export interface Contact extends Target {
  /** The peer id as text; two contacts with the same id are the same peer. `bytes` is the same id in binary. */
  readonly id: string
  /**
   * The head of `key`, see {@link keyHead}: what tells peers and their distances apart in nearly every case. It stands here
   * because a lookup goes through hundreds of peers that it knows, and the keys themselves lie elsewhere in memory.
   */
  readonly head: number
}

/** Whether two contacts are one peer. Most that are one are the same object, whose id need not be looked at. */
export function isSamePeer(one: Contact, other: Contact): boolean {
  return one === other || one.id === other.id
}

/** Whether a target is a peer that we know, rather than just any bytes. */
export function isContact(target: Target): target is Contact {
  return target.id !== undefined
}

/**
 * A peer's addresses: an immutable object of the driver's, of which the machine reads only whether there are any, and whether
 * one has some that another has not. New addresses are a new object, so whatever is derived from one (its encoded bytes) may
 * hang on it.
 */
export interface Addresses {
  readonly count: number
  /** What they are, in any form in which equal ones are equal; without it, no two objects say the same. */
  readonly text?: readonly string[]
}

/** A peer as this node knows it, or as an answer names it. */
export interface PeerInfo {
  readonly contact: Contact
  readonly addresses: Addresses
  /** The address groups (IPv4 /16, IPv6 /32) that it is in, each once, for the IP limits; empty where none apply. */
  readonly groups: readonly number[]
}

export const noAddresses: Addresses = Object.freeze({ count: 0 })

/** Of two sets of addresses for one peer, the newer one unless it is empty. */
export function newerAddresses(known: Addresses, heard: Addresses): Addresses {
  return heard.count > 0 ? heard : known
}

/** Whether a peer may be reached at what was heard though nobody was at what is known: there are other addresses in it. */
export function leadsElsewhere(known: Addresses, heard: Addresses): boolean {
  if (heard === known || heard.count === 0) {
    return false
  }

  const { text } = known
  return text === undefined || heard.text === undefined || heard.text.some(address => !text.includes(address))
}
