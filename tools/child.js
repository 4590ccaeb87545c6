// @ts-check
/**
 * Runs one child process in our place: our streams are its streams, signals meant for us reach it, and its end is ours.
 */
import { spawn } from 'node:child_process'

/**
 * How a child ended.
 *
 * @typedef {{ code: number } | { signal: NodeJS.Signals }} Ending
 */

/**
 * @typedef {object} Options
 * @property {string} cwd
 * @property {NodeJS.ProcessEnv} [env]
 * @property {import('node:child_process').StdioOptions} [stdio]
 * @property {(child: import('node:child_process').ChildProcess) => void} [started]
 * @property {(signal: NodeJS.Signals) => void} [heard] - told of every signal that we were sent meanwhile
 */

/**
 * @param {string} file - the program
 * @param {string[]} args
 * @param {Options} options
 * @returns {Promise<Ending>} rejects only when the program cannot be started at all
 */
export async function runChild(file, args, { cwd, env = process.env, stdio = 'inherit', started, heard }) {
  return await new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env, stdio })
    const stopForwarding = forwardSignals(child, heard)
    if (child.pid !== undefined) {
      started?.(child)
    }

    child.once('error', error => {
      stopForwarding()
      reject(error)
    })
    child.once('exit', (code, signal) => {
      stopForwarding()
      resolve(signal === null ? { code: code ?? 1 } : { signal })
    })
  })
}

/**
 * A terminal sends Ctrl-C and a hang-up to every process in its foreground, the child too, which must not hear them
 * twice (a second Ctrl-C commonly means "at once"). Without a terminal, whoever sends them sends them to us alone.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {Options['heard']} heard
 */
function forwardSignals(child, heard) {
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  /** @param {NodeJS.Signals} signal */
  const handler = signal => {
    if (signal === 'SIGTERM' || !onTerminal) {
      child.kill(signal)
    }

    heard?.(signal)
  }
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP']
  for (const signal of signals) {
    process.on(signal, handler)
  }

  return () => {
    for (const signal of signals) {
      process.off(signal, handler)
    }
  }
}
