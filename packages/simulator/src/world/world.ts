import { Rng } from '@vicinity/kademlia'
import type { Key, KademliaConfig, Millis, PeerInfo, Prefix, Request, Response } from '@vicinity/kademlia'
import type { FailureReason } from '@vicinity/kademlia'
import { Network } from '../network/network.ts'
import type { NetworkOptions } from '../network/network.ts'
import { Census } from './census.ts'
import { keyNear, SimulatedContact } from './contacts.ts'
import { eventKind } from './events.ts'
import { TraceHash } from './hash.ts'
import { EventHeap } from './heap.ts'
import { Node } from './node.ts'
import type { NodeInit } from './node.ts'
import { Observers } from './observer.ts'
import type { Observer } from './observer.ts'

export interface WorldOptions {
  /** Everything random follows from it. */
  readonly seed: string
  /** What every engine is configured with. */
  readonly engine: Partial<KademliaConfig>
  readonly network: NetworkOptions
}

/**
 * A network in virtual time: nodes, what is under way between them, and the one heap of events that moves them. Whoever has
 * a world spawns nodes, gives them work, and lets time pass; everything follows from the seed.
 *
 * Randomness is split per purpose, so that one more draw in one place leaves all others as they were.
 */
export class World {
  readonly options: WorldOptions
  readonly rng: Rng
  readonly nodes: Node[] = []
  readonly network: Network
  /** The live servers in truth, for whoever judges what a lookup has found. */
  readonly census = new Census()
  readonly hash = new TraceHash()
  observer: Observers | undefined
  now: Millis = 0
  /** Events handled. */
  events = 0
  /** Requests that reached a node. */
  requests = 0
  readonly #heap = new EventHeap()
  readonly #prefixes: Rng
  /** By the bytes of their ids, where messages cross as bytes. */
  readonly #byId = new Map<string, Node>()
  readonly #observers: Observer[] = []

  constructor(options: WorldOptions) {
    this.options = options
    this.rng = new Rng(options.seed)
    this.#prefixes = this.rng.split('prefixes')
    this.network = new Network(this, options.network, this.rng.split('network'))
    this.hash.text(options.seed)
  }

  /** From now on somebody watches. */
  observe(observer: Observer): void {
    this.#observers.push(observer)
    this.observer = new Observers(this.#observers)
  }

  /** Adds a node, which is down until it is started. */
  add(key: Key, init: NodeInit): Node {
    const node = new Node(this, new SimulatedContact(this.nodes.length, key), init)
    this.nodes.push(node)
    if (this.options.network.wire) {
      this.#byId.set(textOf(node.contact.bytes), node)
    }

    this.network.add()
    return node
  }

  /** A node comes up. */
  start(node: Node, engine: Partial<KademliaConfig> = this.options.engine): void {
    node.start(engine)
    this.#lived(node)
  }

  /** A node goes down without a word. */
  crash(node: Node): void {
    node.crash()
    this.network.hangUp(node)
    this.#lived(node)
  }

  /** A node goes down in order. */
  stop(node: Node): void {
    node.stop()
    this.network.hangUp(node)
    this.#lived(node)
  }

  /** Does something at a time. Of tasks at the same time the first scheduled is the first done. */
  at(time: Millis, task: () => void): void {
    this.schedule(Math.max(time, this.now), eventKind.task, 0, 0, 0, task)
  }

  alarm(node: Node, time: Millis): void {
    this.schedule(time, eventKind.alarm, node.index, 0, time, undefined)
  }

  schedule(time: Millis, kind: number, a: number, b: number, number: number, value: unknown): void {
    this.#heap.push(time, kind, a, b, number, value)
  }

  /** When the next thing happens. */
  get next(): Millis {
    return this.#heap.next
  }

  /**
   * Lets time pass.
   *
   * @param until - the time at which to stop, which it is then.
   * @param budget - stop after so many events, so that whoever calls can do other things between.
   * @returns whether that time has come.
   */
  run(until: Millis, budget = Infinity): boolean {
    const heap = this.#heap
    for (let left = budget; heap.next <= until; left--) {
      if (left <= 0) {
        return false
      }

      this.now = heap.pop()
      this.events++
      this.#happen(heap.kind, heap.a, heap.b, heap.number, heap.value)
    }

    this.now = until
    return true
  }

  /** The node whose id these bytes are, or whose key: here the two are one. */
  find(bytes: Uint8Array): Node | undefined {
    return this.#byId.get(textOf(bytes))
  }

  /** Lets time pass, a step after the other, until something holds. */
  runUntil(holds: () => boolean, step: Millis): void {
    while (!holds()) {
      this.run(this.now + step)
    }
  }

  node(index: number): Node {
    return this.nodes[index] as Node
  }

  /** A random key with a prefix: in this world every key is its own preimage. */
  keyBelow({ key, bits }: Prefix): Key {
    return keyNear(key, bits, this.#prefixes)
  }

  #lived(node: Node): void {
    if (node.findable) {
      this.census.add(node)
    } else {
      this.census.delete(node)
    }

    this.hash.add(this.now)
    this.hash.add(node.index * 2 + (node.up ? 1 : 0))
    this.observer?.life(node)
  }

  #happen(kind: number, a: number, b: number, number: number, value: unknown): void {
    if (kind !== eventKind.alarm) {
      // an alarm changes nothing by itself, and which were set too early is nobody's behaviour
      this.hash.add(this.now)
      this.hash.add(kind)
      this.hash.add(a)
      this.hash.add(b)
      this.hash.add(number)
    }

    switch (kind) {
      case eventKind.request:
        this.requests++
        this.network.arrived(this.node(a), this.node(b), number, value as Request | Uint8Array)
        break
      case eventKind.response:
        this.network.answered(this.node(a), this.node(b), number, value as Response | Uint8Array)
        break
      case eventKind.failure:
        this.node(b).ended(number, { type: 'failure', reason: value as FailureReason })
        break
      case eventKind.alarm:
        this.node(a).ring(number)
        break
      case eventKind.dialled:
        this.network.dialled(this.node(a), this.node(b), number, value as Request)
        break
      default: {
        const task = value as () => void
        task()
      }
    }
  }
}

/** Bytes as a text that can be looked up: one character for each. */
function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}

/** The peers of an answer, as nodes of this world. */
export function nodesOf(world: World, peers: readonly PeerInfo[]): Node[] {
  return peers.map(({ contact }) => world.node((contact as SimulatedContact).index))
}
