import { Simulation } from '../simulation/simulation.ts'
import type { SimulationInit } from '../simulation/simulation.ts'
import type { CheckerReport, RunReport } from '../report/index.ts'
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

/** Who runs a simulation may look at it on the way. */
export interface RunWatch {
  /** Called before anything has happened. */
  began?(simulation: Simulation): void
  /** Called now and then; the run goes on as long as it gives true. */
  yielded?(simulation: Simulation): boolean
}

/** Runs a simulation to its end. @throws OptionsError for options that cannot be. */
export function runInit(init: SimulationInit, watch: RunWatch = {}): SeedRun {
  const simulation = new Simulation(init)
  watch.began?.(simulation)
  let thrown: CheckerReport | undefined
  try {
    while (simulation.step(eventsAtOnce) && watch.yielded?.(simulation) !== false) {}
  } catch (error) {
    // an engine's own assertion is as good as a checker
    const message = error instanceof Error ? error.message : String(error)
    thrown = { name: 'assertions', checked: 1, violations: 1, first: `at ${simulation.world.now} ms: ${message}` }
  }

  const report = reportOf(simulation, thrown)
  const findings = report.checkers
    .filter(({ violations }) => violations > 0)
    .map(({ name, violations, first = '' }) => ({ checker: name, violations, first }))
  return { init, report, findings }
}

function reportOf(simulation: Simulation, thrown: CheckerReport | undefined): RunReport {
  const report = simulation.report()
  return thrown === undefined ? report : { ...report, ended: 'failed', checkers: [thrown, ...report.checkers] }
}

export function runSeed(seed: string, given: Settings = {}): SeedRun {
  return runInit(initOf(seed, given))
}

/** So few that whoever watches is asked several times a second. */
const eventsAtOnce = 10_000
