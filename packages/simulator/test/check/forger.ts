import { Rng } from '@vicinity/kademlia'
import type { Kademlia, KademliaInput, KademliaOutput, Millis, PeerInfo, Target } from '@vicinity/kademlia'
import type { Checker } from '../../src/check/checker.ts'
import { Watch } from '../../src/check/watch.ts'
import type { NetworkOptions } from '../../src/network/network.ts'
import { randomKey, targetAt } from '../../src/world/contacts.ts'
import type { Node } from '../../src/world/node.ts'
import type { World } from '../../src/world/world.ts'
import { SmallWorld } from '../support/small-world.ts'

/** Shows a checker what no engine does: a world whose nodes are idle, and inputs and outputs that were never theirs. */
export class Forger {
  readonly world: World
  readonly node: Node
  readonly others: readonly Node[]
  readonly checker: Checker
  readonly #watch: Watch
  readonly #rng = new Rng('forger')

  constructor(make: (world: World) => Checker, others = 3, network: Partial<NetworkOptions> = {}) {
    const small = new SmallWorld(network)
    this.world = small.world
    this.node = small.server()
    this.others = small.servers(others)
    this.checker = make(this.world)
    this.#watch = new Watch(this.world, [this.checker], 1)
  }

  get found(): string[] {
    return this.checker.violations.map(({ message }) => message)
  }

  other(index = 0): PeerInfo {
    const node = this.others[index]
    if (node === undefined) {
      throw new Error(`there is no other node ${index}`)
    }

    return node.info
  }

  target(): Target {
    return targetAt(randomKey(this.#rng))
  }

  input(input: KademliaInput): this {
    this.#watch.input(this.node, input)
    return this
  }

  output(output: KademliaOutput): this {
    this.#watch.output(this.node, output)
    return this
  }

  send(rpc: number, to: PeerInfo = this.other(), op?: number, target: Target = this.node.contact): this {
    return this.output({ type: 'send', rpc, op, to, message: { type: 'FIND_NODE', target } })
  }

  answer(rpc: number, closer: readonly PeerInfo[] = []): this {
    return this.input({ type: 'response', rpc, message: { type: 'FIND_NODE', closer } })
  }

  fail(rpc: number): this {
    return this.input({ type: 'failure', rpc, reason: 'reset' })
  }

  /** All is done that was to be done; the engine is as it says it is. */
  rest(machine: Partial<Record<keyof Kademlia, unknown>> = {}): this {
    const idle = { sizes: { requests: 0 }, size: 0, deadline: Infinity, stopped: false, table: { entries: () => [], depth: 0 } }
    this.#watch.settled(this.node, { ...idle, ...machine } as unknown as Kademlia)
    return this
  }

  stop(machine: Partial<Record<keyof Kademlia, unknown>> = {}): this {
    const idle = { sizes: {}, deadline: Infinity, mode: 'server', handle: () => undefined, poll: () => undefined }
    this.#watch.stopped(this.node, { ...idle, ...machine } as unknown as Kademlia)
    return this
  }

  wait(time: Millis): this {
    this.world.run(this.world.now + time)
    return this
  }
}
