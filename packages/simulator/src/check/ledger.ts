import type { Addresses, Contact, KademliaInput, KademliaOutput, Millis, Op, Rpc, Target } from '@vicinity/kademlia'
import type { Node } from '../world/node.ts'
import type { Ending } from './checker.ts'
import { Patience } from './patience.ts'

/** A request that a node has sent, as the ledger knows it. */
export interface Asked {
  readonly rpc: Rpc
  readonly to: Contact
  /** Where it should be. */
  readonly at: Addresses
  readonly op: Op | undefined
  readonly target: Target | undefined
  readonly sent: Millis
  opened: Millis | undefined
  /** When the engine should count it as late, give or take the rounding. */
  lateAt: Millis
  /** Its peer has answered another request, failed one, or said that it does not serve, since this was sent. */
  moot: boolean
}

/**
 * One life of a node, from its start to its end, by what entered and left its engine: the requests in flight, and how long
 * the engine should wait for them.
 */
export class Life {
  readonly epoch: number
  readonly began: Millis
  /** In the order in which they were sent. Bounded by what the engine has in flight. */
  readonly open = new Map<Rpc, Asked>()
  readonly patience = new Patience()
  /** When anybody answered anything, last. */
  lastAnswer: Millis = -Infinity
  /** Since when it has been awake: while it slept no timer rang. */
  awake: Millis
  /** Whether all that is due has been done: a timer has rung since it woke. */
  rung = true

  constructor(epoch: number, began: Millis) {
    this.epoch = epoch
    this.began = began
    this.awake = began
  }

  /** It has slept, and hears and does nothing in order until its timer rings. */
  wakes(now: Millis): void {
    this.awake = now
    this.rung = false
  }

  /** Notes a request that was sent. */
  sent(now: Millis, output: Extract<KademliaOutput, { type: 'send' }>): Asked {
    const { rpc, op, to, message } = output
    const target = message.type === 'PING' ? undefined : message.target
    const times = { sent: now, opened: undefined, lateAt: now + openWithin }
    const asked = { rpc, to: to.contact, at: to.addresses, op, target, ...times, moot: false }
    this.open.set(rpc, asked)
    return asked
  }

  opened(now: Millis, rpc: Rpc): void {
    const asked = this.open.get(rpc)
    if (asked !== undefined && asked.opened === undefined) {
      asked.opened = now
      // who was late before the dial was through stays so
      asked.lateAt = now >= asked.lateAt ? asked.lateAt : Math.min(now + this.patience.value, asked.sent + giveUpAfter)
    }
  }

  /** Takes out a request that has ended. @returns undefined when it is not in flight. */
  ended(now: Millis, rpc: Rpc, ending: Ending): Asked | undefined {
    const asked = this.open.get(rpc)
    if (asked === undefined) {
      return undefined
    }

    this.open.delete(rpc)
    if (ending.type === 'answered' && ending.message.type === 'FIND_NODE') {
      this.patience.measured(Math.max(1, now - (asked.opened ?? asked.sent)))
      this.lastAnswer = now
    }

    if (ending.type !== 'dropped') {
      this.moot(asked.to)
    }

    return asked
  }

  /** What is in flight to a peer decides nothing any more. */
  moot(peer: Contact): void {
    for (const asked of this.open.values()) {
      if (asked.to.id === peer.id) {
        asked.moot = true
      }
    }
  }
}

/** The lives of all nodes that are watched, each the latest. */
export class Ledger {
  // bounded by the nodes of the world
  readonly #lives: Array<Life | undefined> = []

  of(node: Node, now: Millis): Life {
    const life = this.#lives[node.index]
    if (life !== undefined && life.epoch === node.epoch) {
      return life
    }

    const fresh = new Life(node.epoch, now)
    this.#lives[node.index] = fresh
    return fresh
  }

  forget(node: Node): void {
    this.#lives[node.index] = undefined
  }
}

/** What an input says of a request's end. */
export function endingOf(input: KademliaInput): { rpc: Rpc; ending: Ending } | undefined {
  switch (input.type) {
    case 'response':
      return { rpc: input.rpc, ending: { type: 'answered', message: input.message } }
    case 'failure':
      return { rpc: input.rpc, ending: { type: 'failed', reason: input.reason } }
    default:
      return undefined
  }
}

/** A dial that takes longer blocks nothing (KADEMLIA, section 2). */
export const openWithin: Millis = 5_000

/** A request is given up for good. */
export const giveUpAfter: Millis = 10_000
