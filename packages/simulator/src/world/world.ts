import { Rng } from '@vicinity/kademlia'
import type { FailureReason, Key, KademliaConfig, Millis, Mode, PeerInfo, Prefix, Request, Response } from '@vicinity/kademlia'
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
  /** Who has which id, where messages cross as bytes. */
  readonly #byId = new Map<string, PeerInfo[]>()
  #strangers = 0
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
    const node = new Node(this, new SimulatedContact(this.nodes.length, key, init), init)
    this.nodes.push(node)
    this.#know(node.info)
    this.network.add()
    return node
  }

  /** A peer that exists nowhere. */
  stranger(key: Key): PeerInfo {
    const number = ++this.#strangers
    return this.#know(new SimulatedContact(-number, key, { advertised: true, groups: [] }, `x${number}`))
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

  /** A node falls asleep, as a computer does whose lid is closed: it hears nothing, and no timer of its rings. */
  suspend(node: Node): void {
    node.suspend(this.network.peersOf(node))
    this.#lived(node)
  }

  /** It wakes, in the middle of what it was about to do; those who have hung up meanwhile are gone. */
  resume(node: Node): void {
    const left = node.resume()
    this.#lived(node)
    for (const peer of left) {
      if (!this.network.connected(node, peer)) {
        node.handle({ type: 'peer', peer: peer.info, state: 'disconnected' })
      }
    }

    node.wake()
  }

  /** A node moves: whoever is connected to it loses it, and its old address leads nowhere. */
  readdress(node: Node): void {
    this.network.hangUp(node)
    node.readdress()
    this.#know(node.info)
  }

  /** A node begins to serve, or ceases to, and says so to all it is connected to. */
  setMode(node: Node, mode: Mode): void {
    node.handle({ type: 'mode', mode })
    this.#lived(node)
    for (const peer of this.network.peersOf(node)) {
      peer.handle({ type: 'peer', peer: node.info, state: mode === 'server' ? 'serving' : 'not-serving' })
    }
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

  /** The peer whose id these bytes are, or whose key: here the two are one; with the address it had after so many moves. */
  find(bytes: Uint8Array, moves = 0): PeerInfo | undefined {
    return this.#byId.get(textOf(bytes))?.[moves]
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

  #know(peer: PeerInfo): PeerInfo {
    if (this.options.network.wire) {
      const id = textOf(peer.contact.bytes)
      this.#byId.set(id, [...(this.#byId.get(id) ?? []), peer])
    }

    return peer
  }

  #lived(node: Node): void {
    node.init.behaviour?.lived?.(node)
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
