/**
 * The good peer's process: stock js-libp2p, connected over TCP. It pings the victim every 100 ms, asks it FIND_NODE every two
 * seconds, and publishes a numbered chat message a second. Told `phase`, it reports what happened since the last time.
 *
 * A ping that takes longer than the interval stands for all that would have been sent meanwhile, so that one standstill of
 * seconds is not one sample among many (coordinated omission).
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { gossipsub } from '@libp2p/gossipsub'
import type { GossipSub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import type { Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { lpStream } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { chatTopic, dhtMessage, dhtType, protocols } from './peer.ts'

export type GoodOrder =
  | { readonly do: 'connect'; readonly address: string; readonly mark: string }
  | { readonly do: 'phase' }
  | { readonly do: 'leave' }

export interface Phase {
  readonly pings: number
  readonly failed: number
  /** `null` where there was no ping. */
  readonly p95Ms: number | null
  readonly maxMs: number | null
  readonly asked: number
  readonly askFailed: number
  /** The numbers of the chat messages published. */
  readonly published: readonly number[]
  /** How long the good peer's own event loop stood still, p95: floods that the victim passes on reach it too. */
  readonly ownDelayP95Ms: number
  /** The last reason of a failure. */
  readonly reason: string
}

const pingMs = 100
const pingPatienceMs = 10_000
const askMs = 2_000
const chatMs = 1_000

const loopResolutionMs = 10

type Node = Libp2p<{ identify: unknown; ping: Ping; pubsub: GossipSub }>

class GoodPeer {
  readonly #node: Node
  readonly #address: Multiaddr
  readonly #mark: string
  #isOver = false
  #samples: number[] = []
  #published: number[] = []
  #failed = 0
  #asked = 0
  #askFailed = 0
  #reason = ''
  #next = 0
  #pingBegan: number | undefined
  readonly #ownDelay = monitorEventLoopDelay({ resolution: loopResolutionMs })

  private constructor(node: Node, address: string, mark: string) {
    this.#node = node
    this.#address = multiaddr(address)
    this.#mark = mark
  }

  static async connect(address: string, mark: string): Promise<GoodPeer> {
    const node = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: {
        identify: identify(),
        ping: ping({ maxOutboundStreams: 32 }),
        pubsub: gossipsub({ allowPublishToZeroTopicPeers: true })
      }
    })
    node.services.pubsub.subscribe(chatTopic)
    const peer = new GoodPeer(node, address, mark)
    await node.dial(peer.#address)
    while (!(await peer.#publish())) {
      await setTimeout(50)
    }
    peer.#published = []
    peer.#ownDelay.enable()
    void peer.#repeat(pingMs, async () => await peer.#ping())
    void peer.#repeat(askMs, async () => await peer.#ask())
    void peer.#repeat(chatMs, async () => void (await peer.#publish()))
    return peer
  }

  phase(): Phase {
    if (this.#pingBegan !== undefined) {
      this.#sample(performance.now() - this.#pingBegan, true)
    }

    const sorted = this.#samples.toSorted((a, b) => a - b)
    const phase = {
      pings: sorted.length,
      failed: this.#failed,
      p95Ms: sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] ?? null,
      maxMs: sorted.at(-1) ?? null,
      asked: this.#asked,
      askFailed: this.#askFailed,
      published: this.#published,
      ownDelayP95Ms: Math.max(0, this.#ownDelay.percentile(95) / 1e6 - loopResolutionMs),
      reason: this.#reason
    }
    this.#ownDelay.reset()
    this.#samples = []
    this.#published = []
    this.#failed = this.#asked = this.#askFailed = 0
    this.#reason = ''
    return phase
  }

  async leave(): Promise<void> {
    this.#isOver = true
    await this.#node.stop()
  }

  async #repeat(everyMs: number, act: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      const began = performance.now()
      await act()
      await setTimeout(Math.max(0, everyMs - (performance.now() - began)))
    }
  }

  async #ping(): Promise<void> {
    const began = performance.now()
    this.#pingBegan = began
    try {
      await this.#node.services.ping.ping(this.#address, { signal: AbortSignal.timeout(pingPatienceMs) })
    } catch (error) {
      this.#failed++
      this.#reason = String(error)
    } finally {
      this.#pingBegan = undefined
      this.#sample(performance.now() - began, false)
    }
  }

  /** `isUnfinished`: a ping under way counts for what it waited so far, if that is more than an interval. */
  #sample(ms: number, isUnfinished: boolean): void {
    for (let waited = ms; waited > pingMs; waited -= pingMs) {
      this.#samples.push(waited)
    }
    if (ms <= pingMs && !isUnfinished) {
      this.#samples.push(ms)
    }
  }

  async #ask(): Promise<void> {
    this.#asked++
    try {
      const signal = AbortSignal.timeout(pingPatienceMs)
      const stream = await this.#node.dialProtocol(this.#address, protocols.dht, { signal })
      const framed = lpStream(stream)
      await framed.write(dhtMessage(dhtType.findNode, this.#node.peerId.toMultihash().bytes), { signal })
      await framed.read({ signal })
      await stream.close({ signal })
    } catch (error) {
      this.#askFailed++
      this.#reason = String(error)
    }
  }

  /** Whether the victim was among the recipients. */
  async #publish(): Promise<boolean> {
    const number = this.#next++
    this.#published.push(number)
    const { recipients } = await this.#node.services.pubsub
      .publish(chatTopic, new TextEncoder().encode(`${this.#mark}${number}.`))
      .catch(() => ({ recipients: [] }))
    return recipients.length > 0
  }
}

let peer: GoodPeer | undefined

async function obey(order: GoodOrder): Promise<object> {
  switch (order.do) {
    case 'connect':
      peer = await GoodPeer.connect(order.address, order.mark)
      return {}
    case 'phase':
      return peer?.phase() ?? {}
    case 'leave':
      await peer?.leave()
      peer = undefined
      return {}
  }
}

process.on('unhandledRejection', () => {})
process.on('message', (order: GoodOrder) => {
  void obey(order).then(answer => process.send?.(answer))
})
process.on('disconnect', () => process.exit())
process.send?.({})
