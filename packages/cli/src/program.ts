/** The command line: commander, fed from the options table, with help that begins with examples. */
import { Command, CommanderError } from 'commander'
import { addOptions, describe, examplesOf, settingsOf } from './commander.ts'
import { UsageError } from './errors.ts'
import {
  idCreateOptions,
  idShowOptions,
  nodeExamples,
  nodeOptions,
  simulatePaperOptions,
  simulateReplayOptions
} from './options.ts'
import { version } from './version.ts'
import type { ExitCode, Host } from './host.ts'
import type { OptionTable, Values } from './options.ts'

/** The commands' own code, loaded when one runs: `--help` and `--version` need none of it. */
interface Runners {
  readonly node: (settings: Values<typeof nodeOptions>, host: Host) => Promise<ExitCode>
  readonly idCreate: (settings: Values<typeof idCreateOptions>) => Promise<ExitCode>
  readonly idShow: (settings: Values<typeof idShowOptions>) => Promise<ExitCode>
  readonly simulatePaper: (settings: Values<typeof simulatePaperOptions>, host: Host) => Promise<ExitCode>
  readonly simulateReplay: (settings: Values<typeof simulateReplayOptions>, file: string) => Promise<ExitCode>
}

const runners: Runners = {
  node: async (settings, host) => await (await import('./commands/node.ts')).runNode(settings, host),
  idCreate: async settings => await (await import('./commands/id.ts')).createId(settings),
  idShow: async settings => await (await import('./commands/id.ts')).showId(settings),
  simulatePaper: async (settings, host) => await (await import('./commands/simulate-paper.ts')).measurePaper(settings, host),
  simulateReplay: async (settings, file) => await (await import('./commands/simulate-replay.ts')).replayTrace(settings, file)
}

/** Parses `argv` and runs the command it names. Throws `CommanderError` for help and version, {@link UsageError} for what is wrong. */
export async function runProgram(argv: readonly string[], host: Host, env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const program = describe(new Command('vicinity'), 'A Universal Connectivity peer on a Kademlia DHT of its own.', [
    'vicinity node',
    'vicinity node --bootstrap /ip4/127.0.0.1/tcp/4001/p2p/12D3KooW…',
    'vicinity id create',
    'vicinity node --key-file vicinity.key',
    'vicinity node --record trace.jsonl',
    'vicinity simulate replay trace.jsonl',
    'vicinity simulate baseline --nodes 1000'
  ]).version(version(), '-V, --version', 'show the version')
  const commands = new Commands(host, env)
  commands.addNode(program)
  commands.addId(program)
  await commands.addSimulate(program, argv)
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    throw worded(error, commandOf(program, argv))
  }

  return commands.exitCode
}

/** The command that was typed, as far as there is one: its help is what helps. */
function commandOf(program: Command, argv: readonly string[]): string {
  const names = [program.name()]
  let command: Command | undefined = program
  for (const word of argv.filter(argument => !argument.startsWith('-'))) {
    command = command.commands.find(each => each.name() === word)
    if (command === undefined) {
      break
    }

    names.push(word)
  }

  return names.join(' ')
}

function worded(error: unknown, command: string): unknown {
  if (error instanceof UsageError) {
    return new UsageError(error.message, command)
  }

  // `commander.help` is the help that a command without its rest gets
  const printed = error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help')
  return error instanceof CommanderError && !printed ? new UsageError(withoutPrefix(error.message), command) : error
}

/** Commander's messages begin with `error: ` and put their suggestion on a line of its own. */
function withoutPrefix(message: string): string {
  return message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')
}

/** The commands, and how the one went that ran. */
class Commands {
  exitCode: ExitCode = 0
  readonly #host: Host
  readonly #env: NodeJS.ProcessEnv

  constructor(host: Host, env: NodeJS.ProcessEnv) {
    this.#host = host
    this.#env = env
  }

  addNode(program: Command): void {
    this.#add(
      program,
      'node',
      'Run a peer without a person at it, as the Kademlia checkpoint asks.',
      nodeOptions,
      ['vicinity node', ...nodeExamples.map(option => nodeOptions[option].example)],
      async settings => await runners.node(settings, this.#host)
    )
  }

  addId(program: Command): void {
    const id = describe(program.command('id'), 'Make or show an identity.', ['vicinity id create', 'vicinity id show'])
    this.#add(
      id,
      'create',
      'Make an identity and save it; a file that exists is never touched.',
      idCreateOptions,
      ['vicinity id create', ...examplesOf(idCreateOptions)],
      runners.idCreate
    )
    this.#add(
      id,
      'show',
      'Show the identity in a file.',
      idShowOptions,
      ['vicinity id show', ...examplesOf(idShowOptions)],
      runners.idShow
    )
  }

  async addSimulate(program: Command, argv: readonly string[]): Promise<void> {
    const simulate = describe(program.command('simulate'), 'Run the DHT in a simulation, or again as it was recorded.', [
      'vicinity simulate baseline',
      'vicinity simulate churn --nodes 500 --session-median 10 --seed 1',
      'vicinity simulate swarm --seeds 100',
      'vicinity simulate replay trace.jsonl'
    ])
    // the scenarios come from the simulator, which is loaded where one is wanted
    const [first, second] = argv.filter(argument => !argument.startsWith('-'))
    if (first === 'simulate' && second !== 'replay' && second !== 'paper') {
      const { addScenarios } = await import('./simulate/scenarios.ts')
      addScenarios(simulate, this.#host, this.#env, code => {
        this.exitCode = code
      })
    }

    simulate.commandsGroup('Tables:')
    this.#add(
      simulate,
      'paper',
      'Measure the tables of papers that the design rests on, and say which figures are as expected.',
      simulatePaperOptions,
      ['vicinity simulate paper', ...examplesOf(simulatePaperOptions)],
      async settings => await runners.simulatePaper(settings, this.#host)
    )
    simulate.commandsGroup('Traces:')
    this.#add(
      simulate,
      'replay <file>',
      'Tell the engine what a node was told that ran with --record, and show whether it decides the same.',
      simulateReplayOptions,
      ['vicinity simulate replay trace.jsonl', ...examplesOf(simulateReplayOptions)],
      runners.simulateReplay
    )
  }

  #add<Table extends OptionTable>(
    parent: Command,
    name: string,
    summary: string,
    table: Table,
    examples: readonly string[],
    run: (settings: Values<Table>, ...args: string[]) => Promise<ExitCode>
  ): void {
    const command = describe(parent.command(name), summary, examples)
    addOptions(command, table)
    command.action(async () => {
      this.exitCode = await run(settingsOf(command, table, this.#env), ...command.args)
    })
  }
}
