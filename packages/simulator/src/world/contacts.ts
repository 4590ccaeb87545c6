/**
 * Who is who in a simulated world. Here the hash is the identity: the preimage of a key is its own 32 bytes. So peers and
 * targets can be put anywhere in the keyspace, crowds of them around one key, without searching for an id that hashes there.
 */
import { compareDistance, keyFromBytes, keyHead, keyToBytes, keyWords, noAddresses } from '@vicinity/kademlia'
import type { Addresses, Contact, Key, PeerInfo, Rng, Target } from '@vicinity/kademlia'

/** One node's identity; all that name it share this object. */
export class SimulatedContact implements Contact {
  readonly index: number
  readonly id: string
  readonly bytes: Uint8Array
  readonly key: Key
  readonly head: number

  /** @param index - of the node that it reaches; negative for one that reaches nobody. */
  constructor(index: number, key: Key, id = `n${index}`) {
    this.index = index
    this.id = id
    this.bytes = keyToBytes(key)
    this.key = key
    this.head = keyHead(key)
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

/** A peer as others hear of it: with an address if it claims to have one. */
export function peerInfo(contact: SimulatedContact, advertised: boolean, groups: readonly number[], moves = 0): PeerInfo {
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

/** The order of keys as numbers, as against their order by distance from something. */
export function compareKeys(a: Key, b: Key): number {
  return compareDistance(zero, a, b)
}

const zero = new Uint32Array(keyWords)
