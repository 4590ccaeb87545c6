/** How far a command's simulations are, on standard error: one line that changes on a terminal, now and then a line elsewhere. */
import { formatProgress, ProgressRate } from '@vicinity/simulator'
import { talk } from '../output.ts'
import type { JobProgress } from './jobs.ts'

/** On a terminal, so that it moves and does not flicker. */
const redrawMs = 100

/** Elsewhere, in a log: often enough to see that it lives. */
const lineMs = 30_000

export class RunProgress {
  readonly #ends: readonly number[]
  readonly #virtual: Float64Array
  readonly #events: Float64Array
  readonly #rate: ProgressRate
  readonly #terminal = process.stderr.isTTY
  readonly #start = performance.now()
  #shownAt: number
  #done = 0
  #drawn = false
  #begun = false
  #shrinking: string | undefined

  /** @param ends - when each run will be over, in virtual time. */
  constructor(ends: readonly number[]) {
    this.#ends = ends
    this.#virtual = new Float64Array(ends.length)
    this.#events = new Float64Array(ends.length)
    this.#rate = new ProgressRate(ends.reduce((total, end) => total + end, 0))
    this.#shownAt = this.#start
    if (this.#terminal) {
      this.#draw()
    }
  }

  update(job: number, progress: JobProgress): void {
    if (progress.type === 'progress') {
      this.#virtual[job] = progress.virtualMs
      this.#events[job] = progress.events
      this.#begin()
      this.#shrinking = undefined
    } else {
      this.#shrinking = `making it small: ${progress.nodes} nodes left, ${progress.tries} runs tried`
    }

    this.#show()
  }

  ended(job: number): void {
    this.#virtual[job] = this.#ends[job] ?? 0
    this.#done++
    this.#begin()
    this.#show()
  }

  /** Time counts from the first sign that a network stands: to build one takes long, and says nothing of the rest. */
  #begin(): void {
    if (!this.#begun) {
      this.#begun = true
      this.#rate.sample(performance.now() - this.#start, sum(this.#virtual), sum(this.#events))
    }
  }

  /** Lets somebody write lines of their own, and goes on below. */
  between(write: () => void): void {
    this.clear()
    write()
    if (this.#terminal) {
      this.#draw()
    }
  }

  /** Leaves the line to whoever writes next. */
  clear(): void {
    if (this.#drawn) {
      this.#drawn = false
      talk.text('\r\u001b[2K')
    }
  }

  #show(): void {
    const now = performance.now()
    if (now - this.#shownAt < (this.#terminal ? redrawMs : lineMs)) {
      return
    }

    this.#shownAt = now
    this.#rate.sample(now - this.#start, sum(this.#virtual), sum(this.#events))
    this.#draw()
  }

  #draw(): void {
    const label = this.#ends.length === 1 ? {} : { label: `${this.#done} of ${this.#ends.length} seeds` }
    const width = Math.max(20, (process.stderr.columns ?? 80) - 1)
    const words = this.#shrinking ?? (this.#begun ? undefined : 'Building the network')
    const line = words?.slice(0, width) ?? formatProgress({ ...this.#rate.progress, ...label }, width)
    if (this.#terminal) {
      this.#drawn = true
      talk.text(`\r\u001b[2K${line}`)
    } else {
      talk.line(line)
    }
  }
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0)
}
