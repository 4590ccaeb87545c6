import { second } from '@vicinity/kademlia'
import type { FailureReason, Millis, PeerInfo, Request, Response, Rng } from '@vicinity/kademlia'
import { indexOf } from '../world/contacts.ts'
import { eventKind } from '../world/events.ts'
import type { Node } from '../world/node.ts'
import type { World } from '../world/world.ts'
import { Connections } from './connections.ts'
import { RegionLatency, UniformLatency } from './latency.ts'
import type { Latency } from './latency.ts'
import { BytesMail, ObjectMail } from './mail.ts'
import type { Mail } from './mail.ts'

export interface NetworkOptions {
  /** The range of round trips between two nodes, in milliseconds; without, nodes all over the world. */
  readonly roundTrip?: readonly [min: Millis, max: Millis] | undefined
  /** How much longer a message may take than usual, as a share: each draws its own. */
  readonly jitter: number
  /** The share of messages that never arrive. */
  readonly loss: number
  /** The share of messages that are held up, so that others overtake them. */
  readonly reorder: number
  /** Bytes a second that a node can send; `Infinity` for as many as it likes. */
  readonly bandwidth: number
  /** Whether nodes connect before they talk, and so hear of each other; without, every peer is there. */
  readonly connections: boolean
  /** How many round trips a dial takes, before the first request can be sent. */
  readonly dialRoundTrips: number
  /** How long a dial of somebody who does not answer takes to fail. */
  readonly dialTimeout: Millis
  /** The share of dials to a node that is down which fail at once, because its host still refuses them. */
  readonly refused: number
  /** After how long without use a connection is closed. */
  readonly connectionIdle: Millis
  /** Whether connections will be reset, with what is under way on them. */
  readonly resets?: boolean
  /** Messages cross as bytes rather than as objects. */
  readonly wire: boolean
}

/** Whether nothing sent from one node reaches another. */
export type Cut = (from: Node, to: Node) => boolean

/**
 * What lies between the nodes: it carries requests and answers, each at its latency, and loses some. It knows who is connected to
 * whom. A request to a peer that is not connected dials it first; both then know each other, and what they serve.
 */
export class Network {
  readonly #world: World
  #options: NetworkOptions
  /** What is worse than usual for a while. */
  weather: { readonly loss: number; readonly stretch: number } = { loss: 0, stretch: 1 }
  readonly #rng: Rng
  readonly #latency: Latency
  readonly #connections: Connections | undefined
  readonly #mail: Mail
  /** When each node has sent all it wanted to send so far. */
  readonly #sentAll: Millis[] = []
  // bounded by the faults of a run
  readonly #cuts = new Set<Cut>()
  /** By who asked: the requests on their way, and whom each went to; only where connections may be reset. */
  readonly #underWay: Array<Map<number, number>> | undefined
  #sweeping = false

  constructor(world: World, options: NetworkOptions, rng: Rng) {
    this.#world = world
    this.#options = options
    this.#rng = rng
    const places = rng.split('places')
    this.#latency = options.roundTrip === undefined ? new RegionLatency(places) : new UniformLatency(places, options.roundTrip)
    this.#connections = options.connections ? new Connections(options.connectionIdle) : undefined
    this.#underWay = options.resets ? [] : undefined
    this.#mail = options.wire ? new BytesMail(world) : new ObjectMail()
  }

  add(): void {
    this.#latency.add()
    this.#connections?.add()
    this.#underWay?.push(new Map())
    this.#sentAll.push(0)
  }

  /** From now on nothing crosses this. */
  cut(cut: Cut): void {
    this.#cuts.add(cut)
  }

  heal(cut: Cut): void {
    this.#cuts.delete(cut)
  }

  /** From now on every message arrives, and in its turn. */
  still(): void {
    this.#options = { ...this.#options, loss: 0, reorder: 0 }
  }

  /** Whether a request and its answer cross between two nodes. */
  joins(one: Node, other: Node): boolean {
    return !this.#isCut(one, other) && !this.#isCut(other, one)
  }

  /** Whether there is a cut at all. */
  get whole(): boolean {
    return this.#cuts.size === 0
  }

  /** Those a node is connected to. */
  peersOf(node: Node): Node[] {
    return (this.#connections?.peers(node.index) ?? []).map(index => this.#world.node(index))
  }

  connected(one: Node, other: Node): boolean {
    return this.#connections?.has(one.index, other.index) === true
  }

  /** How many connections a node has. */
  connections(node: Node): number {
    return this.#connections?.count(node.index) ?? 0
  }

  /** The round trip between two nodes, before jitter. */
  roundTrip(one: Node, other: Node): Millis {
    return 2 * this.#latency.oneWay(one.index, other.index)
  }

  /** A node asks another; dials it first where that is needed. */
  send(from: Node, tag: number, peer: PeerInfo, message: Request): void {
    const to = this.#world.nodes[indexOf(peer.contact)]
    if (to === undefined) {
      this.#fail(from, tag, 'dial', this.#options.dialTimeout)
    } else if (this.#connections === undefined || this.#connections.has(from.index, to.index)) {
      this.#opened(from, to, tag, message)
    } else if (peer.addresses.count === 0) {
      this.#fail(from, tag, 'dial', 0)
    } else {
      this.#dial(from, to, tag, peer, message)
    }
  }

  #dial(from: Node, to: Node, tag: number, peer: PeerInfo, message: Request): void {
    const roundTrip = this.roundTrip(from, to)
    const { dialRoundTrips, dialTimeout, refused } = this.#options
    const there = to.up && to.init.reachable && peer.addresses === to.info.addresses
    if (there && !this.#isCut(from, to) && !this.#isCut(to, from)) {
      this.#schedule(roundTrip * dialRoundTrips, eventKind.dialled, from, to, tag, message)
    } else {
      const atOnce = !to.up && !to.asleep && refused > 0 && this.#rng.float() < refused
      this.#fail(from, tag, 'dial', atOnce ? roundTrip : dialTimeout)
    }
  }

  /** A dial is through: both are connected and have told each other what they serve. */
  dialled(from: Node, to: Node, tag: number, message: Request): void {
    if (from.rpcOf(tag) === undefined) {
      return
    }

    if (!to.up || this.#isCut(from, to)) {
      this.#fail(from, tag, 'dial', 0)
      return
    }

    this.connect(from, to)
    this.#opened(from, to, tag, message)
  }

  /** A node dials another that it was told of, without a request. */
  introduce(from: Node, to: Node): void {
    if (this.#connections?.has(from.index, to.index) === true || !to.up || !to.init.reachable || this.#isCut(from, to)) {
      return
    }

    const { epoch } = from
    this.#world.at(this.#world.now + Math.round(this.roundTrip(from, to) * this.#options.dialRoundTrips), () => {
      if (from.epoch === epoch && from.up && to.up && !this.#isCut(from, to)) {
        this.connect(from, to)
      }
    })
  }

  /** Connects two nodes, as a dial does. */
  connect(one: Node, other: Node): void {
    if (this.#connections === undefined) {
      meet(one, other)
    } else if (this.#connections.open(one.index, other.index, this.#world.now)) {
      this.#sweep()
      meet(one, other)
      meet(other, one)
    }
  }

  /** A request has reached a node. */
  arrived(from: Node, to: Node, tag: number, mail: Request | Uint8Array): void {
    if (!to.up) {
      if (!to.asleep && this.#options.refused > 0 && this.#rng.float() < this.#options.refused) {
        this.#fail(from, tag, 'reset', this.roundTrip(from, to) / 2)
      }
      return
    }

    this.#connections?.use(from.index, to.index, this.#world.now)
    to.received++
    const message = this.#mail.readRequest(mail)
    this.#serve(from, to, tag, message)
  }

  /** An answer has come. */
  answered(from: Node, to: Node, tag: number, mail: Response | Uint8Array): void {
    this.#underWay?.[to.index]?.delete(tag)
    const message = this.#mail.readResponse(mail)
    to.ended(tag, message === undefined ? { type: 'failure', reason: 'malformed' } : { type: 'response', message })
    this.#connections?.use(from.index, to.index, this.#world.now)
  }

  /** Ends a connection at once: whoever waits for an answer over it is told so. */
  reset(one: Node, other: Node): void {
    this.#connections?.close(one.index, other.index)
    part(one, other)
    part(other, one)
    this.#reset(one, other)
    this.#reset(other, one)
  }

  #reset(from: Node, to: Node): void {
    const underWay = this.#underWay?.[from.index]
    for (const [tag, asked] of underWay ?? []) {
      if (asked === to.index) {
        underWay?.delete(tag)
        this.#fail(from, tag, 'reset', 0)
      }
    }
  }

  /** A node has gone: its connections close. */
  hangUp(node: Node): void {
    for (const peer of this.#connections?.peers(node.index) ?? []) {
      this.#connections?.close(node.index, peer)
      part(this.#world.node(peer), node)
    }
  }

  #opened(from: Node, to: Node, tag: number, message: Request): void {
    const rpc = from.rpcOf(tag)
    if (rpc !== undefined) {
      from.handle({ type: 'opened', rpc })
      this.#underWay?.[from.index]?.set(tag, to.index)
      this.#carry(from, to, eventKind.request, tag, this.#mail.writeRequest(message), this.#mail.requestBytes(message), 0)
    }
  }

  #serve(from: Node, to: Node, tag: number, message: Request): void {
    const honest = (): Response | undefined => to.serve(from.info, message)
    const reaction = to.init.behaviour?.react(to, from, message, honest) ?? honestly(honest())
    this.#world.observer?.served(from, to, message, reaction.type === 'answer' ? reaction.message : undefined)
    switch (reaction.type) {
      case 'answer': {
        const answer = reaction.message
        const bytes = this.#mail.responseBytes(answer)
        this.#carry(to, from, eventKind.response, tag, this.#mail.writeResponse(answer, message), bytes, reaction.delay)
        break
      }
      case 'failure':
        this.#fail(from, tag, reaction.reason, this.roundTrip(from, to) / 2)
        break
      case 'silence':
        break
    }
  }

  /** One message from one node to another, if it is not lost. */
  #carry(from: Node, to: Node, kind: number, tag: number, mail: unknown, bytes: number, delay: Millis): void {
    const { loss, jitter, reorder, bandwidth } = this.#options
    from.bytesSent += bytes
    to.bytesReceived += bytes
    if ((loss > 0 && this.#rng.float() < loss) || this.#isCut(from, to)) {
      return
    }

    const { weather } = this
    if (weather.loss > 0 && this.#rng.float() < weather.loss) {
      return
    }

    let latency = this.#latency.oneWay(from.index, to.index) * weather.stretch
    if (jitter > 0) {
      latency *= 1 + jitter * this.#rng.float()
    }

    if (reorder > 0 && this.#rng.float() < reorder) {
      latency += this.#rng.float() * longestHoldUp
    }

    this.#schedule(delay + latency + this.#queueing(from, bytes, bandwidth), kind, from, to, tag, mail)
  }

  /** How long a message waits for those that its sender sent before it, and takes to be sent itself. */
  #queueing(from: Node, bytes: number, bandwidth: number): Millis {
    if (bandwidth === Infinity) {
      return 0
    }

    const { now } = this.#world
    const sent = Math.max(now, this.#sentAll[from.index] as number) + (bytes * second) / bandwidth
    this.#sentAll[from.index] = sent
    return sent - now
  }

  #fail(from: Node, tag: number, reason: FailureReason, after: Millis): void {
    this.#world.schedule(this.#world.now + Math.round(after), eventKind.failure, 0, from.index, tag, reason)
  }

  #schedule(after: Millis, kind: number, from: Node, to: Node, tag: number, value: unknown): void {
    const time = this.#world.now + Math.max(1, Math.round(after))
    this.#world.schedule(time, kind, from.index, to.index, tag, value)
  }

  #isCut(from: Node, to: Node): boolean {
    for (const cut of this.#cuts) {
      if (cut(from, to)) {
        return true
      }
    }

    return false
  }

  /** Idle connections are looked for while there are any. */
  #sweep(): void {
    if (!this.#sweeping) {
      this.#sweeping = true
      this.#sweepAt(this.#world.now + sweepInterval)
    }
  }

  /** Millions may be due at once, and whoever runs the world does other things after so many events: so each looks at a few. */
  #sweepAt(time: Millis): void {
    this.#world.at(time, () => {
      const { now } = this.#world
      const all = this.#connections?.closeIdle(now, sweptAtOnce, (one, other) => {
        part(this.#world.node(one), this.#world.node(other))
        part(this.#world.node(other), this.#world.node(one))
      })
      if (all === false) {
        this.#sweepAt(now)
        return
      }

      this.#sweeping = false
      if (this.#connections?.any === true) {
        this.#sweep()
      }
    })
  }
}

/** How long a message that others overtake is held up at most. */
const longestHoldUp = 500

const sweepInterval = 5 * second
const sweptAtOnce = 10

function honestly(
  answer: Response | undefined
): { type: 'answer'; message: Response; delay: Millis } | { type: 'failure'; reason: FailureReason } {
  return answer === undefined ? { type: 'failure', reason: 'unsupported' } : { type: 'answer', message: answer, delay: 0 }
}

/** What a node hears of another when they connect. A node that answers, honestly or not, says that it serves. */
function meet(node: Node, other: Node): void {
  node.handle({ type: 'peer', peer: other.info, state: other.serves ? 'serving' : 'connected' })
}

function part(node: Node, other: Node): void {
  node.handle({ type: 'peer', peer: other.info, state: 'disconnected' })
}
