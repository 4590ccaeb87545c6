import type { Kademlia, KademliaInput, KademliaOutput, Request, Response } from '@vicinity/kademlia'
import type { Node } from '../world/node.ts'
import type { Observer } from '../world/observer.ts'
import type { World } from '../world/world.ts'
import type { Checker, Ending } from './checker.ts'
import { endingOf, giveUpAfter, Ledger } from './ledger.ts'

/** Shows checkers the nodes that are watched, with their requests put together from what enters and leaves the engines. */
export class Watch implements Required<Observer> {
  readonly #world: World
  readonly #checkers: readonly Checker[]
  readonly #every: number
  readonly #ledger = new Ledger()
  // bounded by the nodes of the world
  readonly #slept = new Set<number>()

  /** @param every - only nodes whose number this divides are watched. */
  constructor(world: World, checkers: readonly Checker[], every: number) {
    this.#world = world
    this.#checkers = checkers
    this.#every = every
  }

  input(node: Node, input: KademliaInput): void {
    if (node.index % this.#every !== 0) {
      return
    }

    const { now } = this.#world
    const life = this.#ledger.of(node, now)
    if (input.type === 'opened') {
      life.opened(now, input.rpc)
    } else if (input.type === 'tick') {
      life.rung = true
    }

    if (input.type === 'peer' && input.state === 'not-serving') {
      life.moot(input.peer.contact)
    }

    const end = endingOf(input)
    if (end !== undefined) {
      this.#ended(node, end.rpc, end.ending)
    }

    for (const checker of this.#checkers) {
      checker.input?.(node, input)
    }
  }

  output(node: Node, output: KademliaOutput): void {
    if (node.index % this.#every !== 0) {
      return
    }

    for (const checker of this.#checkers) {
      checker.output?.(node, output)
    }

    const { now } = this.#world
    const life = this.#ledger.of(node, now)
    if (output.type === 'send') {
      const request = life.sent(now, output)
      for (const checker of this.#checkers) {
        checker.sent?.(node, life, request)
      }
    } else if (output.type === 'abandon') {
      const sent = life.open.get(output.rpc)?.sent ?? Infinity
      this.#ended(node, output.rpc, { type: now - sent >= giveUpAfter ? 'timeout' : 'dropped' })
    }
  }

  settled(node: Node, machine: Kademlia): void {
    if (node.index % this.#every !== 0) {
      return
    }

    const life = this.#ledger.of(node, this.#world.now)
    for (const checker of this.#checkers) {
      checker.rest?.(node, life, machine)
    }
  }

  stopped(node: Node, machine: Kademlia): void {
    if (node.index % this.#every === 0) {
      for (const checker of this.#checkers) {
        checker.stopped?.(node, machine)
      }
    }
  }

  /** Who comes and goes is told of all, watched or not. */
  life(node: Node): void {
    if (node.asleep) {
      this.#slept.add(node.index)
    } else if (node.up && this.#slept.delete(node.index)) {
      this.#ledger.of(node, this.#world.now).wakes(this.#world.now)
    } else if (!node.up) {
      this.#slept.delete(node.index)
      this.#ledger.forget(node)
    }

    for (const checker of this.#checkers) {
      checker.life?.(node)
    }
  }

  served(from: Node, to: Node, request: Request, answer: Response | undefined): void {
    if (to.index % this.#every === 0) {
      for (const checker of this.#checkers) {
        checker.served?.(from, to, request, answer)
      }
    }
  }

  #ended(node: Node, rpc: number, ending: Ending): void {
    const { now } = this.#world
    const life = this.#ledger.of(node, now)
    const request = life.ended(now, rpc, ending)
    if (request !== undefined) {
      for (const checker of this.#checkers) {
        checker.ended?.(node, life, request, ending)
      }
    }
  }
}
