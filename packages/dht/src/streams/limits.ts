import { limits, minute, second } from '@vicinity/kademlia'
import type { Millis } from '@vicinity/kademlia'

/** How fast a bucket of tokens fills, and how many it holds. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** Bounds of the streams that others open to us. */
export interface ServerLimits {
  /** Streams of one peer, over all its connections: js-libp2p opens 64 at most, go and rust a few. A lookup needs one. */
  readonly streamsPerPeer: number
  /** Streams of everybody. */
  readonly streams: number
  /** Bytes of one request without its length. */
  readonly frameBytes: number
  /** Unread bytes of a stream: two of the largest frames. Bytes beyond that could not be answered within `throttle`. */
  readonly readAheadBytes: number
  /** A stream that completes no request for so long is ended. */
  readonly idle: Millis
  /** A stream is ended at this age. */
  readonly age: Millis
  /** A stream is ended after this many requests. */
  readonly messages: number
  /** How long the asker has to close its side once we have closed ours. */
  readonly linger: Millis
  /** How long a stream may be held back by a rate before it is reset. */
  readonly throttle: Millis
  /** Requests of one peer, without ADD_PROVIDER: a lookup makes some 30, and one peer sees one of them. */
  readonly requests: Rate
  /** ADD_PROVIDER of one peer: reprovides come in bursts. */
  readonly provides: Rate
  /** What an IPv4 /16 or IPv6 /32 may do, as a multiple of what one peer may. */
  readonly groupFactor: number
  /** Peers, and address groups, whose rates are remembered: a budget outlives its streams by seconds only. */
  readonly budgets: number
}

export const serverLimits: ServerLimits = {
  streamsPerPeer: 32,
  streams: 512,
  frameBytes: limits.requestFrameBytes,
  readAheadBytes: 2 * limits.requestFrameBytes,
  idle: 10 * second,
  age: 5 * minute,
  messages: 1_000,
  linger: 5 * second,
  throttle: 10 * second,
  requests: { perSecond: 20, burst: 100 },
  provides: { perSecond: 50, burst: 1_000 },
  groupFactor: 4,
  budgets: 4_096
}

/** Bounds of the streams that we open to others. */
export interface PoolLimits {
  /** Streams to one peer: a stock js-libp2p server takes 32 a connection, some of which may still be closing. */
  readonly streamsPerPeer: number
  /** Unused streams that are kept for one peer beyond `surplus`. */
  readonly idlePerPeer: number
  /** Unused streams that are kept for all peers. The one that is idle for longest is closed first. */
  readonly idleStreams: number
  /** Requests to one peer that may wait for a stream. */
  readonly waitingPerPeer: number
  /** An unused stream is closed after this time: other implementations end theirs after 10 s (js) to 60 s (go). */
  readonly idle: Millis
  /** An unused stream above `idlePerPeer` is closed after this time. */
  readonly surplus: Millis
  /** Dialling and negotiating in all. */
  readonly open: Millis
  /** How long the other side has to close a stream that we have closed. */
  readonly linger: Millis
  /** Addresses of one peer that are tried. */
  readonly addressesDialled: number
  /** Peers that are remembered to serve one request a stream. The oldest is forgotten first. */
  readonly oneShotPeers: number
  /** A peer is remembered for this time to serve one request a stream. */
  readonly oneShot: Millis
}

export const poolLimits: PoolLimits = {
  streamsPerPeer: 24,
  idlePerPeer: 4,
  idleStreams: 256,
  waitingPerPeer: 1_024,
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
 * `maxConcurrentStreamLimit` of `@chainsafe/libp2p-quic` on a node that serves requests over QUIC. The value of the
 * accepting side bounds the open streams of the other side, whichever side dialled.
 *
 * In 2.1 a stream that the other side reset, or told us to stop sending on (go does when it closes), keeps its place
 * until its JavaScript object is collected, since finishing a stopped stream does nothing there and nothing else lets go
 * of it. When all places are taken the other side cannot open another, nothing is allocated, and nothing is ever
 * collected. With the default of 256, peers that reset each stream were stuck after 750 requests on one connection; with
 * 1,024 after 3,000; with 4,096 after 10,000. Streams closed on both sides give their place back at once.
 * Each place costs 55 to 65 bytes per connection from the start: 4,096 cost 0.26 MB and 100,000 cost 5.4 MB.
 */
export const quicStreamLimit = 4_096
