/** The benchmark's own processes: started with the source condition, ended by their id. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'

export class Child {
  readonly #process: ChildProcess
  readonly name: string

  constructor(file: URL, args: readonly string[], nodeArgs: readonly string[] = []) {
    this.name = [basename(file.pathname), ...args.slice(0, 2)].join(' ')
    this.#process = fork(file, args, {
      execArgv: ['-C', 'vicinity-source', '--disable-warning=ExperimentalWarning', ...nodeArgs]
    })
  }

  send(message: object): void {
    this.#process.send(message)
  }

  /** The next message. Fails when the process ends instead. */
  async next<Message>(): Promise<Message> {
    const controller = new AbortController()
    const { signal } = controller
    try {
      return await Promise.race([
        once(this.#process, 'message', { signal }).then(([message]) => message as Message),
        once(this.#process, 'exit', { signal }).then(([code]) => {
          throw new Error(`${this.name} ended with ${String(code)}`)
        })
      ])
    } finally {
      controller.abort()
    }
  }

  async end(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, 'exit')
      this.#process.kill()
      await ended
    }
  }
}
