/** The one command that runs a simulation again. */
import { drawOptions, scenarioNames, scenarioOptions } from '@vicinity/simulator'
import { command, quoted } from '../invocation.ts'
import { argumentsOf, differing } from './knobs.ts'
import type { ScenarioName, Settings, SimulationInit, SimulationOptions } from '@vicinity/simulator'

/** Its flags are only those without which it would be another simulation. */
export function reproduce(init: SimulationInit): string {
  const { scenario, seed, options, only } = init
  return [
    command(),
    'simulate',
    scenario,
    '--seed',
    quoted(seed),
    ...argumentsOf(differing(options, presetOf(scenario, seed))),
    ...onlyArguments(only)
  ].join(' ')
}

/** Several seeds, as they were asked for. */
export interface SeedsInit extends Pick<SimulationInit, 'scenario' | 'only'> {
  /** As it was typed: that of the first run may have a number behind it. */
  readonly seed: string
  readonly count: number
  readonly set: Settings
}

/** The same for several seeds: it says what was set, as the rest may be another for each seed. */
export function reproduceSeeds({ scenario, seed, count, set, only }: SeedsInit): string {
  const seeds = ['--seed', quoted(seed), '--seeds', count]
  return [command(), 'simulate', scenario, ...seeds, ...argumentsOf(set), ...onlyArguments(only)].join(' ')
}

/**
 * The same for a run that has been made small: most of its options are then as by default, and `baseline`, which sets next to
 * nothing, says it in fewer words. A scenario is only a name for options.
 */
export function reproduceBriefly(init: SimulationInit): string {
  const [own, brief] = [reproduce(init), reproduce({ ...init, scenario: 'baseline' })]
  return brief.length < own.length ? brief : own
}

/** What a scenario comes to without any flag. */
export function presetOf(scenario: string, seed: string): SimulationOptions {
  return isScenario(scenario) ? scenarioOptions(scenario) : drawOptions(seed)
}

export function isScenario(name: string): name is ScenarioName {
  return (scenarioNames as readonly string[]).includes(name)
}

function onlyArguments(only: SimulationInit['only']): string[] {
  return [
    ...(only?.faults === undefined ? [] : ['--only-faults', listed(only.faults)]),
    ...(only?.lookups === undefined ? [] : ['--only-lookups', listed(only.lookups)])
  ]
}

/** Numbers as `--only-faults` and `--only-lookups` take them. */
function listed(numbers: readonly number[]): string {
  return numbers.length === 0 ? 'none' : numbers.join(',')
}
