/**
 * Whole nodes on a network in memory, in virtual time: the engine as it is, driven as the real driver drives it, with a
 * heap of events in place of sockets and timers. Everything follows from the seed.
 *
 * A request to a peer that is not connected dials it first, with the addresses the sender knows: a round trip, after
 * which both sides are connected and, half a round trip later, have told each other whether they serve (identify).
 */
import assert from 'node:assert/strict'
import { Rng } from '@vicinity/kademlia'
import type { KademliaConfig, PeerInfo, Rpc } from '@vicinity/kademlia'
import { ids, nearest, peerOf } from './contacts.ts'
import { EventHeap } from './heap.ts'
import { Node } from './node.ts'
import type { Sent } from './node.ts'
import { Preimages } from './preimages.ts'

export interface NetworkOptions {
  /** One way, in milliseconds; each pair of nodes draws its own. */
  readonly latency?: readonly [min: number, max: number]
}

/** What becomes of what one node sends another: it arrives, it is refused (a reset), or nothing is ever heard of it. */
export type Path = 'clear' | 'refused' | 'lost'

export class Network {
  readonly seed: string
  readonly rng: Rng
  readonly nodes = new Map<string, Node>()
  readonly preimages: Preimages
  now = 0
  /** Faults of a test's own, between two nodes that are both well. */
  fault: (from: Node, to: Node) => Path = () => 'clear'
  readonly #events = new EventHeap()
  readonly #latencies = new Map<Node, Map<Node, number>>()
  readonly #options: Required<NetworkOptions>

  constructor(seed: string, options: NetworkOptions = {}) {
    this.seed = seed
    this.rng = new Rng(seed)
    this.preimages = new Preimages(this.rng.split('preimages'))
    this.#options = { latency: [10, 100], ...options }
  }

  add(name: string, config: Partial<KademliaConfig> = {}): Node {
    const node = new Node(this, peerOf(name), { mode: 'server', ...config })
    this.nodes.set(name, node)
    return node
  }

  /** The nodes that are well and serve. */
  servers(): Node[] {
    return [...this.nodes.values()].filter(node => node.state === 'up' && node.machine.mode === 'server')
  }

  /** The ids of the `count` live servers that are nearest to a key in truth, without `except`. */
  trulyNearest(key: Parameters<typeof nearest>[1], count: number, except?: Node): string[] {
    const others = this.servers().filter(node => node !== except)
    return ids(nearest(others, key, count))
  }

  at(time: number, run: () => void): void {
    this.#events.push(time, run)
  }

  /** Lets time pass. */
  run(duration: number): void {
    const end = this.now + duration
    while (this.#events.next <= end) {
      this.#step()
    }
    this.now = end
  }

  /** Lets time pass until something holds; fails, with the seed, when it does not within `patience`. */
  runUntil(holds: () => boolean, patience: number, what: string): void {
    const end = this.now + patience
    while (!holds()) {
      if (this.#events.next > end) {
        assert.fail(`${what}: not within ${patience} ms of virtual time (seed ${this.seed})`)
      }
      this.#step()
    }
  }

  /** Runs a body, and says which seed it was that failed. */
  static with(seed: string, body: (network: Network) => void, options?: NetworkOptions): void {
    const network = new Network(seed, options)
    try {
      body(network)
    } catch (error) {
      throw new Error(`with the seed ${JSON.stringify(seed)}, at ${network.now} ms: ${String(error)}`, { cause: error })
    }
  }

  /** One way between two nodes, the same in both directions. */
  latency(from: Node, to: Node): number {
    const [one, other] = from.name < to.name ? [from, to] : [to, from]
    const links = this.#latencies.get(one) ?? new Map<Node, number>()
    const [min, max] = this.#options.latency
    const latency = links.get(other) ?? min + this.rng.split(`${one.name}/${other.name}`).below(max - min + 1)
    this.#latencies.set(one, links.set(other, latency))
    return latency
  }

  /** Opens a connection, as a driver does that was told an address. */
  connect(from: Node, to: Node): void {
    if (from === to || from.connections.has(to) || this.#path(from, to) !== 'clear') {
      return
    }

    from.connections.add(to)
    to.connections.add(from)
    for (const [one, other] of [
      [from, to],
      [to, from]
    ] as const) {
      one.handle({ type: 'peer', peer: other.known, state: 'connected' })
      this.at(this.now + this.latency(one, other), () => {
        one.identify(other)
      })
    }
  }

  disconnect(one: Node, other: Node): void {
    one.connections.delete(other)
    other.connections.delete(one)
    one.handle({ type: 'peer', peer: other.known, state: 'disconnected' })
    other.handle({ type: 'peer', peer: one.known, state: 'disconnected' })
  }

  /** Carries one request to its end. */
  exchange(from: Node, request: Sent): void {
    const to = this.nodes.get(request.to.contact.id)
    const latency = to === undefined ? 0 : this.latency(from, to)
    if (to !== undefined && from.connections.has(to)) {
      this.at(this.now, () => this.#carry(from, to, request))
    } else if (to === undefined || !isDialable(request.to) || this.#path(from, to) === 'refused') {
      this.at(this.now + 2 * latency, () => from.fail(request.rpc, 'dial'))
    } else if (this.#path(from, to) === 'clear') {
      this.at(this.now + 2 * latency, () => {
        this.connect(from, to)
        this.#carry(from, to, request)
      })
    }
  }

  #carry(from: Node, to: Node, { rpc, message }: Sent): void {
    const latency = this.latency(from, to)
    if (this.#reaches(from, to, from, rpc)) {
      from.opened(rpc)
      this.at(this.now + latency, () => {
        if (this.#reaches(from, to, from, rpc)) {
          to.serve(from.contact, message, answer => {
            this.at(this.now + latency, () => {
              if (this.#reaches(to, from, from, rpc)) {
                from.answered(rpc, answer)
              }
            })
          })
        }
      })
    }
  }

  /** Whether what `from` sends arrives at `to`; a refusal is told the asker. */
  #reaches(from: Node, to: Node, asker: Node, rpc: Rpc): boolean {
    const path = this.#path(from, to)
    if (path === 'refused') {
      asker.fail(rpc, 'reset')
    }

    return path === 'clear'
  }

  #path(from: Node, to: Node): Path {
    if (from.state === 'offline' || to.state === 'dead') {
      return 'refused'
    }

    return to.state !== 'up' || from.state !== 'up' ? 'lost' : this.fault(from, to)
  }

  #step(): void {
    this.now = Math.max(this.now, this.#events.next)
    this.#events.pop()?.()
  }
}

function isDialable(peer: PeerInfo): boolean {
  return peer.addresses.count > 0
}
