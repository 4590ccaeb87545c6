/**
 * How a command says that it cannot go on. `vicinity node` says it on standard output, where its contract has a line for
 * it: `error,<reason>`, or an object under `--json`. The other commands keep standard output for their result.
 */
import { escapeRemote } from '@vicinity/peer/escape'
import { codeOf, reasonOf, UsageError } from './errors.ts'
import { LineWriter, styled, talk } from './output.ts'

/** Says what is wrong. The caller ends with exit code 1. */
export type Failure = (error: unknown) => void

/** The form that an argument list asks for: also when the list itself is what is wrong. */
export function failure(argv: readonly string[]): Failure {
  const node = argv.find(argument => !argument.startsWith('-')) === 'node'
  if (!node) {
    return talkFailure
  }
  return argv.includes('--json') ? jsonFailure : lineFailure
}

/** `error,<reason>` on standard output. */
export function lineFailure(error: unknown): void {
  new LineWriter(1).line(`error,${escapeRemote(reasonOf(error))}`)
  explain(error)
}

/** One object on standard output. `code` is stable; `reason` is for people. */
export function jsonFailure(error: unknown): void {
  new LineWriter(1).line(JSON.stringify({ type: 'error', code: codeOf(error) ?? 'ERR_UNEXPECTED', reason: reasonOf(error) }))
  explain(error)
}

/** Standard error alone. */
export function talkFailure(error: unknown): void {
  talk.line(`${styled('red', 'vicinity:')} ${escapeRemote(reasonOf(error))}`)
  explain(error)
}

/** What helps with a mistake of the user's is the help; with one of ours, where it happened. */
function explain(error: unknown): void {
  if (error instanceof UsageError) {
    talk.line(`See: ${error.command} --help`)
  } else if (error instanceof Error && codeOf(error) === undefined && error.stack !== undefined) {
    talk.line(styled('dim', error.stack))
  }
}
