/** The victim: the real `vicinity node` in a process of its own, its output counted, its memory sampled. Linux tells the memory. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ExtraTransport, Target } from './attack.ts'

/** This checkout. */
const here = fileURLToPath(new URL('../..', import.meta.url))
const sampleMs = 100
const stopMs = 5_000
const errorLinesKept = 12
const tailBytes = 512
const newLine = 0x0a

export class Victim {
  readonly #process: ChildProcess
  readonly #errorLines: string[] = []
  readonly #sampling: NodeJS.Timeout
  /** The prefix of the marks of expected messages. */
  readonly mark: string
  readonly #seen = new Set<number>()
  #tail = Buffer.alloc(0)
  #addresses: string[] = []
  lines = 0
  bytes = 0
  #peakMb = 0

  private constructor(process_: ChildProcess, mark: string) {
    this.#process = process_
    this.mark = mark
    process.on('exit', this.#kill)
    process_.stdout?.on('data', (chunk: Buffer) => this.#count(chunk))
    this.#sampling = setInterval(() => {
      this.#peakMb = Math.max(this.#peakMb, this.memoryMb ?? 0)
    }, sampleMs)
  }

  /**
   * Resolves when it listens on everything. `mark` is what the good peer's messages begin with; `checkout` the folder of the
   * repository whose command it is, by default this one.
   */
  static async start(over: readonly ExtraTransport[], mark: string, checkout = here): Promise<Victim> {
    const entry = join(checkout, 'packages/cli/bin/vicinity.js')
    const listen = ['tcp/0', 'tcp/0/ws', ...over.map(name => `udp/0/${name}`)].flatMap(part => [
      '--listen',
      `/ip4/127.0.0.1/${part}`
    ])
    const child = spawn(process.execPath, [entry, 'node', ...listen], { stdio: ['ignore', 'pipe', 'pipe'] })
    const victim = new Victim(child, mark)
    await victim.#listening(2 + over.length)
    return victim
  }

  /** Why it is not alive any more, if so. */
  get ending(): string | undefined {
    const { exitCode, signalCode } = this.#process
    return signalCode ?? (exitCode === null ? undefined : `exit ${exitCode}`)
  }

  /** The end of what it said on both streams. */
  get lastWords(): readonly string[] {
    return [...this.#errorLines, ...this.#tail.toString().split('\n').filter(Boolean)]
  }

  get addresses(): readonly string[] {
    return this.#addresses
  }

  get target(): Target {
    const port = (pattern: RegExp): number =>
      Number(this.#addresses.map(address => pattern.exec(address)?.[1]).find(Boolean) ?? 0)
    return {
      id: this.#addresses[0]?.split('/p2p/')[1] ?? '',
      tcpPort: port(/\/tcp\/(\d+)(?:\/p2p|$)/),
      wsPort: port(/\/tcp\/(\d+)\/ws/),
      quicPort: port(/\/udp\/(\d+)\/quic-v1/),
      webrtcPort: port(/\/udp\/(\d+)\/webrtc-direct/)
    }
  }

  /** Resident memory now; not known without /proc, or when it has ended. */
  get memoryMb(): number | undefined {
    try {
      const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.#process.pid ?? 0}/status`, 'utf8'))?.[1]
      return kilobytes === undefined ? undefined : Number(kilobytes) / 1024
    } catch {
      return undefined
    }
  }

  /** The most since the last call. */
  takePeakMb(): number | undefined {
    const peak = Math.max(this.#peakMb, this.memoryMb ?? 0)
    this.#peakMb = 0
    return peak === 0 ? undefined : peak
  }

  /** Whether it printed the good peer's message of this number. */
  printed(number: number): boolean {
    return this.#seen.has(number)
  }

  /** Resolves after the time, or as soon as the victim has ended. */
  async lives(ms: number): Promise<void> {
    const controller = new AbortController()
    const { signal } = controller
    if (this.ending === undefined) {
      await Promise.race([setTimeout(ms, undefined, { signal }), once(this.#process, 'exit', { signal })]).catch(() => {})
    }
    controller.abort()
  }

  async end(): Promise<void> {
    if (this.ending === undefined) {
      this.#process.kill('SIGTERM')
      await this.lives(stopMs)
    }
    if (this.ending === undefined) {
      this.#process.kill('SIGKILL')
      await this.lives(stopMs)
    }
    clearInterval(this.#sampling)
    process.off('exit', this.#kill)
  }

  /** So that it does not outlive the benchmark. */
  readonly #kill = (): void => {
    this.#process.kill('SIGKILL')
  }

  async #listening(count: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const stream = this.#process.stderr
    if (stream === null) {
      throw new Error('the victim has no standard error')
    }

    createInterface({ input: stream }).on('line', line => {
      this.#errorLines.push(line.slice(0, 300))
      if (this.#errorLines.length > errorLinesKept) {
        this.#errorLines.shift()
      }

      const address = /^Listening on (\S+)/.exec(line)?.[1]
      if (address !== undefined && this.#addresses.push(address) === count) {
        resolve()
      }
    })
    this.#process.once('exit', () => reject(new Error(`the victim did not start:\n${this.#errorLines.join('\n')}`)))
    await promise
  }

  #count(chunk: Buffer): void {
    this.bytes += chunk.length
    for (let at = chunk.indexOf(newLine); at >= 0; at = chunk.indexOf(newLine, at + 1)) {
      this.lines++
    }

    const text = this.#tail.length > 0 ? Buffer.concat([this.#tail, chunk]) : chunk
    for (let at = text.indexOf(this.mark); at >= 0; at = text.indexOf(this.mark, at + 1)) {
      const number = /^\d+(?=\.)/.exec(text.toString('latin1', at + this.mark.length, at + this.mark.length + 12))?.[0]
      if (number !== undefined) {
        this.#seen.add(Number(number))
      }
    }
    this.#tail = Buffer.from(text.subarray(-tailBytes))
  }
}
