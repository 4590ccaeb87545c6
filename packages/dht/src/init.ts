import type { ComponentLogger, Libp2pEvents, Metrics, PeerId, PeerStore, PrivateKey } from '@libp2p/interface'
import type { AddressManager, ConnectionManager, Registrar } from '@libp2p/interface-internal'
import type { Ping } from '@libp2p/ping'
import type { AdaptiveTimeoutInit } from '@libp2p/utils'
import { limits, minute } from '@vicinity/kademlia'
import type { TraceSink } from '@vicinity/kademlia'
import type { Datastore } from 'interface-datastore'
import type { TypedEventTarget } from 'main-event'
import { removePrivateAddressesMapper } from './addresses/mappers.ts'
import type { PeerInfoMapper } from './addresses/mappers.ts'
import type { ServerLimits } from './streams/index.ts'

/** The options of `@libp2p/kad-dht`, with its names and defaults. */
export interface KadDHTInit {
  /** Peers in a bucket, in an answer and in the result of a lookup. @default 20 */
  kBucketSize?: number
  /** Requests in flight for one lookup, whatever the number of paths. @default 10 */
  alpha?: number
  /**
   * `true`: a client for good. `false`: a server at once. Unset: a client that turns into a server when the node has
   * a public address, and back when it has none.
   */
  clientMode?: boolean
  /** @default '/ipfs/kad/1.0.0' */
  protocol?: string
  /** Which addresses of peers are believed. @default removePrivateAddressesMapper */
  peerInfoMapper?: PeerInfoMapper
  /**
   * Whether at most a few peers of one IPv4 /16 or IPv6 /32 are taken into the routing table and from one answer. A
   * function is asked whenever a peer is heard of. Not an option of `@libp2p/kad-dht`.
   * @default true with removePrivateAddressesMapper, else false
   */
  limitAddressGroups?: boolean | (() => boolean)
  /** Start queries with nobody to ask, which then end at once; otherwise they wait for a first peer. @default false */
  allowQueryWithZeroPeers?: boolean
  /** How often the node looks itself up, in milliseconds. @default 300_000 */
  querySelfInterval?: number
  /** @default 'libp2p:kad-dht' */
  logPrefix?: string
  /** Under which key the routing table is kept in the datastore. @default '/dht' */
  datastorePrefix?: string
  /** @default 'libp2p_kad_dht' */
  metricsPrefix?: string
  /** Streams that one peer may open to us. @default 32 */
  maxInboundStreams?: number
  /** Streams that we open on one connection. @default 64 */
  maxOutboundStreams?: number
  /** How long a request may take to be answered by us, in milliseconds: how long a stream may idle. @default 10_000 */
  incomingMessageTimeout?: number

  /** The bounds of the serving side, each with its default in `serverLimits`. Not an option of `@libp2p/kad-dht`. */
  serverLimits?: Partial<ServerLimits>

  /**
   * Called at each start of the DHT, for where to write a trace of everything it is told and decides until it stops: the
   * simulator replays it. A trace names the peers that were met, with their addresses, and what was looked for.
   * Not an option of `@libp2p/kad-dht`.
   */
  trace?: () => TraceSink

  // What `@libp2p/kad-dht` has beside these steers machinery that this DHT does not have: its table grows as deep as
  // it needs, checks peers by a query rather than a ping, and measures its own timeouts. They are accepted, so that
  // a configuration carries over, and a line in the log says that they change nothing.
  /** No effect: a lookup is one walk. */
  disjointPaths?: number
  /** No effect: buckets are by prefix length and never split. */
  kBucketSplitThreshold?: number
  /** No effect: the table's depth has no limit. */
  prefixLength?: number
  /** No effect: the engine bootstraps as soon as it knows a peer. */
  initialQuerySelfInterval?: number
  /** No effect. */
  pingOldContactTimeout?: Omit<AdaptiveTimeoutInit, 'metricsName' | 'metrics'>
  /** No effect. */
  pingOldContactConcurrency?: number
  /** No effect. */
  pingOldContactMaxQueueSize?: number
  /** No effect. */
  pingNewContactTimeout?: Omit<AdaptiveTimeoutInit, 'metricsName' | 'metrics'>
  /** No effect. */
  pingNewContactConcurrency?: number
  /** No effect. */
  pingNewContactMaxQueueSize?: number
  /** No effect. */
  routingTableUpdateQueueConcurrency?: number
  /** No effect. */
  routingTableUpdateMaxQueueSize?: number
  /** No effect. */
  networkDialTimeout?: Omit<AdaptiveTimeoutInit, 'metricsName' | 'metrics'>
  /** No effect. */
  onPeerConnectTimeout?: number
  /** No effect: this version neither stores nor looks for values. */
  validators?: Record<string, unknown>
  /** No effect: this version neither stores nor looks for values. */
  selectors?: Record<string, unknown>
  /** No effect: this version neither stores nor looks for providers. */
  providers?: object
  /** No effect: this version neither stores nor looks for providers. */
  reprovide?: object
}

/** What of libp2p the DHT works with. */
export interface KadDHTComponents {
  peerId: PeerId
  privateKey: PrivateKey
  registrar: Registrar
  addressManager: AddressManager
  peerStore: PeerStore
  metrics?: Metrics
  connectionManager: ConnectionManager
  datastore: Datastore
  events: TypedEventTarget<Libp2pEvents>
  logger: ComponentLogger
  ping: Ping
}

const defaults = {
  kBucketSize: limits.k,
  alpha: limits.alpha,
  protocol: '/ipfs/kad/1.0.0',
  peerInfoMapper: removePrivateAddressesMapper,
  allowQueryWithZeroPeers: false,
  querySelfInterval: 5 * minute,
  logPrefix: 'libp2p:kad-dht',
  datastorePrefix: '/dht',
  metricsPrefix: 'libp2p_kad_dht',
  maxInboundStreams: 32,
  maxOutboundStreams: 64,
  incomingMessageTimeout: 10_000
} as const satisfies KadDHTInit

/** The options with the defaults filled in. */
export type Settings = KadDHTInit & Required<Pick<KadDHTInit, keyof typeof defaults>>

/** An option that is given as `undefined` has its default too. */
export function settingsOf(init: KadDHTInit): Settings {
  const given = Object.fromEntries(Object.entries(init).filter(([, value]) => value !== undefined))
  return { ...defaults, ...given }
}

/** Options that change nothing here. */
export const inertOptions = [
  'disjointPaths',
  'kBucketSplitThreshold',
  'prefixLength',
  'initialQuerySelfInterval',
  'pingOldContactTimeout',
  'pingOldContactConcurrency',
  'pingOldContactMaxQueueSize',
  'pingNewContactTimeout',
  'pingNewContactConcurrency',
  'pingNewContactMaxQueueSize',
  'routingTableUpdateQueueConcurrency',
  'routingTableUpdateMaxQueueSize',
  'networkDialTimeout',
  'onPeerConnectTimeout',
  'validators',
  'selectors',
  'providers',
  'reprovide'
] as const satisfies ReadonlyArray<keyof KadDHTInit>
