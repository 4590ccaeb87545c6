import type { PeerInfo } from './contact.ts'
import type { SavedEntry } from './io.ts'
import { limits } from './limits.ts'
import type { Millis, WallMillis } from './time.ts'

export type Restored =
  /** It answered not long ago, and is believed: it will be probed in its turn. */
  | { readonly type: 'restored'; readonly peer: PeerInfo; readonly heard: Millis; readonly roundTrip: Millis }
  /** It answered longer ago than that. */
  | { readonly type: 'candidate'; readonly peer: PeerInfo }

/** What a saved table is worth now. A clock that was set back since makes no entry younger than now. */
export function restore(entries: readonly SavedEntry[], now: Millis, wallAtZero: WallMillis): Restored[] {
  return entries.slice(0, limits.restoredEntries).map(({ peer, heard, roundTrip }) => {
    const at = Math.min(now, heard - wallAtZero)
    return now - at <= limits.restoreTrust ? { type: 'restored', peer, heard: at, roundTrip } : { type: 'candidate', peer }
  })
}
