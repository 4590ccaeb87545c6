import type { Kademlia, KademliaInput, KademliaOutput, LookupResult, Millis, Op, Target } from '@vicinity/kademlia'
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
  /** The operations that the driver started, each with its own lookup. Bounded by the operations of a node. */
  readonly started: Map<Op, Operated>
  /** The other lookups, by the target that each was given: of the refresh, and of operations that are widened. Bounded by their time. */
  readonly own: Map<Target, Walk>
  /** Those to which something has happened since the last rest. */
  readonly touched: Set<Walk>
}

interface Operated {
  readonly walk: Walk
  /** Whoever answered anything that was asked for this operation. Bounded by the peers of the world. */
  readonly answered: Set<string>
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
    const operation = input.type === 'start' ? input.operation : undefined
    if (input.type === 'start' && operation?.type === 'closest') {
      const walk = this.#begin(node, operation.target, this.#rules)
      this.#lives.of(node).started.set(input.op, { walk, answered: new Set() })
    } else if (input.type === 'start' && operation?.type === 'findPeer') {
      const walk = this.#begin(node, operation.contact, this.#rules)
      walk.wanted = operation.contact.id
      this.#lives.of(node).started.set(input.op, { walk, answered: new Set() })
    } else if (input.type === 'targeted') {
      this.#lives.of(node).own.set(input.target, this.#begin(node, input.target, { ...this.#rules, paths: 1 }))
    } else if (input.type === 'tick') {
      // somebody may be late by now, and have left a place
      const { started, own, touched } = this.#lives.of(node)
      for (const walk of walks(started, own)) {
        touched.add(walk)
      }
    }
  }

  output(node: Node, output: KademliaOutput): void {
    const state = this.#lives.of(node)
    if (output.type === 'finished') {
      const { op, outcome } = output
      const operated = state.started.get(op)
      state.started.delete(op)
      for (const [target, walk] of state.own) {
        if (walk.serves === op) {
          state.own.delete(target)
        }
      }

      if (operated !== undefined && outcome.type === 'lookup') {
        state.touched.delete(operated.walk)
        this.#judge(node, operated.walk, `lookup ${op}`, judged(operated, outcome.result, this.#world.now))
      }
    } else if (output.type === 'table' && output.change === 'added') {
      // whoever began with nobody begins with the first who come
      for (const walk of walks(state.started, state.own)) {
        if (walk.empty) {
          walk.seed(this.#seeds(node, walk.target))
        }
      }
    }
  }

  sent(node: Node, _life: Life, request: Asked): void {
    const state = this.#lives.of(node)
    const walk = walkOf(state, request) ?? this.#widened(node, state, request)
    if (walk !== undefined) {
      const operated = request.op === undefined ? undefined : state.started.get(request.op)
      if (operated !== undefined && operated.walk !== walk) {
        operated.walk.over = true
        walk.widen(this.#rules, request.op)
      }

      this.#judge(node, walk, named(request), walk.send(request, this.#world.now))
      state.touched.add(walk)
    }
  }

  ended(node: Node, _life: Life, request: Asked, ending: Ending): void {
    const state = this.#lives.of(node)
    const answered = ending.type === 'answered' && ending.message.type === 'FIND_NODE'
    if (answered && request.op !== undefined) {
      state.started.get(request.op)?.answered.add(request.to.id)
    }

    const walk = walkOf(state, request)
    if (walk === undefined || ending.type === 'dropped') {
      return
    }

    if (ending.type === 'answered' && ending.message.type === 'FIND_NODE') {
      walk.answered(request, ending.message.closer)
    } else {
      walk.failed(request, ending.type === 'timeout' || (ending.type === 'failed' && ending.reason === 'dial'))
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
      if (now < walk.began + this.#queryTimeout && !walk.over && walk.serves === undefined) {
        this.#judge(node, walk, 'a lookup', walk.rest(now))
      }

      // the end of one that nobody started is not told of: what comes for it later does not revive it
      walk.over ||= walk.serves === undefined && state.own.has(walk.target) && !walk.empty && walk.converged(now + 1)
    }

    state.touched.clear()
    let refreshing = 0
    for (const [target, walk] of state.own) {
      // nothing says that one of our own has ended, but nothing comes of it after its time
      if (now >= walk.began + this.#queryTimeout || (walk.over && walk.converged(now - 1))) {
        state.own.delete(target)
      } else {
        refreshing += walk.over || walk.serves !== undefined ? 0 : 1
      }
    }

    const most = refreshLookups + state.started.size
    this.expect(refreshing <= most, now, node.index, () => `${refreshing} lookups of the refresh run, and ${refreshLookups} may`)
  }

  stopped(node: Node): void {
    this.#lives.forget(node)
  }

  #begin(node: Node, target: Target, rules: WalkRules): Walk {
    const walk = new Walk(target, node.contact.id, rules, this.#world.now)
    walk.seed(this.#seeds(node, target))
    this.#lives.of(node).touched.add(walk)
    return walk
  }

  /** A request for another target than its operation has: a lookup that widens it, to a target that did not have to be found. */
  #widened(node: Node, state: State, { op, target }: Asked): Walk | undefined {
    if (op === undefined || target === undefined || !state.started.has(op)) {
      return undefined
    }

    const walk = this.#begin(node, target, this.#rules)
    state.own.set(target, walk)
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

function* walks(started: ReadonlyMap<Op, Operated>, own: ReadonlyMap<Target, Walk>): Generator<Walk> {
  for (const { walk } of started.values()) {
    yield walk
  }

  yield* own.values()
}

function walkOf({ started, own }: State, { op, target }: Asked): Walk | undefined {
  const operated = op === undefined ? undefined : started.get(op)
  if (operated !== undefined && operated.walk.target === target) {
    return operated.walk
  }

  return target === undefined ? undefined : own.get(target)
}

/** What is wrong with how an operation ended. One that was widened ends with the nearest of all its lookups. */
function judged({ walk, answered }: Operated, result: LookupResult, now: Millis): string | undefined {
  if (result.alarm === undefined) {
    return walk.finished(result, now)
  }

  const { closest, alarm } = result
  for (const found of [closest, alarm.region]) {
    const stranger = found.find(({ contact }) => !answered.has(contact.id))
    if (stranger !== undefined) {
      return `ends with ${stranger.contact.id}, who did not answer`
    }

    if (byDistance(found, walk.target.key).some((peer, i) => peer !== found[i])) {
      return 'ends with peers that are not in the order of their distance'
    }
  }

  return undefined
}

function named({ op }: Asked): string {
  return op === undefined ? 'a refresh' : `lookup ${op}`
}
