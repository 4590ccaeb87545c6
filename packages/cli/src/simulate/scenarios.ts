/** `vicinity simulate <scenario>`: a command for each scenario, with every option of the simulator as a flag. */
import { scenarioNames, scenarios } from '@vicinity/simulator'
import { addOptions, describe, settingsOf } from '../commander.ts'
import { UsageError } from '../errors.ts'
import { simulateOptions } from '../options.ts'
import { addKnobs, argumentsOf, readKnobs } from './knobs.ts'
import type { Settings } from '@vicinity/simulator'
import type { Command, CommanderError } from 'commander'
import type { ExitCode, Host } from '../host.ts'

interface Offer {
  readonly name: string
  readonly summary: string
  /** What it sets, or that the seed decides. */
  readonly preset: Settings | 'drawn'
}

/** Every scenario there is. */
export const offers: readonly Offer[] = [
  ...scenarioNames.map(name => ({ name, summary: scenarios[name].summary, preset: scenarios[name].options })),
  { name: 'swarm', summary: 'a small network of which the seed decides everything that no flag does', preset: 'drawn' }
]

/** Adds them to `vicinity simulate`. `exit` is told how it went. */
export function addScenarios(simulate: Command, host: Host, env: NodeJS.ProcessEnv, exit: (code: ExitCode) => void): void {
  simulate.commandsGroup('Scenarios:').exitOverride(sayScenario)
  for (const { name, summary, preset } of offers) {
    const command = describe(simulate.command(name), describeOffer(summary, preset), examplesOf(name, preset)).summary(summary)
    command.optionsGroup('This run:')
    addOptions(command, simulateOptions)
    addKnobs(command, preset)
    command.action(async () => {
      const { simulate: run } = await import('../commands/simulate.ts')
      exit(await run({ scenario: name, set: readKnobs(command), settings: settingsOf(command, simulateOptions, env) }, host))
    })
  }
}

function describeOffer(summary: string, preset: Settings | 'drawn'): string {
  const sentence = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
  return preset === 'drawn' ? sentence : `${sentence}\nIt sets ${argumentsOf(preset).join(' ')}.`
}

export function examplesOf(name: string, preset: Settings | 'drawn'): string[] {
  return preset === 'drawn'
    ? [
        `vicinity simulate ${name} --seeds 100`,
        `vicinity simulate ${name} --seed 17`,
        `vicinity simulate ${name} --seeds 1000 --loss 0.05 --json`
      ]
    : [
        `vicinity simulate ${name}`,
        `vicinity simulate ${name} --nodes 500 --seed 1`,
        `vicinity simulate ${name} --seeds 4 --json`,
        `vicinity simulate ${name} --seed 1 --out ${name}`
      ]
}

/** Of a name that is none of a scenario, commander says that it is no command. */
function sayScenario(error: CommanderError): never {
  const [, name, suggestion] = /unknown command '([^]*?)'(?:\s*\(([^)]*)\))?$/.exec(error.message) ?? []
  if (error.code !== 'commander.unknownCommand' || name === undefined) {
    throw error
  }

  throw new UsageError(`unknown scenario '${name}' (${suggestion ?? `there are ${offers.map(offer => offer.name).join(', ')}`})`)
}
