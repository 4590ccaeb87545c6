import { limits, minute, second } from '@vicinity/kademlia'
import type { Millis } from '@vicinity/kademlia'

/** How fast a bucket of tokens fills, and how many it holds. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** Bounds of the streams that others open to us. */
export interface ServerLimits {
  /** Streams of one peer, over all its connections. */
  readonly streamsPerPeer: number
  /** Streams of everybody. */
  readonly streams: number
  /** Bytes of one request without its length. */
  readonly frameBytes: number
  /** Bytes that may wait unread in a stream while we do not read it. */
  readonly readAheadBytes: number
  /** A stream that completes no request for so long is ended. */
  readonly idle: Millis
  /** A stream is ended when it is this old … */
  readonly age: Millis
  /** … or has been served so many requests. */
  readonly messages: number
  /** How long the asker has to close its side once we have closed ours. */
  readonly linger: Millis
  /** How long a stream may be held back by a rate before it is reset. */
  readonly throttle: Millis
  /** Rates of one peer: of ADD_PROVIDER, and of all other requests. */
  readonly requests: Rate
  readonly provides: Rate
  /** What an IPv4 /16 or IPv6 /32 may do, as a multiple of what one peer may. */
  readonly groupFactor: number
  /** Peers, and address groups, whose use of the rates is remembered. */
  readonly budgets: number
}

export const serverLimits: ServerLimits = {
  // js-libp2p opens 64 to a peer at most, go and rust one or a few; a lookup never needs more than one
  streamsPerPeer: 32,
  streams: 512,
  frameBytes: limits.requestFrameBytes,
  // two of the largest frames; what a peer sends ahead of that could not be answered at its rate within `throttle`
  readAheadBytes: 2 * limits.requestFrameBytes,
  idle: 10 * second,
  age: 5 * minute,
  messages: 1_000,
  linger: 5 * second,
  throttle: 10 * second,
  // some 30 requests make a lookup, of which one peer sees at most one; reprovides come in bursts
  requests: { perSecond: 20, burst: 100 },
  provides: { perSecond: 50, burst: 1_000 },
  groupFactor: 4,
  // far above the streams and connections that a node keeps, since a budget outlives its streams by seconds only
  budgets: 4_096
}

/** Bounds of the streams that we open to others. */
export interface PoolLimits {
  /** Streams to one peer, whatever they are doing. */
  readonly streamsPerPeer: number
  /** Unused streams kept for one peer beyond `surplus`, and for all peers at any time. */
  readonly idlePerPeer: number
  readonly idleStreams: number
  /** Requests to one peer that may wait for a stream. */
  readonly waitingPerPeer: number
  /** An unused stream is closed after so long; one above `idlePerPeer` after `surplus`. */
  readonly idle: Millis
  readonly surplus: Millis
  /** Dialling and negotiating in all. */
  readonly open: Millis
  /** How long the other side has to close a stream that we have closed. */
  readonly linger: Millis
  /** Addresses of one peer that are tried. */
  readonly addressesDialled: number
  /** Peers that are remembered to serve one request a stream, and for how long. */
  readonly oneShotPeers: number
  readonly oneShot: Millis
}

export const poolLimits: PoolLimits = {
  // a stock js-libp2p server takes 32 a connection and resets the rest, some of ours perhaps not yet closed there
  streamsPerPeer: 24,
  idlePerPeer: 4,
  idleStreams: 256,
  waitingPerPeer: 1_024,
  // others end an idle stream after 10 s (js) to 60 s (go): we are first, so that a request rarely meets a dead one
  idle: 5 * second,
  surplus: 1 * second,
  open: limits.abandonAfter,
  linger: 10 * second,
  addressesDialled: limits.addressesDialled,
  oneShotPeers: 1_000,
  oneShot: 10 * minute
}

/** How often streams are looked at: what a limit in seconds may be late by. */
export const sweepInterval: Millis = 1 * second

/**
 * What `maxConcurrentStreamLimit` of `@chainsafe/libp2p-quic` must be on every node that is asked over QUIC: it is the
 * accepting side's, whoever dialled, and says how many streams the other side may have open at once.
 *
 * In 2.1 a stream that the other side reset, or told us to stop sending on (go does when it closes), keeps its place
 * until its JavaScript object is collected, since finishing a stopped stream does nothing there and nothing else lets go
 * of it. When all places are taken the other side cannot open another, nothing is allocated, and nothing is ever
 * collected. With the default of 256, peers that reset each stream were stuck after 750 requests on one connection; with
 * 1,024 after 3,000; with 4,096 after 10,000. Streams closed on both sides give their place back at once.
 * Each place costs 55 to 65 bytes per connection from the start: 4,096 cost 0.26 MB and 100,000 cost 5.4 MB.
 */
export const quicStreamLimit = 4_096
