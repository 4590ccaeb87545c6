/**
 * The newcomers' process: fresh stock peers, one every half second, over each address in turn. Each connects, waits for identify,
 * pings once and leaves; one that is not done within the patience was refused.
 */
import { setTimeout } from 'node:timers/promises'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Libp2pOptions } from 'libp2p'

export type NewcomersOrder =
  | {
      readonly do: 'start'
      readonly addresses: readonly string[]
      readonly count: number
      readonly everyMs: number
      readonly patienceMs: number
    }
  | { readonly do: 'stop' }

export interface Newcomers {
  readonly tried: number
  readonly refused: number
  /** Why, with the transport; the first few. */
  readonly reasons: readonly string[]
}

const reasonsMax = 5
type Transports = NonNullable<Libp2pOptions['transports']>

/** One transport for each address: newcomers load what they need. */
async function transportFor(address: string): Promise<Transports[number]> {
  if (address.includes('/ws')) {
    return webSockets()
  }
  if (address.includes('/quic-v1')) {
    return (await import('@chainsafe/libp2p-quic')).quic()
  }
  return address.includes('/webrtc-direct') ? (await import('@libp2p/webrtc')).webRTCDirect() : tcp()
}

async function come(address: string, signal: AbortSignal): Promise<void> {
  const node = await createLibp2p({
    transports: [await transportFor(address)],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping() }
  })
  try {
    const identified = Promise.withResolvers<void>()
    node.addEventListener('peer:identify', () => identified.resolve(), { once: true })
    signal.addEventListener('abort', () => identified.reject(new Error('not in time')))
    identified.promise.catch(() => {})
    await node.dial(multiaddr(address), { signal })
    await identified.promise
    await node.services.ping.ping(multiaddr(address), { signal })
  } finally {
    void Promise.resolve(node.stop()).catch(() => {})
  }
}

class Stream {
  readonly #coming = new Set<Promise<void>>()
  readonly #reasons: string[] = []
  #tried = 0
  #refused = 0
  #isOver = false
  readonly #running: Promise<void>

  constructor(order: Extract<NewcomersOrder, { do: 'start' }>) {
    this.#running = this.#run(order)
  }

  async stop(): Promise<Newcomers> {
    this.#isOver = true
    await this.#running
    await Promise.all(this.#coming)
    return { tried: this.#tried, refused: this.#refused, reasons: this.#reasons }
  }

  async #run({ addresses, count, everyMs, patienceMs }: Extract<NewcomersOrder, { do: 'start' }>): Promise<void> {
    for (let i = 0; i < count && !this.#isOver; i++) {
      const coming: Promise<void> = this.#one(addresses[i % addresses.length] ?? '', patienceMs).finally(() =>
        this.#coming.delete(coming)
      )
      this.#coming.add(coming)
      if (i + 1 < count) {
        await setTimeout(everyMs)
      }
    }
  }

  async #one(address: string, patienceMs: number): Promise<void> {
    this.#tried++
    try {
      const signal = AbortSignal.timeout(patienceMs)
      await Promise.race([come(address, signal), late(signal)])
    } catch (error) {
      this.#refused++
      if (this.#reasons.length < reasonsMax) {
        const transport = address.replace(/^\/ip4\/[^/]+\/|\/certhash.*|\/p2p\/.*/g, '').replace(/\/\d+/, '')
        this.#reasons.push(`${transport}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
}

async function late(signal: AbortSignal): Promise<never> {
  return await new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('not done in time')))
  })
}

let stream: Stream | undefined

async function obey(order: NewcomersOrder): Promise<object> {
  if (order.do === 'start') {
    stream = new Stream(order)
    return {}
  }
  return (await stream?.stop()) ?? { tried: 0, refused: 0, reasons: [] }
}

process.on('unhandledRejection', () => {})
process.on('message', (order: NewcomersOrder) => {
  void obey(order).then(answer => process.send?.(answer))
})
process.on('disconnect', () => process.exit())
process.send?.({})
