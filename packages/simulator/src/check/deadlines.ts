import type { Kademlia, KademliaInput, KademliaOutput, Millis, Op } from '@vicinity/kademlia'
import type { Node } from '../world/node.ts'
import type { World } from '../world/world.ts'
import type { Checker } from './checker.ts'
import { Findings } from './findings.ts'
import type { Life } from './ledger.ts'
import { Lives } from './lives.ts'

interface State {
  /** When each lookup has to have ended, in the order in which they began, and how often its node had slept. Bounded by the operations of a node. */
  readonly due: Map<Op, { readonly at: Millis; readonly sleeps: number }>
  /** The time of the tick that is being handled. */
  tick: Millis | undefined
  /** Ticks in the same millisecond. */
  ticks: number
  last: Millis
}

/** Time: every lookup ends by its deadline, and after a tick nothing is due any more, so that no engine spins. */
export class DeadlinesChecker extends Findings implements Checker {
  readonly name = 'deadlines'
  readonly #world: World
  readonly #queryTimeout: Millis
  readonly #lives = new Lives<State>(() => ({ due: new Map(), tick: undefined, ticks: 0, last: -1 }))

  constructor(world: World, queryTimeout: Millis) {
    super()
    this.#world = world
    this.#queryTimeout = queryTimeout
  }

  input(node: Node, input: KademliaInput): void {
    const { now } = this.#world
    const state = this.#lives.of(node)
    if (input.type === 'tick') {
      state.ticks = state.last === now ? state.ticks + 1 : 1
      state.last = now
      state.tick = now
      this.expect(state.ticks <= ticksAtOnce, now, node.index, () => `its timer rang ${state.ticks} times in this millisecond`)
    } else if (input.type === 'start') {
      const { operation, op } = input
      if (operation.type === 'closest' || operation.type === 'findPeer') {
        state.due.set(op, { at: now + (operation.timeout ?? this.#queryTimeout), sleeps: node.sleeps })
      }
    }
  }

  output(node: Node, output: KademliaOutput): void {
    if (output.type === 'finished') {
      const { due } = this.#lives.of(node)
      const lookup = due.get(output.op)
      due.delete(output.op)
      // what its node has slept through ends when it is awake
      if (lookup?.sleeps === node.sleeps) {
        this.#inTime(node, output.op, lookup.at)
      }
    }
  }

  rest(node: Node, life: Life, machine: Kademlia): void {
    const { now } = this.#world
    const state = this.#lives.of(node)
    for (const [op, { at }] of life.rung ? state.due : []) {
      this.#inTime(node, op, at)
      break
    }

    if (state.tick !== undefined && !machine.stopped) {
      const { deadline } = machine
      this.expect(
        deadline > now,
        now,
        node.index,
        () => `after a tick its deadline is ${deadline} ms, which is not in the future`
      )
      state.tick = undefined
    }
  }

  #inTime(node: Node, op: Op, due: Millis): void {
    const { now } = this.#world
    this.expect(now <= due, now, node.index, () => `lookup ${op} was to have ended at ${due} ms`)
  }
}

/** In one millisecond whatever is due is done by the first tick; what that leads to may want another. */
const ticksAtOnce = 3
