/** The simulator's options as flags: `rttMin` is `--rtt-min`, and what is set by one is checked before anything runs. */
import { Option } from 'commander'
import { defaultOptions, describeValues, optionGroups, optionNames, OptionsError, optionSpecs } from '@vicinity/simulator'
import { UsageError } from '../errors.ts'
import type { OptionName, OptionSpec, Settings } from '@vicinity/simulator'
import type { Command } from 'commander'

/** What every group of options is called in help. */
const headings = {
  network: 'Network:',
  engine: 'Engine of every node:',
  links: 'Links:',
  work: 'Work:',
  churn: 'Churn:',
  adversaries: 'Adversaries:',
  faults: 'Faults:',
  judging: 'Judging:'
} as const satisfies Record<keyof typeof optionGroups, string>

/** The options under their headings, in the order of help. */
export const knobGroups: readonly { readonly heading: string; readonly names: readonly OptionName[] }[] = Object.entries(
  optionGroups
).map(([group, specs]) => ({ heading: headings[group as keyof typeof headings], names: Object.keys(specs) as OptionName[] }))

/** An option as a flag: `sessionMedian` is `--session-median`. */
export function flagOf(name: OptionName): string {
  return `--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
}

/** Flags as they would be typed for some settings. */
export function argumentsOf(settings: Settings): string[] {
  return optionNames.flatMap(name => {
    const value = settings[name]
    if (value === undefined) {
      return []
    }

    return typeof value === 'boolean' ? [value ? flagOf(name) : negated(name)] : [flagOf(name), String(value)]
  })
}

/** Lets a command take every option; help shows what holds without, where `preset` is what the scenario sets. */
export function addKnobs(command: Command, preset: Settings | 'drawn'): void {
  for (const { heading, names } of knobGroups) {
    for (const name of names) {
      for (const option of optionsFor(name, preset)) {
        command.addOption(option.helpGroup(heading))
      }
    }
  }
}

function optionsFor(name: OptionName, preset: Settings | 'drawn'): Option[] {
  const spec = optionSpecs[name]
  const words = `${spec.help} (${notesOf(name, preset).join('; ')})`
  if (spec.type !== 'flag') {
    return [new Option(`${flagOf(name)} <${placeholderOf(spec)}>`, words)]
  }

  // both can be said, and help shows the one that changes something
  const on = new Option(flagOf(name), words)
  const off = new Option(negated(name), preset === 'drawn' ? 'the opposite' : words)
  const holds = preset === 'drawn' ? undefined : (preset[name] ?? spec.default)
  return [on.hideHelp(holds === true), off.hideHelp(holds === false)]
}

function negated(name: OptionName): string {
  return flagOf(name).replace('--', '--no-')
}

export function placeholderOf(spec: OptionSpec): string {
  switch (spec.type) {
    case 'number':
      return spec.unit === '' ? (spec.whole ? 'count' : 'share') : spec.unit
    case 'choice':
      return 'word'
    case 'flag':
      return ''
  }
}

function notesOf(name: OptionName, preset: Settings | 'drawn'): string[] {
  const spec = optionSpecs[name]
  const here = preset === 'drawn' ? undefined : preset[name]
  return [
    ...(spec.type === 'flag' ? [] : [rangeOf(spec)]),
    preset === 'drawn' && spec.swarm !== undefined
      ? `drawn from ${[...new Set(spec.swarm)].join(', ')}`
      : here === undefined
        ? `default: ${shown(spec.default)}`
        : `here: ${shown(here)}; else ${shown(spec.default)}`
  ]
}

/** "0 to 1", "one of a, b". */
export function rangeOf(spec: OptionSpec): string {
  return spec.type === 'number' ? `${spec.min} to ${spec.max}` : describeValues(spec)
}

export function shown(value: string | number | boolean): string {
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value)
}

/** What the command line set; throws {@link UsageError} for what no option can be. */
export function readKnobs(command: Command): Settings {
  const set: Partial<Record<OptionName, string | number | boolean>> = {}
  for (const name of optionNames) {
    // commander goes by the same names: `--rtt-min` is its `rttMin`
    if (command.getOptionValueSource(name) === 'cli') {
      set[name] = read(name, command.getOptionValue(name) as string | boolean)
    }
  }

  return set as Settings
}

function read(name: OptionName, value: string | boolean): string | number | boolean {
  const spec = optionSpecs[name]
  if (typeof value === 'boolean') {
    return value
  }

  const number = decimal.test(value) ? Number(value) : NaN
  const right =
    spec.type === 'choice'
      ? spec.choices.includes(value)
      : spec.type === 'number' && number >= spec.min && number <= spec.max && (!spec.whole || Number.isInteger(number))
  if (!right) {
    throw new UsageError(`${flagOf(name)} is "${value}": it has to be ${describeValues(spec)}`)
  }

  return spec.type === 'number' ? number : value
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** Does something that may refuse the options, and names them in its refusal as they are typed. */
export function checked<Result>(make: () => Result): Result {
  try {
    return make()
  } catch (error) {
    throw error instanceof OptionsError ? new UsageError(error.worded(flagOf)) : error
  }
}

/** Of all values those that differ from what holds without them. */
export function differing(values: Readonly<Record<string, unknown>>, from: Settings = defaultOptions): Settings {
  return Object.fromEntries(optionNames.filter(name => values[name] !== from[name]).map(name => [name, values[name]]))
}
