/** What our commands have in common as commander sees them: their help, their options, and what was set. */
import { Option } from 'commander'
import { LineWriter } from './output.ts'
import { readSettings } from './settings.ts'
import type { Command } from 'commander'
import type { OptionSpec, OptionTable, Values } from './options.ts'

/** What every command has: its examples before all else, and errors that are thrown instead of printed. */
export function describe(command: Command, summary: string, examples: readonly string[]): Command {
  return command
    .description(summary)
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: printHelp, writeErr: printHelp, outputError: () => {} })
    .addHelpText('before', `Examples:\n${examples.map(example => `  ${example}`).join('\n')}\n`)
}

export function examplesOf(table: OptionTable): string[] {
  return Object.values(table).map(({ example }) => example)
}

/** All that commander prints by itself is help, which is what was asked for or the answer to a command that is not whole. */
function printHelp(text: string): void {
  new LineWriter(1).line(text.replace(/\n$/, ''))
}

/** Lets a command take the options of a table. */
export function addOptions(command: Command, table: OptionTable): void {
  for (const [name, spec] of Object.entries(table)) {
    command.addOption(commanderOption(name, spec))
  }
}

/** The values of a table's options once a command was parsed; throws `UsageError`. */
export function settingsOf<Table extends OptionTable>(command: Command, table: Table, env: NodeJS.ProcessEnv): Values<Table> {
  // Commander knows `--key-file` as `keyFile`.
  const flags = Object.fromEntries(command.options.map(option => [option.name(), command.opts()[option.attributeName()]]))
  return readSettings(table, flags, env)
}

function commanderOption(name: string, spec: OptionSpec): Option {
  switch (spec.type) {
    case 'flag':
      return new Option(`--${name}`, explain(spec))
    case 'addresses':
      return new Option(`--${name} <address>`, explain(spec)).argParser((value: string, before: string[] | undefined) => [
        ...(before ?? []),
        value
      ])
    case 'choice':
    case 'text':
      return new Option(`--${name} <${spec.placeholder}>`, explain(spec))
  }
}

function explain(spec: OptionSpec): string {
  const notes = [
    ...('choices' in spec ? [`one of: ${spec.choices.join(', ')}`] : []),
    ...(defaultOf(spec) === '' ? [] : [`default: ${defaultOf(spec)}`]),
    ...(spec.env.length === 0 ? [] : [`env: ${spec.env.join(', ')}`])
  ]
  return notes.length === 0 ? spec.help : `${spec.help} (${notes.join('; ')})`
}

/** What holds without the option, in words; nothing for a flag, which is then simply not there. */
export function defaultOf(spec: OptionSpec): string {
  return spec.otherwise ?? ('default' in spec ? (spec.default ?? '') : '')
}
