/**
 * libp2p as a Universal Connectivity peer needs it: transports, encryption, muxing, services, and limits that fit.
 */
import { noise } from '@libp2p/noise'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Libp2p, MultiaddrConnection, PeerInfo, Stream } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import type { Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Libp2pOptions } from 'libp2p'
import { chatDht } from './dht.ts'
import { connectionOptions, Guard, yamuxOptions } from './guard/guard.ts'
import type { Usefulness } from './guard/admission.ts'
import { quicOptions } from './guard/quic.ts'
import type { KadDHT } from './dht.ts'
import { chatPubSub } from './gossip.ts'
import type { UnsignedMessage } from './gossip.ts'
import { echo } from './echo.ts'
import { boundedIdentify, boundedIdentifyPush } from './identify.ts'
import { limitMultiaddrs } from './multiaddr-limits.ts'
import { encrypterOnDemand, transportOnDemand } from './on-demand.ts'
import type { PeerOptions } from './options.ts'
import { wrap } from './guard/wrap.ts'
import { transportOf } from './transports.ts'
import type { TransportName } from './transports.ts'

export type PeerServices = {
  dht: KadDHT
  pubsub: GossipSub
  identify: unknown
  identifyPush: unknown
  ping: Ping
  guard: unknown
}

/** What happens inside the composition that libp2p has no event for. */
export interface CompositionHooks {
  /** A connection arrived; whether it comes to anything is not yet known. */
  incoming(connection: MultiaddrConnection): void
  /** Multicast DNS found a peer of the local network. */
  discovered(peer: PeerInfo): void
  unsigned(message: UnsignedMessage): void
  /** How useful a peer is, which decides whose connection makes room for another. */
  usefulness(peer: string): Usefulness
}

type Transports = NonNullable<Libp2pOptions['transports']>
type TransportFactory = Transports[number]

/** Bootstrap addresses, and all others, are forgotten after this time unless they are heard of again. */
const addressAgeMs = 3_600_000

/** Ping streams of one connection, in each direction: the connection monitor pings too, and each ping counts. */
const pingStreamsMax = 8

/** A stopped libp2p node; importing what its listening addresses need, and nothing more. */
export async function compose(options: PeerOptions, hooks: CompositionHooks): Promise<Libp2p<PeerServices>> {
  limitMultiaddrs()
  const guard = new Guard(hooks)
  return await createLibp2p<PeerServices>({
    start: false,
    privateKey: options.privateKey,
    nodeInfo: { userAgent: options.agent },
    addresses: { listen: options.listen.map(address => address.toString()) },
    transports: await transportsFor(options, guard),
    connectionEncrypters: [noise(), encrypterOnDemand('/tls/1.0.0', async () => (await import('@libp2p/tls')).tls())],
    streamMuxers: [() => guard.connections.muxer(yamux(yamuxOptions)())],
    connectionManager: connectionOptions,
    connectionGater: guard.gater(connection => hooks.incoming(connection)),
    peerStore: { maxAddressAge: addressAgeMs, maxPeerAge: addressAgeMs },
    peerDiscovery: options.mdns ? [await multicastDns(hooks)] : [],
    services: {
      identify: boundedIdentify(options.identifyProtocol),
      identifyPush: boundedIdentifyPush(options.identifyProtocol),
      ping: components =>
        answerPings(ping({ maxInboundStreams: pingStreamsMax, maxOutboundStreams: pingStreamsMax })(components)),
      pubsub: chatPubSub(options.unsigned, {
        unsigned: message => hooks.unsigned(message),
        cutOff: peer => guard.admission.ban(peer)
      }),
      dht: chatDht(options),
      guard: components => guard.service(components)
    }
  })
}

/** TCP at once; each other transport at once if an address to listen on asks for it, otherwise when first dialled. */
async function transportsFor(options: PeerOptions, guard: Guard): Promise<Transports> {
  const wanted = new Set(options.listen.map(transportOf))
  const others = Object.entries(loaders) as Array<[Exclude<TransportName, 'tcp'>, () => Promise<TransportFactory>]>
  const factories = [
    tcp(),
    ...(await Promise.all(others.map(async ([name, load]) => (wanted.has(name) ? load() : transportOnDemand(name, load)))))
  ]

  return factories.map(factory => components => guard.connections.transport(factory(components)))
}

const loaders: Readonly<Record<Exclude<TransportName, 'tcp'>, () => Promise<TransportFactory>>> = {
  quic: async () => (await import('@chainsafe/libp2p-quic')).quic(quicOptions),
  websocket: async () => {
    const [{ webSockets }, { guardWebSockets }] = await Promise.all([
      import('@libp2p/websockets'),
      import('./guard/websocket.ts')
    ])
    return components => guardWebSockets(webSockets()(components))
  },
  'webrtc-direct': async () => {
    const [{ webRTCDirect }, { guardWebRtc }] = await Promise.all([import('@libp2p/webrtc'), import('./guard/webrtc.ts')])
    return components => guardWebRtc(webRTCDirect()(components))
  }
}

/** The library's own answers end a stream after 10 s, however well it is used, and keep all that a peer sends ahead. */
function answerPings(service: Ping): Ping {
  wrap(service as unknown as { handlePing(stream: Stream): Promise<void> }, 'handlePing', () => async stream => {
    echo(stream)
  })
  return service
}

async function multicastDns(hooks: CompositionHooks): Promise<NonNullable<Libp2pOptions['peerDiscovery']>[number]> {
  const { boundedMulticastDns } = await import('./multicast-dns.ts')
  const create = boundedMulticastDns()

  return components => {
    const service = create(components)
    service.addEventListener('peer', ({ detail }) => hooks.discovered(detail))
    return service
  }
}
