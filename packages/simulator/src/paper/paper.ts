/**
 * The tables that the design rests on, each from a paper, a measurement of the public network, or an independent model: what
 * is expected, what the simulator measures, and whether the one holds the other up. `../docs/paper.md` is made from them.
 */

import type { Millis } from '@vicinity/kademlia'
import { formatNumber, formatQuantity } from '../report/index.ts'
import type { CdfData, CdfSeries, Unit } from '../report/index.ts'

/** Full, as the table asks for; or small, so that every test run sees that it still works. */
export type Size = 'full' | 'small'

/** One figure of a table. It is as expected if it lies between `from` and `to`. */
export interface Row {
  readonly what: string
  readonly unit: Unit
  readonly expected: number
  readonly from: number
  readonly to: number
  readonly measured: number
  /** What is expected, in words and with its tolerance, which is wider where a run is small. */
  readonly wanted: string
}

/** What running one part of a table gave; everything but the time it took follows from the seed. */
export interface PartResult {
  readonly rows: readonly Row[]
  /** Requests simulated for it. */
  readonly requests: number
  /** What a reader must know of how it was measured, a sentence each. */
  readonly notes?: readonly string[]
  /** What the table makes its rows of, where they compare one part with another. */
  readonly figures?: Readonly<Record<string, number>>
  /** A line for the table's picture, if it has one. */
  readonly series?: CdfSeries
}

/** How far a part is that takes long. */
export interface PartProgress {
  /** Virtual time passed, and when the part ends. */
  readonly virtualMs: Millis
  readonly virtualEndMs: Millis
}

/** A part of a table that runs by itself, and so beside others on another core. */
export interface Part {
  readonly name: string
  run(size: Size, seed: string, progress?: (progress: PartProgress) => void): PartResult
}

/** Events after which a long part says how far it is. */
export const progressEvery = 100_000

export interface PaperTable {
  /** As NUMBERS calls it: T1 to T13. */
  readonly id: string
  readonly title: string
  /** N, trials, definition of success, path width, limits that are off. */
  readonly setup: (size: Size) => string
  readonly source: string
  readonly parts: readonly Part[]
  /** Rows that compare what several parts gave, in the order of the parts. */
  readonly compare?: (results: readonly PartResult[], size: Size) => readonly Row[]
  /** Of the distributions that its parts give. */
  readonly picture?: Omit<CdfData, 'series'>
  /** Where a measured value falls outside: who is wrong, and how that was found out. */
  readonly explanation?: string
}

/** A figure that should be a value, give or take a share of it. */
export function near(what: string, unit: Unit, expected: number, measured: number, tolerance: number): Row {
  const by = tolerance * expected
  const wanted = `${formatQuantity(expected, unit)} ± ${formatNumber(tolerance * 100)} %`
  return { what, unit, expected, from: expected - by, to: expected + by, measured, wanted }
}

/** A figure that should be a value, give or take so much. */
export function close(what: string, unit: Unit, expected: number, measured: number, tolerance: number): Row {
  const wanted = `${formatQuantity(expected, unit)} ± ${formatQuantity(tolerance, unit)}`
  return { what, unit, expected, from: expected - tolerance, to: expected + tolerance, measured, wanted }
}

/** A figure between the least that it should be and the most that it can be. */
export function atLeast(what: string, unit: Unit, [least, most]: readonly [number, number], measured: number): Row {
  return { what, unit, expected: least, from: least, to: most, measured, wanted: `at least ${formatQuantity(least, unit)}` }
}

/** A figure between the least that it can be and the most that it should be. */
export function atMost(what: string, unit: Unit, [least, most]: readonly [number, number], measured: number): Row {
  return { what, unit, expected: most, from: least, to: most, measured, wanted: `at most ${formatQuantity(most, unit)}` }
}

/** All rows of a table. */
export function rowsOf({ compare }: PaperTable, results: readonly PartResult[], size: Size): readonly Row[] {
  return [...results.flatMap(({ rows }) => rows), ...(compare?.(results, size) ?? [])]
}

/** Whether a figure is as expected; the last digits of a sum say nothing. */
export function within({ from, to, measured }: Row): boolean {
  return measured >= from - 1e-9 && measured <= to + 1e-9
}
