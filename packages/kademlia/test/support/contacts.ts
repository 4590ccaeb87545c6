/** Contacts, peers and targets for tests: named ones, whose keys are hashed as on the network, and ones at a key of choice. */
import { createHash } from 'node:crypto'
import { keyBits, keyFromBytes, keyHead, keyToBytes, Rng } from '@vicinity/kademlia'
import type { Addresses, Contact, Entry, Key, PeerInfo, Target } from '@vicinity/kademlia'

export function sha256(bytes: Uint8Array): Key {
  return keyFromBytes(createHash('sha256').update(bytes).digest())
}

export function targetOf(text: string): Target {
  const bytes = new TextEncoder().encode(text)
  return { bytes, key: sha256(bytes) }
}

/** A peer whose id is the name itself, which hashes to its key. */
export function contactOf(name: string): Contact {
  const { bytes, key } = targetOf(name)
  return { id: name, bytes, key, head: keyHead(key) }
}

/** A contact at a key of choice, which no bytes are known to hash to. */
export function contactAt(key: Key): Contact {
  const bytes = keyToBytes(key)
  return { id: Buffer.from(bytes).toString('hex'), bytes, key, head: keyHead(key) }
}

export const oneAddress: Addresses = Object.freeze({ count: 1 })

/** A peer that can be dialled. */
export function peerOf(contact: Contact | string, groups: readonly number[] = []): PeerInfo {
  return { contact: typeof contact === 'string' ? contactOf(contact) : contact, addresses: oneAddress, groups }
}

/** `count` peers called `<name>0`, `<name>1`, …. */
export function peersOf(name: string, count: number): PeerInfo[] {
  return Array.from({ length: count }, (_, i) => peerOf(`${name}${i}`))
}

export function randomKey(rng: Rng): Key {
  return Uint32Array.from({ length: keyBits / 32 }, () => rng.uint32())
}

/** A random key that shares exactly `bits` leading bits with `key`; 256 gives the key itself. */
export function keyNear(key: Key, bits: number, rng: Rng): Key {
  const bytes = keyToBytes(randomKey(rng))
  const near = keyToBytes(key)
  for (let bit = bits; bit < keyBits; bit++) {
    const mask = 0x80 >> (bit & 7)
    const at = bit >> 3
    const wanted = bit === bits ? ~(near[at] ?? 0) : (bytes[at] ?? 0)
    near[at] = ((near[at] ?? 0) & ~mask) | (wanted & mask)
  }

  return keyFromBytes(near)
}

/** `count` peers of one bucket of the table of `self`. */
export function peersIn(self: Contact, bucket: number, count: number, groups: readonly number[] = []): PeerInfo[] {
  const rng = new Rng(`${self.id}/${bucket}`)
  return Array.from({ length: count }, () => peerOf(contactAt(keyNear(self.key, bucket, rng)), groups))
}

export function entryOf(peer: PeerInfo, heard = 0): Entry {
  return { peer, heard, tried: -Infinity, roundTrip: 0, failures: 0 }
}

/** The XOR distance as a number: slow and plain, to judge the fast ones by. */
export function distance(a: Key, b: Key): bigint {
  return toBigInt(a) ^ toBigInt(b)
}

export function toBigInt(key: Key): bigint {
  return BigInt(`0x${Buffer.from(keyToBytes(key)).toString('hex')}`)
}

/** The `count` nearest of `peers` to a key, by a sorted array: what every faster way must agree with. */
export function nearest<P extends { readonly contact: Contact }>(peers: Iterable<P>, target: Key, count: number): P[] {
  const measured = Array.from(peers, peer => ({ peer, distance: distance(target, peer.contact.key) }))
  measured.sort((a, b) => (a.distance < b.distance ? -1 : a.distance > b.distance ? 1 : 0))
  return measured.slice(0, count).map(({ peer }) => peer)
}

export function ids(peers: Iterable<{ readonly contact: Contact }>): string[] {
  return Array.from(peers, peer => peer.contact.id)
}
