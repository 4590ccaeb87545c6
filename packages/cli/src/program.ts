/** The command line: commander, fed from the options table, with help that begins with examples. */
import { Command } from 'commander'
import { addOptions, describe, examplesOf, settingsOf } from './commander.ts'
import { idCreateOptions, idShowOptions, nodeExamples, nodeOptions, simulateReplayOptions } from './options.ts'
import { version } from './version.ts'
import type { ExitCode, Host } from './host.ts'
import type { OptionTable, Values } from './options.ts'

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
    'vicinity simulate replay trace.jsonl',
    'vicinity simulate baseline --nodes 1000'
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
    addOptions(command, table)
    command.action(async () => {
      exitCode = await run(settingsOf(command, table, env), ...command.args)
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
    'vicinity simulate baseline',
    'vicinity simulate churn --nodes 500 --session-median 10 --seed 1',
    'vicinity simulate swarm --seeds 100',
    'vicinity simulate replay trace.jsonl'
  ])
  const [first, second] = argv.filter(argument => !argument.startsWith('-'))
  const scenarios = first === 'simulate' && second !== 'replay' ? await import('./simulate/scenarios.ts') : undefined
  scenarios?.addScenarios(simulate, host, env, code => {
    exitCode = code
  })

  simulate.commandsGroup('Traces:')
  add(
    simulate,
    'replay <file>',
    'Tell the engine what a node was told that ran with --record, and show whether it decides the same.',
    simulateReplayOptions,
    ['vicinity simulate replay trace.jsonl', ...examplesOf(simulateReplayOptions)],
    runners.simulateReplay
  )

  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    throw scenarios === undefined ? error : scenarios.sayScenario(error)
  }

  return exitCode
}
