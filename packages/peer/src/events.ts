import type { PayloadFormat } from './options.ts'
import type { PayloadKind } from './payload/payload.ts'

/**
 * Everything a peer reports, as plain data: ids and addresses are text, so that an event is a line of JSON as it is.
 * Text that came from another peer (`text`, `agent`, `reason`, `topic`) is what that peer sent, unescaped:
 * whoever prints it escapes it (`escapeRemote`).
 */
export type PeerEvent =
  // The start, in this order.
  | { readonly type: 'starting'; readonly peer: string; readonly agent: string }
  | { readonly type: 'listening'; readonly address: string }
  | { readonly type: 'bootstrap-adding'; readonly address: string }
  /** `attempt` counts from 1; the next one follows after `retryMs`. */
  | {
      readonly type: 'bootstrap-failed'
      readonly address: string
      readonly reason: string
      readonly attempt: number
      readonly retryMs: number
    }
  | {
      readonly type: 'dial-failed'
      readonly address: string
      readonly reason: string
      readonly attempt: number
      readonly retryMs: number
    }
  | { readonly type: 'subscribed'; readonly topic: string }
  | { readonly type: 'dht-started'; readonly protocol: string }
  | { readonly type: 'bootstrap-started' }
  /** `contacts` is how many peers were found nearest to us. */
  | { readonly type: 'bootstrap-done'; readonly contacts: number }
  | { readonly type: 'bootstrap-error'; readonly reason: string }
  | { readonly type: 'started' }

  // Connections. One `connected` and one `closed` a peer, however many connections it has at once.
  | { readonly type: 'incoming'; readonly local: string; readonly remote: string }
  | { readonly type: 'connected'; readonly peer: string; readonly address: string; readonly direction: 'inbound' | 'outbound' }
  | { readonly type: 'closed'; readonly peer: string }
  | {
      readonly type: 'identify'
      readonly peer: string
      readonly protocolVersion: string
      readonly agent: string
      readonly protocols: readonly string[]
    }
  | { readonly type: 'ping'; readonly peer: string; readonly ms: number }
  | { readonly type: 'ping-failed'; readonly peer: string; readonly reason: string }

  // Discovery.
  | { readonly type: 'routing-update'; readonly peer: string; readonly change: 'added' | 'removed'; readonly size: number }
  /** A self-lookup ended: how many peers it found nearest to us. */
  | { readonly type: 'closest-peers'; readonly count: number }

  // Chat.
  | { readonly type: 'peer-subscribed'; readonly peer: string; readonly topic: string }
  | { readonly type: 'peer-unsubscribed'; readonly peer: string; readonly topic: string }
  | { readonly type: 'greeted'; readonly peers: readonly string[] }
  /** `from` is the verified signer, never what the payload claims; of a message that nobody signed it is `null`. */
  | {
      readonly type: 'message'
      readonly from: string | null
      readonly signed: boolean
      readonly topic: string
      readonly kind: PayloadKind
      readonly text: string
      readonly format: PayloadFormat
    }
  /** Messages of one signer in the last second that were above its rate; `from` is `null` for those that nobody signed. */
  | { readonly type: 'messages-left-out'; readonly from: string | null; readonly count: number }
  | { readonly type: 'undecodable'; readonly from: string | null; readonly topic: string; readonly reason: string }

  // The end.
  | { readonly type: 'stopping' }
  | { readonly type: 'stopped' }

export type PeerListener = (event: PeerEvent) => void
