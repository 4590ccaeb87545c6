/**
 * Who is who in a simulated world. Here the hash is the identity: the preimage of a key is its own 32 bytes. So peers and
 * targets can be put anywhere in the keyspace, crowds of them around one key, without searching for an id that hashes there.
 */
import { keyFromBytes, keyHead, keyToBytes, keyWords, noAddresses } from '@vicinity/kademlia'
import type { Addresses, Contact, Key, PeerInfo, Rng, Target } from '@vicinity/kademlia'

/** What a peer tells of itself wherever it is. */
export interface Manner {
  /** Whether it tells others an address, be it reachable there or not. */
  readonly advertised: boolean
  /** The address groups it is in. */
  readonly groups: readonly number[]
}

/**
 * One node's identity; all that name it share this object. Until it moves it is also what others hear of it: a run goes
 * through millions of peers a second, and waits for each object of theirs to come from memory.
 */
export class SimulatedContact implements Contact, PeerInfo {
  // what a lookup looks at comes first
  readonly contact: this
  readonly head: number
  readonly addresses: Addresses
  readonly groups: readonly number[]
  readonly index: number
  readonly id: string
  readonly key: Key
  readonly bytes: Uint8Array

  /** @param index - of the node that it reaches; negative for one that reaches nobody. */
  constructor(index: number, key: Key, { advertised, groups }: Manner, id = `n${index}`) {
    this.contact = this
    this.head = keyHead(key)
    this.addresses = advertised ? addressAfter(0) : noAddresses
    this.groups = groups
    this.index = index
    this.id = id
    this.key = key
    this.bytes = keyToBytes(key)
  }
}

/** The node that a contact stands for; negative for one that stands for nobody. */
export function indexOf(contact: Contact): number {
  return (contact as SimulatedContact).index
}

/** The address of a simulated peer: all that there is to know of it is how often the peer has moved before. */
export interface SimulatedAddress extends Addresses {
  readonly moves: number
}

// bounded by how often a peer moves in a run; shared, so that equal addresses are the same object
const addresses: SimulatedAddress[] = []

/** The address that a peer has after so many moves. */
export function addressAfter(moves: number): SimulatedAddress {
  while (addresses.length <= moves) {
    addresses.push(Object.freeze({ count: 1, moves: addresses.length }))
  }

  return addresses[moves] as SimulatedAddress
}

/** How often a peer had moved when it had this address; `undefined` for none. */
export function movesOf(known: Addresses): number | undefined {
  return known.count === 0 ? undefined : (known as SimulatedAddress).moves
}

/** A peer as others hear of it after so many moves: with an address if it claims to have one. */
export function peerAfter(moves: number, contact: SimulatedContact, { advertised, groups }: Manner): PeerInfo {
  return { contact, addresses: advertised ? addressAfter(moves) : noAddresses, groups }
}

export function targetAt(key: Key): Target {
  return { bytes: keyToBytes(key), key }
}

export function targetOf(bytes: Uint8Array): Target {
  return { bytes, key: keyFromBytes(bytes) }
}

export function randomKey(rng: Rng): Key {
  const key = new Uint32Array(keyWords)
  for (let word = 0; word < keyWords; word++) {
    key[word] = rng.uint32()
  }

  return key
}

/** A random key that shares at least `bits` leading bits with another. */
export function keyNear(key: Key, bits: number, rng: Rng): Key {
  const near = randomKey(rng)
  for (let word = 0; word < keyWords; word++) {
    const taken = Math.min(32, Math.max(0, bits - 32 * word))
    const mask = taken === 0 ? 0 : (0xffffffff << (32 - taken)) >>> 0
    near[word] = (((key[word] as number) & mask) | ((near[word] as number) & ~mask)) >>> 0
  }

  return near
}
