/** The command, as `bin/vicinity.js` calls it. */
import { CommanderError } from 'commander'
import { UsageError } from './errors.ts'
import { failure } from './failure.ts'
import { runProgram } from './program.ts'
import type { ExitCode, Host } from './host.ts'

/** Runs the command that `argv` (without the interpreter and the script) names, and gives the process's exit code. */
export async function main(argv: readonly string[], host: Host): Promise<ExitCode> {
  // Whatever goes wrong before a command has read its options is said in the form that these arguments ask for.
  const fail = failure(argv)
  try {
    return await runProgram(argv, host, process.env)
  } catch (error) {
    // Help and version, which have been printed; `commander.help` is the help that a command without its rest gets.
    if (error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help')) {
      return 0
    }
    fail(error instanceof CommanderError ? new UsageError(withoutPrefix(error.message)) : error)
    return 1
  }
}

/** Commander's messages begin with `error: ` and put their suggestion on a line of its own. */
function withoutPrefix(message: string): string {
  return message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')
}
