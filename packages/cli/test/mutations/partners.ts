/** Real peers that the raw transports are recorded with, and that stand behind the relays. */
import { createPeer, generateIdentity } from '@vicinity/peer'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { Recorder, tcpRelay, udpRelay } from './relay.ts'
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Layer } from './cases.ts'
import type { RawRecording } from './generate.ts'
import type { RunningRelay } from './relay.ts'

export type RawLayer = Exclude<Layer, 'muxer' | 'streams'>

export interface Route {
  /** The address of a listening peer that belongs to the layer. */
  readonly pattern: RegExp
  /** Where a peer listens on loopback, after the host. */
  readonly listen: string
  readonly isDatagram: boolean
}

export const routes: Readonly<Record<RawLayer, Route>> = {
  tcp: { pattern: /\/tcp\/\d+(\/p2p|$)/, listen: 'tcp/0', isDatagram: false },
  websocket: { pattern: /\/ws(\/p2p|$)/, listen: 'tcp/0/ws', isDatagram: false },
  quic: { pattern: /\/quic-v1(\/p2p|$)/, listen: 'udp/0/quic-v1', isDatagram: true },
  webrtc: { pattern: /\/webrtc-direct\//, listen: 'udp/0/webrtc-direct', isDatagram: true }
}

/** The peer that dials or is dialled, by its libp2p. */
export class Partners {
  readonly dialler: Libp2p
  readonly #listeners: readonly Libp2p[]
  readonly #stops: ReadonlyArray<() => Promise<void>>

  private constructor(dialler: Libp2p, listeners: readonly Libp2p[], stops: ReadonlyArray<() => Promise<void>>) {
    this.dialler = dialler
    this.#listeners = listeners
    this.#stops = stops
  }

  static async start(): Promise<Partners> {
    const listen = Object.values(routes).map(route => route.listen)
    const [dialler, listener] = await Promise.all([startPeer([]), startPeer(listen)])
    const stock = await startStock()
    const stops = [dialler, listener].map(peer => async () => await peer.stop())
    return new Partners(dialler.libp2p, [listener.libp2p, stock], [...stops, async () => await stock.stop()])
  }

  /** A peer that listens on every transport. */
  get listener(): Libp2p {
    const [listener] = this.#listeners
    if (listener === undefined) {
      throw new Error('no partner listens')
    }
    return listener
  }

  /** The address of a listening partner without its peer id, to be dialled as if it were anybody's. */
  address(layer: RawLayer): string {
    return addressOf([this.listener], layer)
  }

  /** Recordings of handshakes and of what follows: with noise twice, and over TCP and WebSocket once with TLS. */
  async record(layer: RawLayer): Promise<RawRecording[]> {
    const [listener, stock] = this.#listeners
    const pairs = [
      [this.dialler, listener],
      [this.dialler, listener],
      ...(routes[layer].isDatagram
        ? []
        : [
            [this.dialler, stock],
            [stock, listener]
          ])
    ] as Array<[Libp2p, Libp2p]>
    const recordings: RawRecording[] = []
    for (const [from, to] of pairs) {
      recordings.push(...(await recordOnce(layer, from, to)))
    }
    return recordings
  }

  async stop(): Promise<void> {
    await Promise.all(this.#stops.map(async stop => await stop()))
  }
}

/** A peer as the command composes it. */
export async function startPeer(listen: readonly string[]): ReturnType<typeof createPeer> {
  const peer = await createPeer('headless', {
    privateKey: await generateIdentity('ed25519'),
    network: 'local',
    listen: listen.map(rest => multiaddr(`/ip4/127.0.0.1/${rest}`))
  })
  await peer.start()
  return peer
}

/** A stock peer that speaks TLS alone, which ours offers second. */
async function startStock(): Promise<Libp2p> {
  return await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [tcp(), webSockets()],
    connectionEncrypters: [tls()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 10_000, maxIncomingPendingConnections: 10_000 },
    services: { identify: identify(), ping: ping() }
  })
}

function addressOf(nodes: readonly Libp2p[], layer: RawLayer): string {
  const addresses = nodes.flatMap(node => node.getMultiaddrs().map(String))
  const found = addresses.find(address => routes[layer].pattern.test(address))
  if (found === undefined) {
    throw new Error(`no partner listens on ${layer}: ${addresses.join(' ')}`)
  }
  return found.replace(/\/p2p\/.*$/, '')
}

export function portOf(address: string): number {
  return Number(/\/(?:tcp|udp)\/(\d+)/.exec(address)?.[1])
}

export function withPort(address: string, port: number): string {
  return address.replace(/\/(tcp|udp)\/\d+/, `/$1/${port}`)
}

export async function startRelay(layer: RawLayer, port: number, pass: Recorder['pass']): Promise<RunningRelay> {
  return routes[layer].isDatagram ? await udpRelay(port, pass) : await tcpRelay(port, pass)
}

async function recordOnce(layer: RawLayer, from: Libp2p, to: Libp2p): Promise<RawRecording[]> {
  const address = addressOf([to], layer)
  const recorder = new Recorder()
  const relay = await startRelay(layer, portOf(address), recorder.pass)
  const signal = AbortSignal.timeout(20_000)
  const connection = await from.dial(multiaddr(withPort(address, relay.port)), { signal })
  await exchange(connection, signal)
  await relay.traffic.quiet(300)
  await connection.close().catch(() => {})
  await relay.traffic.quiet(100)
  relay.close()
  return [
    { layer, side: 'listens', pieces: recorder.fromDialler },
    { layer, side: 'dials', pieces: recorder.fromListener }
  ]
}

/** A ping, so that something follows the handshake and identify. */
async function exchange(connection: Connection, signal: AbortSignal): Promise<void> {
  const stream = await connection.newStream('/ipfs/ping/1.0.0', { signal })
  stream.send(new Uint8Array(32))
  await stream.close({ signal })
}
