/** The one command that runs a simulation again. */
import { drawOptions, scenarioNames, scenarioOptions } from '@vicinity/simulator'
import { command, quoted } from '../invocation.ts'
import { argumentsOf, differing } from './knobs.ts'
import type { ScenarioName, SimulationInit, SimulationOptions } from '@vicinity/simulator'

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
    ...(only?.faults === undefined ? [] : ['--only-faults', listed(only.faults)]),
    ...(only?.lookups === undefined ? [] : ['--only-lookups', listed(only.lookups)])
  ].join(' ')
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

/** Numbers as `--only-faults` and `--only-lookups` take them. */
function listed(numbers: readonly number[]): string {
  return numbers.length === 0 ? 'none' : numbers.join(',')
}
