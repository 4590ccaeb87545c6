import type { PeerInfo } from '../contact.ts'
import { keyEquals } from '../key.ts'
import type { Key } from '../key.ts'

/**
 * The peers around a key, of the nearest k that a lookup found: all but the one that is itself at the key, whose place
 * says nothing of how many others there are. `undefined` when there is nobody, or fewer than k were found, so that
 * perhaps not all were.
 */
export function neighbours(key: Key, closest: readonly PeerInfo[], k: number): readonly PeerInfo[] | undefined {
  const [first] = closest
  if (first === undefined || closest.length < k) {
    return undefined
  }

  const others = keyEquals(first.contact.key, key) ? closest.slice(1) : closest
  return others.length > 0 ? others : undefined
}
