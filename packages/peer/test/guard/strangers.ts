/** Strangers: stock peers that write what they like below and above their muxer. */
import type { TestContext } from 'node:test'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, MessageStream, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import type { Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Libp2pOptions } from 'libp2p'
import type { Recorded } from '../network.ts'

export type Stranger = Libp2p<{ identify: unknown; ping: Ping }>

type Transports = NonNullable<Libp2pOptions['transports']>

export async function startStranger(t: TestContext, transports: Transports = [tcp()]): Promise<Stranger> {
  const stranger = await createLibp2p({
    addresses: { listen: [] },
    transports,
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxWriteBufferLength: Number.MAX_SAFE_INTEGER } })],
    connectionMonitor: { enabled: false },
    services: { identify: identify(), ping: ping({ maxOutboundStreams: 8 }) }
  })
  t.after(() => stranger.stop())
  return stranger
}

export interface Link {
  readonly stranger: Stranger
  /** The stranger's side. */
  readonly theirs: Connection
  /** Our side. */
  readonly ours: Connection
}

/** A connection of a new stranger to our peer. */
export async function link(t: TestContext, ours: Recorded, transports?: Transports): Promise<Link> {
  const stranger = await startStranger(t, transports)
  const theirs = await stranger.dial([...ours.addresses])
  await ours.event('connected', ({ peer }) => peer === stranger.peerId.toString())
  const [connection] = ours.libp2p.getConnections(stranger.peerId)
  if (connection === undefined) {
    throw new Error('the connection ended at once')
  }

  await ours.event('identify', ({ peer }) => peer === stranger.peerId.toString())
  return { stranger, theirs, ours: connection }
}

/** The reason that a connection or stream ends with; empty for a proper end. */
export async function ended(what: Pick<Connection, 'addEventListener'>): Promise<string> {
  return new Promise(resolve => {
    what.addEventListener('close', ({ error }) => resolve(error?.message ?? ''))
  })
}

/** Pings our peer once, over a connection that stands or a new one. */
export async function answered(stranger: Stranger, addresses: readonly Multiaddr[]): Promise<void> {
  await stranger.services.ping.ping([...addresses])
}

/** The stream below a stock peer's muxer; it encrypts. */
export function belowMuxer(connection: Connection): MessageStream {
  return (connection as unknown as { readonly muxer: { readonly maConn: MessageStream } }).muxer.maConn
}

/** Writes when the connection takes more; ends early when it has ended. */
export async function write(stream: MessageStream, bytes: Uint8Array): Promise<boolean> {
  if (stream.status !== 'open') {
    return false
  }

  if (!stream.send(bytes)) {
    await stream.onDrain().catch(() => {})
  }
  return stream.status === 'open'
}

/** All bytes of a stream until its end. */
export async function bytesOf(stream: Stream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) {
    chunks.push(chunk.subarray())
  }
  return Buffer.concat(chunks)
}

export const yamuxFlags = { syn: 1, ack: 2, fin: 4, rst: 8 } as const
export const yamuxTypes = { data: 0, window: 1, ping: 2, goAway: 3 } as const

/** A yamux frame with any header. */
export function yamuxFrame(type: number, flags: number, stream: number, length: number, body = new Uint8Array()): Uint8Array {
  const header = Buffer.alloc(12)
  header.writeUInt8(type, 1)
  header.writeUInt16BE(flags, 2)
  header.writeUInt32BE(stream, 4)
  header.writeUInt32BE(length, 8)
  return Buffer.concat([header, body])
}
