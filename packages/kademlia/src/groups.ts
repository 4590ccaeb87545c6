import type { PeerInfo } from './contact.ts'
import { limits } from './limits.ts'

/** An answer without the address groups that have too many peers in it: one operator's crowd, not a sample. */
export function spread(closer: readonly PeerInfo[]): readonly PeerInfo[] {
  const counts = new Map<number, number>() // bounded by limits.closerPeersRead × limits.addressesStored
  for (const peer of closer) {
    for (const group of new Set(peer.groups)) {
      // bounded by limits.addressesStored
      counts.set(group, (counts.get(group) ?? 0) + 1)
    }
  }

  return closer.filter(peer => peer.groups.every(group => (counts.get(group) ?? 0) <= limits.groupPerReply))
}
