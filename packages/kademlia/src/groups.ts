import type { PeerInfo } from './contact.ts'
import { limits } from './limits.ts'

/**
 * An answer without the address groups that have too many peers in it: one operator's crowd, not a sample. Which groups a peer
 * is in is hearsay here, so one that claims to be everywhere is left out, and counts against nobody.
 */
export function spread(closer: readonly PeerInfo[]): readonly PeerInfo[] {
  const plausible = closer.filter(isPlausible)
  // bounded by limits.closerPeersRead × limits.groupsPerPeer
  const counts = new Map<number, number>()
  for (const peer of plausible) {
    // bounded by limits.groupsPerPeer
    for (const group of new Set(peer.groups)) {
      counts.set(group, (counts.get(group) ?? 0) + 1)
    }
  }

  return plausible.filter(peer => peer.groups.every(group => (counts.get(group) ?? 0) <= limits.groupPerReply))
}

/** Whether a peer may be in all the address groups that it, or others, say it is in. */
export function isPlausible(peer: PeerInfo): boolean {
  return peer.groups.length <= limits.groupsPerPeer
}
