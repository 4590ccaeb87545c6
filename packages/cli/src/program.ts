/** The command line: commander, fed from the options table, with help that begins with examples. */
import { Command, Option } from 'commander'
import { idCreateOptions, idShowOptions, nodeExamples, nodeOptions, simulateReplayOptions } from './options.ts'
import { LineWriter } from './output.ts'
import { readSettings } from './settings.ts'
import { version } from './version.ts'
import type { Host } from './host.ts'
import type { OptionSpec, OptionTable, Values } from './options.ts'

/** The exit code of a command that ran. */
export type ExitCode = 0 | 1

/** The commands' own code, loaded when one runs: `--help` and `--version` need none of it. */
interface Runners {
  readonly node: (settings: Values<typeof nodeOptions>, host: Host) => Promise<ExitCode>
  readonly idCreate: (settings: Values<typeof idCreateOptions>) => Promise<ExitCode>
  readonly idShow: (settings: Values<typeof idShowOptions>) => Promise<ExitCode>
  readonly simulateReplay: (settings: Values<typeof simulateReplayOptions>, file: string) => Promise<ExitCode>
}

const runners: Runners = {
  node: async (settings, host) => await (await import('./commands/node.ts')).runNode(settings, host),
  idCreate: async settings => await (await import('./commands/id.ts')).createId(settings),
  idShow: async settings => await (await import('./commands/id.ts')).showId(settings),
  simulateReplay: async (settings, file) => await (await import('./commands/simulate-replay.ts')).replayTrace(settings, file)
}

/** Parses `argv` and runs the command it names. Throws `CommanderError` for help, version and usage, `UsageError` for bad values. */
export async function runProgram(argv: readonly string[], host: Host, env: NodeJS.ProcessEnv): Promise<ExitCode> {
  let exitCode: ExitCode = 0
  const program = describe(new Command('vicinity'), 'A Universal Connectivity peer on a Kademlia DHT of its own.', [
    'vicinity node',
    'vicinity node --bootstrap /ip4/127.0.0.1/tcp/4001/p2p/12D3KooW…',
    'vicinity id create',
    'vicinity node --key-file vicinity.key',
    'vicinity node --record trace.jsonl',
    'vicinity simulate replay trace.jsonl'
  ]).version(version(), '-V, --version', 'show the version')

  const add = <Table extends OptionTable>(
    parent: Command,
    name: string,
    summary: string,
    table: Table,
    examples: readonly string[],
    run: (settings: Values<Table>, ...args: string[]) => Promise<ExitCode>
  ): void => {
    const command = describe(parent.command(name), summary, examples)
    for (const [option, spec] of Object.entries(table)) {
      command.addOption(commanderOption(option, spec))
    }
    command.action(async () => {
      // Commander knows `--key-file` as `keyFile`.
      const flags = Object.fromEntries(command.options.map(option => [option.name(), command.opts()[option.attributeName()]]))
      exitCode = await run(readSettings(table, flags, env), ...command.args)
    })
  }

  add(
    program,
    'node',
    'Run a peer without a person at it, as the Kademlia checkpoint asks.',
    nodeOptions,
    ['vicinity node', ...nodeExamples.map(option => nodeOptions[option].example)],
    async settings => await runners.node(settings, host)
  )
  const id = describe(program.command('id'), 'Make or show an identity.', ['vicinity id create', 'vicinity id show'])
  add(
    id,
    'create',
    'Make an identity and save it; a file that exists is never touched.',
    idCreateOptions,
    ['vicinity id create', ...examplesOf(idCreateOptions)],
    runners.idCreate
  )
  add(
    id,
    'show',
    'Show the identity in a file.',
    idShowOptions,
    ['vicinity id show', ...examplesOf(idShowOptions)],
    runners.idShow
  )
  const simulate = describe(program.command('simulate'), 'Run the DHT in a simulation, or again as it was recorded.', [
    'vicinity simulate replay trace.jsonl'
  ])
  add(
    simulate,
    'replay <file>',
    'Tell the engine what a node was told that ran with --record, and show whether it decides the same.',
    simulateReplayOptions,
    ['vicinity simulate replay trace.jsonl', ...examplesOf(simulateReplayOptions)],
    runners.simulateReplay
  )

  await program.parseAsync(argv, { from: 'user' })
  return exitCode
}

/** What every command has: its examples before all else, and errors that are thrown instead of printed. */
function describe(command: Command, summary: string, examples: readonly string[]): Command {
  return command
    .description(summary)
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: printHelp, writeErr: printHelp, outputError: () => {} })
    .addHelpText('before', `Examples:\n${examples.map(example => `  ${example}`).join('\n')}\n`)
}

function examplesOf(table: OptionTable): string[] {
  return Object.values(table).map(({ example }) => example)
}

/** All that commander prints by itself is help, which is what was asked for or the answer to a command that is not whole. */
function printHelp(text: string): void {
  new LineWriter(1).line(text.replace(/\n$/, ''))
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
    `env: ${spec.env.join(', ')}`
  ]
  return `${spec.help} (${notes.join('; ')})`
}

/** What holds without the option, in words; nothing for a flag, which is then simply not there. */
export function defaultOf(spec: OptionSpec): string {
  return spec.otherwise ?? ('default' in spec ? (spec.default ?? '') : '')
}
