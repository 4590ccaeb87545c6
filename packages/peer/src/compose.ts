/**
 * libp2p as a Universal Connectivity peer needs it: transports, encryption, muxing, services, and limits that fit.
 */
import { noise } from '@libp2p/noise'
import { identify, identifyPush } from '@libp2p/identify'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Libp2p, MultiaddrConnection, PeerInfo } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import type { Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Libp2pOptions } from 'libp2p'
import { chatDht } from './dht.ts'
import type { KadDHT } from './dht.ts'
import { chatPubSub } from './gossip.ts'
import type { UnsignedMessage } from './gossip.ts'
import { encrypterOnDemand, transportOnDemand } from './on-demand.ts'
import type { PeerOptions } from './options.ts'
import { transportOf } from './transports.ts'
import type { TransportName } from './transports.ts'

export type PeerServices = {
  dht: KadDHT
  pubsub: GossipSub
  identify: unknown
  identifyPush: unknown
  ping: Ping
}

/** What happens inside the composition that libp2p has no event for. */
export interface CompositionHooks {
  /** A connection arrived; whether it comes to anything is not yet known. */
  incoming(connection: MultiaddrConnection): void
  /** Multicast DNS found a peer of the local network. */
  discovered(peer: PeerInfo): void
  unsigned(message: UnsignedMessage): void
}

type Transports = NonNullable<Libp2pOptions['transports']>
type TransportFactory = Transports[number]

/** Bootstrap addresses, and all others, are forgotten after this time unless they are heard of again. */
const addressAgeMs = 3_600_000

/**
 * The credit of a QUIC stream that the other side closed comes back only when its object is garbage-collected, so the
 * default of 256 stops a peer that opens a stream for each request after as many requests.
 */
const quicStreams = 100_000

/** A stopped libp2p node; importing what its listening addresses need, and nothing more. */
export async function compose(options: PeerOptions, hooks: CompositionHooks): Promise<Libp2p<PeerServices>> {
  return await createLibp2p<PeerServices>({
    start: false,
    privateKey: options.privateKey,
    nodeInfo: { userAgent: options.agent },
    addresses: { listen: options.listen.map(address => address.toString()) },
    transports: await transportsFor(options),
    connectionEncrypters: [noise(), encrypterOnDemand('/tls/1.0.0', async () => (await import('@libp2p/tls')).tls())],
    streamMuxers: [yamux()],
    // A crowd behind one address (a classroom, a test on loopback) is not an attack; the limits that count are those of
    // connections, streams and frames.
    connectionManager: { inboundConnectionThreshold: 256, maxIncomingPendingConnections: 256 },
    connectionGater: {
      denyInboundConnection: connection => {
        hooks.incoming(connection)
        return false
      }
    },
    peerStore: { maxAddressAge: addressAgeMs, maxPeerAge: addressAgeMs },
    peerDiscovery: options.mdns ? [await multicastDns(hooks)] : [],
    services: {
      identify: components => tellVersion(identify()(components), options.identifyProtocol),
      identifyPush: components => tellVersion(identifyPush()(components), options.identifyProtocol),
      // The connection monitor pings too, and each counts against the streams of the protocol.
      ping: ping({ maxInboundStreams: 8, maxOutboundStreams: 8 }),
      pubsub: chatPubSub(options.unsigned, message => hooks.unsigned(message)),
      dht: chatDht(options)
    }
  })
}

/** TCP at once; each other transport at once if an address to listen on asks for it, otherwise when first dialled. */
async function transportsFor(options: PeerOptions): Promise<Transports> {
  const wanted = new Set(options.listen.map(transportOf))
  const others = Object.entries(loaders) as Array<[Exclude<TransportName, 'tcp'>, () => Promise<TransportFactory>]>

  return [
    tcp(),
    ...(await Promise.all(others.map(async ([name, load]) => (wanted.has(name) ? load() : transportOnDemand(name, load)))))
  ]
}

const loaders: Readonly<Record<Exclude<TransportName, 'tcp'>, () => Promise<TransportFactory>>> = {
  quic: async () => (await import('@chainsafe/libp2p-quic')).quic({ maxConcurrentStreamLimit: quicStreams }),
  websocket: async () => (await import('@libp2p/websockets')).webSockets(),
  'webrtc-direct': async () => (await import('@libp2p/webrtc')).webRTCDirect()
}

async function multicastDns(hooks: CompositionHooks): Promise<NonNullable<Libp2pOptions['peerDiscovery']>[number]> {
  const { mdns } = await import('@libp2p/mdns')
  const create = mdns()

  return components => {
    const service = create(components)
    service.addEventListener('peer', ({ detail }) => hooks.discovered(detail))
    return service
  }
}

/**
 * Identify makes its protocol version of a prefix and a number of its own; the checkpoints ask for another, which only
 * its host record, read for every answer, can be told.
 */
function tellVersion<T extends object>(service: T, protocolVersion: string): T {
  const host = 'host' in service ? service.host : undefined
  if (typeof host !== 'object' || host === null || !('protocolVersion' in host)) {
    throw new TypeError('this version of @libp2p/identify keeps its protocol version elsewhere')
  }

  host.protocolVersion = protocolVersion
  return service
}
