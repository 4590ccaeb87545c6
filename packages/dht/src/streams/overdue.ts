import { unreachable } from '@vicinity/kademlia'
import type { Millis } from '@vicinity/kademlia'
import type { ResetReason } from './errors.ts'
import type { ServerLimits } from './limits.ts'

/**
 * - `reading`: waiting for the rest of a request. Left with each request, and for `closing` when the asker has closed
 *   its side or the stream has been served enough.
 * - `throttled`: a request is decoded, but its rate is used up. Left when there are tokens again.
 * - `answering`: the handler promised an answer. Left when it comes.
 * - `draining`: the transport did not take the last answer whole. Left when it has.
 * - `closing`: our side is closed, the asker's perhaps not yet. What still comes is dropped.
 * - `ended`: closed, reset, or lost with its connection. Final.
 *
 * Only `reading` looks at requests. In the others what arrives first is kept and the stream is paused: the next bytes
 * stay with the asker (yamux) or in the stream's bounded buffer (QUIC, which libp2p cannot pause).
 */
export type ServedState = 'reading' | 'throttled' | 'answering' | 'draining' | 'closing' | 'ended'

/** How long a stream has been what it is. */
export interface Ages {
  readonly state: ServedState
  /** Since it was opened. */
  readonly age: Millis
  /** Since the state was entered, the last answer sent, or the request begun that is not yet complete. */
  readonly waited: Millis
  /** Since it went above its rate without ever catching up; 0 when it has. */
  readonly throttled: Millis
  /** Whether the beginning of a request is here. */
  readonly unfinished: boolean
}

/** `retire` closes a stream that is well, so that a requester opens a new one; the others reset it. */
export type Overdue = 'retire' | { readonly reason: ResetReason; readonly message: string }

/** What has gone on for too long on a stream, if anything has. */
export function overdue({ state, age, waited, throttled, unfinished }: Ages, limits: ServerLimits): Overdue | undefined {
  switch (state) {
    case 'reading':
      if (waited >= limits.idle) {
        return unfinished ? { reason: 'stalled', message: 'the peer does not finish its request' } : 'retire'
      }

      return age >= limits.age ? 'retire' : undefined
    case 'throttled':
      return throttled >= limits.throttle
        ? { reason: 'throttled', message: 'the peer asks more than its rate allows' }
        : undefined
    case 'answering':
      return age >= limits.age ? { reason: 'refused', message: 'no answer was found in time' } : undefined
    case 'draining':
      return waited >= limits.idle ? { reason: 'stalled', message: 'the peer does not take its answer' } : undefined
    case 'closing':
      return waited >= limits.linger ? { reason: 'stalled', message: 'the peer does not close its side' } : undefined
    case 'ended':
      return undefined
    default:
      return unreachable(state)
  }
}
