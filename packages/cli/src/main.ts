/** The command, as `bin/vicinity.js` calls it. */
import { CommanderError } from 'commander'
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
    // Help and version, which have been printed.
    if (error instanceof CommanderError) {
      return 0
    }
    fail(error)
    return 1
  }
}
