/**
 * The tables that the design rests on, each from a paper, a measurement of the public network, or an independent model: what
 * is expected, what the simulator measures, and whether the one holds the other up. `../docs/paper.md` is made from them.
 */

/** Full, as the table asks for; or small, so that every test run sees that it still works. */
export type Size = 'full' | 'small'

/** One figure of a table. */
export interface Row {
  readonly what: string
  readonly expected: string
  readonly measured: string
  /** `small` runs are judged with a wider tolerance, which `expected` then names. */
  readonly within: boolean
}

/** What running one part of a table gave; everything but the time it took follows from the seed. */
export interface PartResult {
  readonly rows: readonly Row[]
  /** Requests simulated for it. */
  readonly requests: number
  /** What a reader must know of how it was measured, a sentence each. */
  readonly notes?: readonly string[]
  /** Pictures of it, as SVG, by file name. */
  readonly pictures?: Readonly<Record<string, string>>
}

/** A part of a table that runs by itself, and so beside others on another core. */
export interface Part {
  readonly name: string
  run(size: Size, seed: string): PartResult
}

export interface PaperTable {
  /** As NUMBERS calls it: T1 to T13. */
  readonly id: string
  readonly title: string
  /** N, trials, definition of success, path width, limits that are off. */
  readonly setup: (size: Size) => string
  readonly source: string
  readonly parts: readonly Part[]
  /** Where a measured value falls outside: who is wrong, and how that was found out. */
  readonly explanation?: string
}

/** A figure that should be a value, give or take a share of it. */
export function near(what: string, expected: number, measured: number, tolerance: number, digits = 2): Row {
  return {
    what,
    expected: `${expected.toFixed(digits)} ± ${trim((tolerance * 100).toFixed(1))} %`,
    measured: measured.toFixed(digits),
    within: Math.abs(measured - expected) <= tolerance * expected + 1e-9
  }
}

/** A figure that should be a value, give or take so much. */
export function close(what: string, expected: number, measured: number, tolerance: number, digits = 3): Row {
  return {
    what,
    expected: `${expected.toFixed(digits)} ± ${tolerance}`,
    measured: measured.toFixed(digits),
    within: Math.abs(measured - expected) <= tolerance + 1e-9
  }
}

export function atLeast(what: string, least: number, measured: number, digits = 3): Row {
  return {
    what,
    expected: `at least ${least.toFixed(digits)}`,
    measured: measured.toFixed(digits),
    within: measured >= least - 1e-9
  }
}

export function atMost(what: string, most: number, measured: number, digits = 3): Row {
  return {
    what,
    expected: `at most ${most.toFixed(digits)}`,
    measured: measured.toFixed(digits),
    within: measured <= most + 1e-9
  }
}

export function exactly(what: string, expected: number, measured: number): Row {
  return { what, expected: String(expected), measured: String(measured), within: measured === expected }
}

function trim(text: string): string {
  return text.replace(/\.0+$/, '')
}
