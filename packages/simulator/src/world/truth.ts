/**
 * Keys and distances for whoever says what is true: that must not be worked out by the code that is judged, so these share
 * nothing with the engine's. Keys are 256 bits in eight words, the most significant first.
 */
import type { Key } from '@vicinity/kademlia'

/** Bit `at` of a key, from the most significant, which is bit 0. */
export function bitOf(key: Key, at: number): number {
  return ((key[Math.floor(at / 32)] as number) >>> (31 - (at % 32))) & 1
}

/** Below 0 if the first key is the lesser as a number, above 0 if it is the greater. */
export function compareKeys(a: Key, b: Key): number {
  const at = a.findIndex((word, i) => word !== b[i])
  return at === -1 ? 0 : (a[at] as number) - (b[at] as number)
}

/** Below 0 if the first key is nearer to a target than the second, above 0 if it is farther away. */
export function compareNearness(target: Key, a: Key, b: Key): number {
  let difference = 0
  for (let i = 0; i < target.length && difference === 0; i++) {
    const word = target[i] as number
    difference = ((word ^ (a[i] as number)) >>> 0) - ((word ^ (b[i] as number)) >>> 0)
  }

  return difference
}
