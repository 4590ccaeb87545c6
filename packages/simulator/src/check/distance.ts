/**
 * Keys as whole numbers, so that a checker compares distances by arithmetic that has nothing in common with the engine's:
 * slow, and plain to see.
 */
import type { Key, PeerInfo } from '@vicinity/kademlia'

const known = new WeakMap<Key, bigint>()

export function numberOf(key: Key): bigint {
  const kept = known.get(key)
  if (kept !== undefined) {
    return kept
  }

  const number = BigInt(`0x${Array.from(key, word => word.toString(16).padStart(8, '0')).join('')}`)
  known.set(key, number)
  return number
}

export function distance(a: Key, b: Key): bigint {
  return numberOf(a) ^ numberOf(b)
}

/** How many leading bits two keys share, of 256. */
export function sharedBits(a: Key, b: Key): number {
  const word = a.findIndex((bits, i) => bits !== b[i])
  return word === -1 ? 256 : word * 32 + Math.clz32((a[word] ?? 0) ^ (b[word] ?? 0))
}

/** Peers by their distance from a key, nearest first. */
export function byDistance(peers: Iterable<PeerInfo>, key: Key): PeerInfo[] {
  return Array.from(peers, peer => ({ peer, away: distance(peer.contact.key, key) }))
    .sort((a, b) => (a.away < b.away ? -1 : a.away > b.away ? 1 : 0))
    .map(({ peer }) => peer)
}
