import type { PeerInfo } from '../contact.ts'
import type { Millis } from '../time.ts'

/** What a table knows of one of its peers, as handed to the policies. Times are on the machine's monotonic clock. */
export interface Entry {
  readonly peer: PeerInfo
  /** When it last answered us. */
  readonly heard: Millis
  /** When it was last probed; `-Infinity` if never. */
  readonly tried: Millis
  /** Its last round trip, 0 when unmeasured. */
  readonly roundTrip: Millis
  /** Failed queries since it last answered. */
  readonly failures: number
}
