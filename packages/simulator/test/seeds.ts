/**
 * Runs that failed once: what was found in each, why, and what mended it. They run with the tests, so that none fails again.
 * The options are those that differ from the defaults, made as few as still failed; a seed alone means something else as soon as
 * the swarm draws from other values.
 */
import type { SimulationOptions } from '../src/options.ts'

export interface RegressionSeed {
  readonly seed: string
  readonly options: Partial<SimulationOptions>
  readonly found: string
  readonly cause: string
  /** The subject of the commit that mended it. */
  readonly mended: string
}

export const regressionSeeds: readonly RegressionSeed[] = []
