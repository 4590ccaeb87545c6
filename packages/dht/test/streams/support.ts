import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Libp2p, PeerId, Stream, StreamHandlerOptions } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { memory } from '@libp2p/memory'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { quic } from '@chainsafe/libp2p-quic'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { TestContext } from 'node:test'
import { StreamPool, StreamServer } from '../../src/streams/index.ts'
import type { Clock, PoolLimits, RequestHandler, ServerLimits } from '../../src/streams/index.ts'

export const protocol = '/vicinity/test/1.0.0'

export type Over = 'tcp' | 'memory' | 'quic'

/** A libp2p node, and the components of it that streams are made of. */
export interface Node {
  readonly libp2p: Libp2p
  readonly peer: PeerId
  readonly addresses: Multiaddr[]
  readonly connectionManager: ConnectionManager
}

let memoryAddress = 0

/** Starts a node that listens on a free port, and stops it after the test. */
export async function startNode(t: TestContext, over: Over = 'tcp'): Promise<Node> {
  let connectionManager: ConnectionManager | undefined
  const libp2p = await createLibp2p({
    privateKey: await generateKeyPair('Ed25519'),
    addresses: { listen: [listenAddress(over)] },
    transports: [transportOf(over)],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // the defaults refuse more than 5 connections a second from one host, which here is everybody's
    connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 1_000 },
    services: {
      components: (components: { connectionManager: ConnectionManager }) => {
        connectionManager = components.connectionManager
        return {}
      }
    }
  })
  t.after(async () => {
    // a graceful end waits for the other side, which stops at the same time
    for (const connection of libp2p.getConnections()) {
      connection.abort(new Error('the test is over'))
    }

    await libp2p.stop()
  })
  if (connectionManager === undefined) {
    throw new Error('libp2p made no connection manager')
  }

  return { libp2p, peer: libp2p.peerId, addresses: libp2p.getMultiaddrs(), connectionManager }
}

function listenAddress(over: Over): string {
  switch (over) {
    case 'tcp':
      return '/ip4/127.0.0.1/tcp/0'
    case 'memory':
      return `/memory/streams-${process.pid}-${memoryAddress++}`
    case 'quic':
      return '/ip4/127.0.0.1/udp/0/quic-v1'
  }
}

function transportOf(over: Over) {
  switch (over) {
    case 'tcp':
      return tcp()
    case 'memory':
      return memory()
    case 'quic':
      return quic()
  }
}

/** A frame of fewer than 16,384 bytes. */
export function framed(body: Uint8Array | string): Uint8Array {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const prefix = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7]
  return Uint8Array.from([...prefix, ...bytes])
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

/** Answers `x` with `re: x`; never answers what begins with `+`, which counts as ADD_PROVIDER; refuses `!`. */
export const echo: RequestHandler<string> = {
  decode: body => {
    const message = text(body)
    if (message.startsWith('?')) {
      throw new Error('not a message')
    }

    return message
  },
  kind: message => (message.startsWith('+') ? 'provide' : 'request'),
  answer: message => {
    if (message.startsWith('!')) {
      throw new Error('refused')
    }

    return message.startsWith('+') ? undefined : framed(`re: ${message}`)
  }
}

export interface ServeOptions {
  readonly handler?: RequestHandler<string>
  readonly limits?: Partial<ServerLimits>
  readonly clock?: Clock
  /** Where all connections are said to come from; they are on loopback, which is not rated. */
  readonly from?: Multiaddr
  readonly options?: StreamHandlerOptions
}

/** Serves the test protocol on a node. */
export async function serve(
  t: TestContext,
  node: Node,
  { handler = echo, limits, clock, from, options }: ServeOptions = {}
): Promise<StreamServer<string>> {
  const server = new StreamServer(
    { logger: node.libp2p.logger, ...(clock !== undefined && { clock }) },
    { handler, ...(limits !== undefined && { limits }) }
  )
  await node.libp2p.handle(
    protocol,
    (stream, connection) => {
      server.handle(stream, from === undefined ? connection : { remotePeer: connection.remotePeer, remoteAddr: from })
    },
    { maxInboundStreams: 1_000, ...options }
  )
  t.after(() => {
    server.stop()
  })
  return server
}

/** Serves the test protocol with a function of the test's own: a peer that is not one of ours. */
export async function serveRaw(node: Node, handler: (stream: Stream, connection: Connection) => void): Promise<void> {
  await node.libp2p.handle(protocol, handler, { maxInboundStreams: 1_000 })
}

export function poolOf(t: TestContext, node: Node, limits?: Partial<PoolLimits>, clock?: Clock): StreamPool {
  const pool = new StreamPool(
    {
      connectionManager: node.connectionManager,
      peerStore: node.libp2p.peerStore,
      logger: node.libp2p.logger,
      ...(clock !== undefined && { clock })
    },
    { protocol, ...(limits !== undefined && { limits }) }
  )
  t.after(() => {
    pool.stop()
  })
  return pool
}

/** Asks with a text and gives the answer's. */
export async function ask(pool: StreamPool, to: Node, message: string, signal?: AbortSignal): Promise<string> {
  return text(
    await pool.request(to.peer, to.addresses, framed(message), { maxReplyBytes: 16_384, ...(signal !== undefined && { signal }) })
  )
}

/** A raw stream of the test protocol, with what comes on it gathered. */
export interface RawStream {
  readonly stream: Stream
  readonly received: () => string
  /** Resolves when the stream is closed, with how. */
  readonly closed: Promise<'closed' | 'reset' | 'aborted'>
}

export async function openRaw(from: Node, to: Node): Promise<RawStream> {
  const stream = await from.libp2p.dialProtocol(to.addresses, protocol)
  const chunks: string[] = []
  stream.addEventListener('message', event => {
    chunks.push(text(event.data.subarray()))
  })
  const closed = Promise.withResolvers<'closed' | 'reset' | 'aborted'>()
  stream.addEventListener('close', event => {
    closed.resolve(event.error === undefined ? 'closed' : event.local === true ? 'aborted' : 'reset')
  })
  if (stream.status === 'reset' || stream.status === 'closed') {
    // before anybody listened
    closed.resolve(stream.status)
  }

  return { stream, received: () => chunks.join(''), closed: closed.promise }
}

/** How long a condition may take on a machine that is busy with something else, in milliseconds. */
const patience = 30_000

/** Waits for a condition by looking again with every turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + patience
  while (!condition()) {
    if (performance.now() > deadline) {
      throw new Error(`${condition.toString()} did not come true in ${patience} ms`)
    }

    await new Promise(resolve => {
      // waits: a turn, before the condition is looked at again
      setTimeout(resolve, 2)
    })
  }
}

/** A clock that stands until it is moved, and rings what became due. */
export class ManualClock implements Clock {
  #now = 1_000
  readonly #timers = new Set<{ readonly due: number; readonly ring: () => void }>()

  get timers(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#now
  }

  after(delay: number, ring: () => void): () => void {
    const timer = { due: this.#now + delay, ring }
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
    }
  }

  advance(delay: number): void {
    const end = this.#now + delay
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.due)
      next.ring()
    }

    this.#now = end
  }

  #next(end: number): { readonly due: number; readonly ring: () => void } | undefined {
    let next: { readonly due: number; readonly ring: () => void } | undefined
    for (const timer of this.#timers) {
      if (timer.due <= end && (next === undefined || timer.due < next.due)) {
        next = timer
      }
    }

    return next
  }
}
