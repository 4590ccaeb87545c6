import { second } from '@vicinity/kademlia'
import type { SimulationOptions } from '../options.ts'
import type { Observer } from '../world/observer.ts'
import type { World } from '../world/world.ts'
import { AnswersChecker } from './answers.ts'
import type { Checker } from './checker.ts'
import { DeadlinesChecker } from './deadlines.ts'
import { HealingChecker } from './healing.ts'
import { LeaksChecker } from './leaks.ts'
import { LookupsChecker } from './lookups.ts'
import { RecallChecker } from './recall.ts'
import { RequestsChecker } from './requests.ts'
import { TablesChecker } from './tables.ts'
import { UpkeepChecker } from './upkeep.ts'
import { Watch } from './watch.ts'

/** The judges of a run, and what shows them the world; nobody for `none`, and a sample of the nodes for `some`. */
export function checkersOf(world: World, options: SimulationOptions): { checkers: Checker[]; watch: Observer | undefined } {
  if (options.checks === 'none') {
    return { checkers: [], watch: undefined }
  }

  const { k, alpha, beta, disjointPaths: paths, limitGroups } = options
  const queryTimeout = options.queryTimeout * second
  const rules = { refreshInterval: interval(options.refreshInterval), bootstrapInterval: interval(options.bootstrapInterval) }
  const { connections: heard, undialable, slow, slowDelay } = options
  const lingering = undialable + (slowDelay < givenUp ? slow : 0)
  const needed = patience + (options.flooders > 0 ? Math.ceil(fakes / alpha) * fakePause : 0)
  const patient = options.queryTimeout >= needed && (options.bandwidth === 0 || options.bandwidth >= leastBandwidth)
  const healing = { patient, heard, lingering, limited: limitGroups }
  const checkers: Checker[] = [
    new RequestsChecker(world, Math.max(k, alpha)),
    new LookupsChecker(world, { k, alpha, beta, paths, limitGroups }, queryTimeout),
    new TablesChecker(world, k, limitGroups),
    new AnswersChecker(world, k),
    new DeadlinesChecker(world, queryTimeout),
    new UpkeepChecker(world, { ...rules, queryTimeout }),
    new LeaksChecker(world),
    new RecallChecker(options),
    new HealingChecker(world, k, healing)
  ]
  const every = options.checks === 'all' ? 1 : Math.max(1, Math.floor(options.nodes / sample))
  return { checkers, watch: new Watch(world, checkers, every) }
}

/** Seconds that a lookup may take if it is to find all that it should among many who are gone. */
const patience = 30

/** Of whom one flooder names so many that are not there, each of which holds a place of a lookup for so many seconds. */
const fakes = 40
const fakePause = 5

/** KiB a second with which no answer is late because of others that its sender sends before it. */
const leastBandwidth = 64

/** Milliseconds after which a request is given up: who answers later is as good as dead, and leaves the tables. */
const givenUp = 10_000

/** How many nodes are watched where not all are. */
const sample = 16

/** 0 seconds stand for never. */
function interval(seconds: number): number {
  return seconds === 0 ? Infinity : seconds * second
}
