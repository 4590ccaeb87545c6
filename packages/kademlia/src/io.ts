/**
 * Everything that enters and leaves the root machine.
 *
 * Whoever emits a thing mints its id: the driver mints `op` and `call`, the machine `rpc` and `io`. Every start has
 * exactly one `finished`; every `send` has exactly one ending, which the driver reports (`response`, `failure`) unless
 * the machine took it back (`abandon`); inputs for ids that ended are ignored.
 */
import type { Mode } from './config.ts'
import type { Addresses, Contact, PeerInfo, Target } from './contact.ts'
import type { LookupResult } from './lookup/lookup.ts'
import type { Op } from './lookup/pool.ts'
import type { Request, Response } from './messages.ts'
import type { Rpc } from './requests.ts'
import type { Millis, WallMillis } from './time.ts'
import type { Prefix } from './upkeep/refresh.ts'

/** The id of an inbound request; minted by the driver. */
export type Call = number
/** The id of something asked of the driver that is no request to a peer; minted by the machine. */
export type Io = number

export interface LookupOptions {
  /** When it ends with what it has; the config's `queryTimeout` unless said. */
  readonly timeout?: Millis
  /** Wait for a first peer instead of ending at once with nothing. */
  readonly awaitPeers?: boolean
  /** Over how many disjoint paths; the config's `disjointPaths` unless said. */
  readonly disjointPaths?: number
}

export type Operation =
  /** The k peers nearest to a target. */
  | ({ readonly type: 'closest'; readonly target: Target } & LookupOptions)
  /** One peer's addresses. */
  | ({ readonly type: 'findPeer'; readonly contact: Contact } & LookupOptions)
  /** A self-lookup and a refresh of all buckets; joins the one that runs. */
  | { readonly type: 'bootstrap' }
  /** A refresh of all buckets; joins the one that runs. */
  | { readonly type: 'refresh' }

export type Outcome =
  /** Of `closest` and `findPeer`. */
  | { readonly type: 'lookup'; readonly result: LookupResult }
  /** Of `bootstrap` and `refresh`; for a bootstrap `contacts` is how many of the peers nearest to us answered. */
  | { readonly type: 'upkeep'; readonly kind: 'bootstrap' | 'refresh'; readonly contacts: number }
  | { readonly type: 'refused'; readonly reason: 'full' | 'stopped' | 'cancelled' }

/**
 * Why a request had no answer. `unsupported`: the peer does not speak the protocol. `malformed`: it answered with what
 * is no answer. `local`: our own doing, which counts against nobody.
 */
export type FailureReason = 'dial' | 'unsupported' | 'reset' | 'malformed' | 'local'

/** A peer of a saved table. */
export interface SavedEntry {
  readonly peer: PeerInfo
  readonly heard: WallMillis
  readonly roundTrip: Millis
}

/**
 * What the driver knows of a peer. `connected`: a connection opened, whatever the peer speaks. `serving`: it has said
 * that it answers this protocol. `not-serving`: it has said that it does not, or not any longer. `disconnected`:
 * its last connection closed, which by itself evicts nobody. `readdressed`: it has new addresses.
 */
export type PeerState = 'connected' | 'serving' | 'not-serving' | 'disconnected' | 'readdressed'

/** Somebody asks us. */
export interface InboundRequest {
  readonly type: 'request'
  readonly call: Call
  readonly from: Contact
  readonly message: Request
}

export type KademliaInput =
  | { readonly type: 'tick' }
  /** What wall-clock time our monotonic zero stands for: at the start, and again when the system clock jumps. */
  | { readonly type: 'clock'; readonly wallAtZero: WallMillis }
  /** Our own addresses, for those who look for us. */
  | { readonly type: 'self'; readonly addresses: Addresses }
  | { readonly type: 'mode'; readonly mode: Mode }
  | { readonly type: 'restore'; readonly entries: readonly SavedEntry[] }
  | { readonly type: 'stop' }
  | { readonly type: 'start'; readonly op: Op; readonly operation: Operation }
  | { readonly type: 'cancel'; readonly op: Op }
  /** Dialled and negotiated: the adaptive timeout starts. */
  | { readonly type: 'opened'; readonly rpc: Rpc }
  | { readonly type: 'response'; readonly rpc: Rpc; readonly message: Response }
  | { readonly type: 'failure'; readonly rpc: Rpc; readonly reason: FailureReason }
  | InboundRequest
  | { readonly type: 'peer'; readonly peer: PeerInfo; readonly state: PeerState }
  /** The preimage that was asked for, with its key. */
  | { readonly type: 'targeted'; readonly io: Io; readonly target: Target }

/** What a lookup does, as it does it. `path` counts its candidates: not asked yet, being asked, all. */
export type ProgressEvent =
  | { readonly type: 'asked'; readonly peer: PeerInfo; readonly path: PathCounts }
  | { readonly type: 'answered'; readonly peer: PeerInfo; readonly closer: readonly PeerInfo[]; readonly path: PathCounts }
  | { readonly type: 'late'; readonly peer: PeerInfo; readonly path: PathCounts }
  | { readonly type: 'failed'; readonly peer: PeerInfo; readonly reason: FailureReason | 'timeout'; readonly path: PathCounts }

export interface PathCounts {
  readonly queued: number
  readonly running: number
  readonly total: number
}

export type KademliaOutput =
  | { readonly type: 'send'; readonly rpc: Rpc; readonly op: Op | undefined; readonly to: PeerInfo; readonly message: Request }
  /** Nobody waits for this request any more. */
  | { readonly type: 'abandon'; readonly rpc: Rpc }
  | { readonly type: 'reply'; readonly call: Call; readonly message: Response }
  /** No answer: `client` while we do not serve, `unsupported` for what is not implemented. */
  | { readonly type: 'refuse'; readonly call: Call; readonly reason: 'client' | 'unsupported' | 'stopped' }
  /** Read and obeyed or ignored; the protocol has no answer for it. */
  | { readonly type: 'silence'; readonly call: Call }
  /** A preimage of a random key with this prefix is wanted. */
  | { readonly type: 'target'; readonly io: Io; readonly prefix: Prefix }
  | {
      readonly type: 'upkeep'
      readonly kind: 'bootstrap' | 'refresh'
      readonly phase: 'began' | 'ended'
      readonly contacts: number
    }
  | { readonly type: 'table'; readonly change: 'added' | 'removed'; readonly peer: PeerInfo }
  | { readonly type: 'progress'; readonly op: Op; readonly event: ProgressEvent }
  | { readonly type: 'finished'; readonly op: Op; readonly outcome: Outcome }

/** Whether an input changes only what we know: no machine has anything to do or to say because of it. */
export function isInert(input: KademliaInput): boolean {
  switch (input.type) {
    case 'clock':
    case 'self':
    case 'mode':
    case 'opened':
    case 'request':
      return true
    case 'peer':
      return input.state === 'connected' || input.state === 'disconnected'
    default:
      return false
  }
}
