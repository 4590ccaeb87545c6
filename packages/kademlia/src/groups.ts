import type { PeerInfo } from './contact.ts'
import { limits } from './limits.ts'

/** An answer without the address groups that have too many peers in it: one operator's crowd, not a sample. */
export function spread(closer: readonly PeerInfo[]): readonly PeerInfo[] {
  // bounded by limits.closerPeersRead × limits.addressesStored
  const counts = new Map<number, number>()
  for (const peer of closer) {
    // bounded by limits.addressesStored
    for (const group of new Set(peer.groups)) {
      counts.set(group, (counts.get(group) ?? 0) + 1)
    }
  }

  return closer.filter(peer => peer.groups.every(group => (counts.get(group) ?? 0) <= limits.groupPerReply))
}
