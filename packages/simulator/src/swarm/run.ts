import { Simulation } from '../simulation/simulation.ts'
import type { SimulationInit } from '../simulation/simulation.ts'
import type { RunReport } from '../report/index.ts'
import { drawOptions } from './draw.ts'
import type { Settings } from './draw.ts'

/** The first thing that a checker found in a run. */
export interface Finding {
  readonly checker: string
  readonly violations: number
  readonly first: string
}

/** How a run of one seed went. */
export interface SeedRun {
  readonly init: SimulationInit
  readonly report: RunReport
  /** Empty when all checks held. A run that threw an error is a finding of its own. */
  readonly findings: readonly Finding[]
}

/** What a seed stands for: the options drawn from it, but for those that are given. */
export function initOf(seed: string, given: Settings = {}): SimulationInit {
  return { scenario: 'swarm', seed, options: drawOptions(seed, given) }
}

/**
 * Runs a simulation to its end.
 *
 * @param yielded - called now and then; the run goes on as long as it gives true.
 */
export function runInit(init: SimulationInit, yielded: () => boolean = () => true): SeedRun {
  const simulation = new Simulation(init)
  let thrown: Finding | undefined
  try {
    while (simulation.step(eventsAtOnce) && yielded()) {}
  } catch (error) {
    // an engine's own assertion is as good as a checker
    const message = error instanceof Error ? error.message : String(error)
    thrown = { checker: 'assertions', violations: 1, first: `at ${simulation.world.now} ms: ${message}` }
  }

  const report = simulation.report()
  const findings = report.checkers
    .filter(({ violations }) => violations > 0)
    .map(({ name, violations, first = '' }) => ({ checker: name, violations, first }))
  return { init, report, findings: thrown === undefined ? findings : [thrown, ...findings] }
}

export function runSeed(seed: string, given: Settings = {}): SeedRun {
  return runInit(initOf(seed, given))
}

const eventsAtOnce = 100_000
