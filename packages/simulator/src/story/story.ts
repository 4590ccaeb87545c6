/** What a run tells besides the figures that every run has: tables and sentences about what it was run for. */
import { minute, second } from '@vicinity/kademlia'
import type { Millis } from '@vicinity/kademlia'
import type { Adversaries } from '../adversary/adversaries.ts'
import { hasFaults } from '../faults/faults.ts'
import type { SimulationOptions } from '../options.ts'
import type { ReportTable } from '../report/index.ts'
import type { FinishedLookup } from '../workload/lookups.ts'
import type { World } from '../world/world.ts'
import { Recovery } from './recovery.ts'
import { Siege } from './siege.ts'
import { Timeline } from './timeline.ts'

/** One who watches a run for what it tells; it changes nothing but what time it is looked at. */
export interface Story {
  /** A lookup of the workload has ended. */
  lookup(lookup: FinishedLookup): void
  /** A part of the run is over. */
  turn(now: Millis): void
  readonly tables: readonly ReportTable[]
  /** A sentence each. */
  readonly notes: readonly string[]
}

/** What the options make worth telling. */
export function storiesOf(world: World, adversaries: Adversaries, options: SimulationOptions): Story[] {
  const end = options.duration * second
  const faultsEnd = options.faultEnd * second
  const { sybils } = adversaries
  return [
    ...(isEventful(options) ? [new Timeline(world, turns(options), options)] : []),
    ...(hasFaults(options) && faultsEnd < end ? [new Recovery(faultsEnd)] : []),
    ...(sybils === undefined ? [] : [new Siege(world, sybils, options)])
  ]
}

/** When the parts of a run are over: equal ones, of a length that one can count with, and at most a dozen. */
export function turns({ duration }: SimulationOptions): Millis[] {
  const end = duration * second
  const length = lengths.find(each => end / each <= mostParts) ?? end / mostParts
  const count = Math.ceil(end / length)
  return Array.from({ length: count }, (_, i) => Math.min(end, (i + 1) * length))
}

const mostParts = 12
const lengths: readonly Millis[] = [
  ...[5, 10].map(seconds => seconds * second),
  ...[1, 2, 5, 10, 20, 30, 60, 120, 240, 480, 1_440].map(minutes => minutes * minute)
]

/** Whether a part of the run may differ from another. */
function isEventful(options: SimulationOptions): boolean {
  const { sessionMedian, foreign, silent, slow, flooders, selfish, liars, tables } = options
  return hasFaults(options) || sessionMedian + foreign + silent + slow + flooders + selfish + liars > 0 || tables === 'join'
}
