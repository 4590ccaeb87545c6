import type { Kademlia, KademliaOutput, Millis } from '@vicinity/kademlia'
import type { Node } from '../world/node.ts'
import type { World } from '../world/world.ts'
import type { Checker } from './checker.ts'
import { sharedBits } from './distance.ts'
import { Findings } from './findings.ts'
import type { Asked, Life } from './ledger.ts'
import { Lives } from './lives.ts'

export interface UpkeepRules {
  readonly refreshInterval: Millis
  readonly bootstrapInterval: Millis
  readonly queryTimeout: Millis
}

interface State {
  /** Since when the table has held somebody, without a break; undefined while it holds nobody. */
  since: Millis | undefined
  /** Since when each bucket has held somebody, and when a request last went out for a key of it. Bounded by a key's length. */
  readonly held: Array<Millis | undefined>
  readonly asked: Millis[]
  /** When the last bootstrap began and ended. */
  began: Millis | undefined
  ended: Millis | undefined
  looked: Millis
  /** Since when it has been awake. */
  awake: Millis
}

/**
 * That a table is kept up: as long as it holds anybody, every bucket is looked up once an interval, and the node itself too.
 * Buckets that are empty, or too deep for a random key of theirs to be found, are left out.
 */
export class UpkeepChecker extends Findings implements Checker {
  readonly name = 'upkeep'
  readonly #world: World
  readonly #rules: UpkeepRules
  readonly #lives = new Lives<State>(() => ({
    since: undefined,
    held: [],
    asked: [],
    began: undefined,
    ended: undefined,
    looked: 0,
    awake: 0
  }))

  constructor(world: World, rules: UpkeepRules) {
    super()
    this.#world = world
    this.#rules = rules
  }

  output(node: Node, output: KademliaOutput): void {
    if (output.type === 'upkeep' && output.kind === 'bootstrap') {
      const state = this.#lives.of(node)
      const { now } = this.#world
      if (output.phase === 'began') {
        this.expect(state.began === undefined, now, node.index, () => 'a bootstrap begins while another runs')
        state.began = now
      } else {
        this.expect(state.began !== undefined, now, node.index, () => 'a bootstrap ends that has not begun')
        state.began = undefined
        state.ended = now
      }
    }
  }

  sent(node: Node, _life: Life, { target }: Asked): void {
    if (target !== undefined) {
      this.#lives.of(node).asked[sharedBits(target.key, node.contact.key)] = this.#world.now
    }
  }

  rest(node: Node, life: Life, machine: Kademlia): void {
    const { now } = this.#world
    const state = this.#lives.of(node)
    if (state.awake !== life.awake) {
      // what it did not do while it slept is no neglect
      this.#wakes(state, life.awake)
    }

    if (machine.size === 0) {
      state.since = undefined
    } else {
      state.since ??= now
    }

    if (state.since !== undefined && now - state.looked >= lookEvery && !machine.stopped) {
      state.looked = now
      this.#bootstrap(node, state, state.since, machine)
      this.#refresh(node, state, machine)
    }
  }

  #wakes(state: State, now: Millis): void {
    state.awake = now
    state.since = undefined
    state.held.length = 0
    state.began = state.began === undefined ? undefined : now
  }

  #bootstrap(node: Node, { began, ended }: State, since: Millis, machine: Kademlia): void {
    const { now } = this.#world
    const { bootstrapInterval, queryTimeout } = this.#rules
    if (began !== undefined) {
      const most = queryTimeout + roundOf(machine.table.depth, queryTimeout)
      this.expect(now - began <= most, now, node.index, () => `a bootstrap has run for ${now - began} ms`)
    } else if (bootstrapInterval < Infinity) {
      const waited = now - Math.max(ended ?? -Infinity, since)
      const most = bootstrapInterval * spread + slack
      this.expect(waited <= most, now, node.index, () => `it has not looked itself up for ${waited} ms`)
    }
  }

  #refresh(node: Node, { held, asked }: State, { table }: Kademlia): void {
    const { now } = this.#world
    const { refreshInterval, queryTimeout } = this.#rules
    if (refreshInterval === Infinity) {
      return
    }

    // a lookup counts when it ends, and they run three at a time
    const most = refreshInterval * spread + queryTimeout + roundOf(table.depth, queryTimeout)
    for (let bucket = 0; bucket < Math.min(table.depth, preimageBits); bucket++) {
      const since = table.bucketCount(bucket) === 0 ? undefined : (held[bucket] ?? now)
      const waited = now - Math.max(asked[bucket] ?? -Infinity, since ?? now)
      held[bucket] = since
      this.expect(waited <= most, now, node.index, () => `bucket ${bucket} has not been looked up for ${waited} ms`)
    }
  }
}

/** How long a refresh of so many buckets takes at most. */
function roundOf(depth: number, queryTimeout: Millis): Millis {
  return Math.ceil(depth / refreshLookups) * queryTimeout
}

/** Intervals are spread by up to a tenth. */
const spread = 1.1
const slack: Millis = 2_000
const refreshLookups = 3

/** The deepest bucket whose keys have preimages. */
const preimageBits = 15
const lookEvery: Millis = 30_000
