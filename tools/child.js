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
 * @param {string} file - the program
 * @param {string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, stdio?: import('node:child_process').StdioOptions, started?: (pid: number) => void }} options
 * @returns {Promise<Ending>} rejects only when the program cannot be started at all
 */
export async function runChild(file, args, { cwd, env = process.env, stdio = 'inherit', started }) {
  return await new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env, stdio })
    const stopForwarding = forwardSignals(child)
    if (child.pid !== undefined) {
      started?.(child.pid)
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
 */
function forwardSignals(child) {
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  /** @type {[NodeJS.Signals, () => void][]} */
  const handlers = [
    ['SIGTERM', () => child.kill('SIGTERM')],
    ['SIGINT', () => onTerminal || child.kill('SIGINT')],
    ['SIGHUP', () => onTerminal || child.kill('SIGHUP')]
  ]
  for (const [signal, handler] of handlers) {
    process.on(signal, handler)
  }

  return () => {
    for (const [signal, handler] of handlers) {
      process.off(signal, handler)
    }
  }
}
