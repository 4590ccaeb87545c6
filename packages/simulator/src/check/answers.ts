import type { Kademlia, PeerInfo, Request, Response } from '@vicinity/kademlia'
import type { Node } from '../world/node.ts'
import type { World } from '../world/world.ts'
import type { Checker } from './checker.ts'
import { byDistance } from './distance.ts'
import { Findings } from './findings.ts'

/**
 * What honest nodes answer: the k nearest of their table, nearest first, without themselves and the asker; only a peer that is
 * itself the target may come before all others. Clients answer nothing.
 */
export class AnswersChecker extends Findings implements Checker {
  readonly name = 'answers'
  readonly #world: World
  readonly #k: number
  #served = 0

  constructor(world: World, k: number) {
    super()
    this.#world = world
    this.#k = k
  }

  served(from: Node, to: Node, request: Request, answer: Response | undefined): void {
    const { machine } = to
    if (!to.honest || machine === undefined || answer === undefined) {
      return
    }

    const { now } = this.#world
    this.expect(machine.mode === 'server', now, to.index, () => `a client answers a ${request.type}`)
    if (request.type === 'FIND_NODE' && answer.type === 'FIND_NODE' && this.#served++ % judgedEvery === 0) {
      const wrong = this.#wrong(from, to, machine, request, answer.closer)
      this.expect(wrong === undefined, now, to.index, () => `asked by ${from.contact.id}, it ${wrong}`)
    }
  }

  #wrong(
    from: Node,
    to: Node,
    machine: Kademlia,
    { target }: Extract<Request, { type: 'FIND_NODE' }>,
    closer: readonly PeerInfo[]
  ): string | undefined {
    const first = closer[0]?.contact.id === target.id ? closer[0] : undefined
    const rest = closer.filter(peer => peer !== first)
    const mayBeNamed = Array.from(machine.table.entries(), ({ peer }) => peer).filter(
      ({ contact, addresses }) => addresses.count > 0 && contact.id !== from.contact.id && contact.id !== to.contact.id
    )
    const nearest = byDistance(mayBeNamed, target.key)
      .slice(0, this.#k)
      .map(({ contact }) => contact.id)
    const expected = nearest.filter(id => id !== first?.contact.id)
    const named = rest.map(({ contact }) => contact.id)
    return named.length === expected.length && named.every((id, i) => id === expected[i])
      ? undefined
      : `names [${named.join(' ')}], but the nearest it knows are [${expected.join(' ')}]`
  }
}

/** Sorting a table by whole numbers takes longer than all else that answering takes: one in so many answers is judged. */
const judgedEvery = 5
