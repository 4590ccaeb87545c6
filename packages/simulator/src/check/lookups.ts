import type { Kademlia, KademliaInput, KademliaOutput, Millis, Op, Target } from '@vicinity/kademlia'
import type { Node } from '../world/node.ts'
import type { World } from '../world/world.ts'
import type { Checker, Ending } from './checker.ts'
import { byDistance } from './distance.ts'
import { Findings } from './findings.ts'
import type { Asked, Life } from './ledger.ts'
import { Lives } from './lives.ts'
import { Walk } from './walk.ts'
import type { WalkRules } from './walk.ts'

interface State {
  /** The lookups that the driver started. Bounded by the operations of a node. */
  readonly started: Map<Op, Walk>
  /** The lookups of the refresh, by the target that each was given. Bounded by their time. */
  readonly own: Map<Target, Walk>
  /** Those to which something has happened since the last rest. */
  readonly touched: Set<Walk>
}

/**
 * How lookups walk, step by step: nobody is asked twice, nor who was not named, nor more at once than there are places, nor
 * anybody out of turn; no lookup idles while it has a place and somebody to ask; and it ends with the nearest that answered.
 */
export class LookupsChecker extends Findings implements Checker {
  readonly name = 'lookups'
  readonly #world: World
  readonly #rules: WalkRules
  readonly #queryTimeout: Millis
  readonly #lives = new Lives<State>(() => ({ started: new Map(), own: new Map(), touched: new Set() }))

  constructor(world: World, rules: WalkRules, queryTimeout: Millis) {
    super()
    this.#world = world
    this.#rules = rules
    this.#queryTimeout = queryTimeout
  }

  input(node: Node, input: KademliaInput): void {
    if (input.type === 'start' && input.operation.type === 'closest') {
      const { started } = this.#lives.of(node)
      started.set(input.op, this.#begin(node, input.operation.target))
    } else if (input.type === 'targeted') {
      const { own } = this.#lives.of(node)
      own.set(input.target, this.#begin(node, input.target))
    } else if (input.type === 'tick') {
      // somebody may be late by now, and have left a place
      const { started, own, touched } = this.#lives.of(node)
      for (const walk of [...started.values(), ...own.values()]) {
        touched.add(walk)
      }
    }
  }

  output(node: Node, output: KademliaOutput): void {
    const state = this.#lives.of(node)
    if (output.type === 'finished') {
      const walk = state.started.get(output.op)
      state.started.delete(output.op)
      if (walk !== undefined && output.outcome.type === 'lookup') {
        state.touched.delete(walk)
        const { result } = output.outcome
        this.#judge(node, walk, `lookup ${output.op}`, walk.finished(result, this.#world.now, false))
      }
    } else if (output.type === 'table' && output.change === 'added') {
      // whoever began with nobody begins with the first who come
      for (const walk of [...state.started.values(), ...state.own.values()]) {
        if (walk.empty) {
          walk.seed(this.#seeds(node, walk.target))
        }
      }
    }
  }

  sent(node: Node, _life: Life, request: Asked): void {
    const state = this.#lives.of(node)
    const walk = walkOf(state, request)
    if (walk !== undefined) {
      this.#judge(node, walk, named(request), walk.send(request, this.#world.now))
      state.touched.add(walk)
    }
  }

  ended(node: Node, _life: Life, request: Asked, ending: Ending): void {
    const state = this.#lives.of(node)
    const walk = walkOf(state, request)
    if (walk === undefined || ending.type === 'dropped') {
      return
    }

    if (ending.type === 'answered' && ending.message.type === 'FIND_NODE') {
      walk.answered(request, ending.message.closer)
    } else {
      walk.failed(request)
    }

    state.touched.add(walk)
  }

  rest(node: Node, _life: Life, machine: Kademlia): void {
    const state = this.#lives.get(node)
    if (state === undefined || state.touched.size === 0 || machine.stopped) {
      return
    }

    const { now } = this.#world
    for (const walk of state.touched) {
      if (now < walk.began + this.#queryTimeout) {
        this.#judge(node, walk, 'a lookup', walk.rest(now))
      }
    }

    state.touched.clear()
    for (const [target, walk] of state.own) {
      // nothing says that one of our own has ended, but nothing comes of it after its time
      if (now >= walk.began + this.#queryTimeout || (!walk.empty && walk.converged(now + 1))) {
        state.own.delete(target)
      }
    }

    const running = state.own.size
    this.expect(
      running <= refreshLookups,
      now,
      node.index,
      () => `${running} lookups of the refresh run, and ${refreshLookups} may`
    )
  }

  stopped(node: Node): void {
    this.#lives.forget(node)
  }

  #begin(node: Node, target: Target): Walk {
    const walk = new Walk(target, node.contact.id, this.#rules, this.#world.now)
    walk.seed(this.#seeds(node, target))
    this.#lives.of(node).touched.add(walk)
    return walk
  }

  /** The nearest of the node's table: twice as many as a bucket of the protocol holds. */
  #seeds(node: Node, target: Target): ReturnType<typeof byDistance> {
    const entries = node.machine === undefined ? [] : Array.from(node.machine.table.entries(), ({ peer }) => peer)
    return byDistance(entries, target.key).slice(0, seedCount)
  }

  #judge(node: Node, walk: Walk, what: string, wrong: string | undefined): void {
    this.expect(wrong === undefined, this.#world.now, node.index, () => `${what}, begun at ${walk.began} ms, ${wrong}`)
  }
}

const seedCount = 40

/** At once. */
const refreshLookups = 3

function walkOf({ started, own }: State, { op, target }: Asked): Walk | undefined {
  if (op !== undefined) {
    return started.get(op)
  }

  return target === undefined ? undefined : own.get(target)
}

function named({ op }: Asked): string {
  return op === undefined ? 'a refresh' : `lookup ${op}`
}
