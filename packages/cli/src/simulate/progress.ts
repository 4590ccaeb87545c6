/** How far a command's simulations are. */
import { formatProgress, ProgressRate } from '@vicinity/simulator'
import { StatusLine } from './status-line.ts'
import type { JobProgress } from './jobs.ts'

export class RunProgress {
  readonly #ends: readonly number[]
  readonly #virtual: Float64Array
  readonly #events: Float64Array
  readonly #rate: ProgressRate
  readonly #start = performance.now()
  readonly #status = new StatusLine(width => this.#line(width))
  #done = 0
  #begun = false
  #shrinking: string | undefined

  /** @param ends - when each run will be over, in virtual time. */
  constructor(ends: readonly number[]) {
    this.#ends = ends
    this.#virtual = new Float64Array(ends.length)
    this.#events = new Float64Array(ends.length)
    this.#rate = new ProgressRate(ends.reduce((total, end) => total + end, 0))
    this.#status.begin()
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

    this.#status.update()
  }

  ended(job: number): void {
    this.#virtual[job] = this.#ends[job] ?? 0
    this.#done++
    this.#begin()
    this.#status.update()
  }

  /** Lets somebody write lines of their own, and goes on below. */
  between(write: () => void): void {
    this.#status.between(write)
  }

  /** Leaves the line to whoever writes next. */
  clear(): void {
    this.#status.clear()
  }

  /** Time counts from the first sign that a network stands: to build one takes long, and says nothing of the rest. */
  #begin(): void {
    if (!this.#begun) {
      this.#begun = true
      this.#sample()
    }
  }

  #sample(): void {
    this.#rate.sample(performance.now() - this.#start, sum(this.#virtual), sum(this.#events))
  }

  #line(width: number): string {
    const words = this.#shrinking ?? (this.#begun ? undefined : 'Building the network')
    if (words !== undefined) {
      return words.slice(0, width)
    }

    this.#sample()
    const label = this.#ends.length === 1 ? {} : { label: `${this.#done} of ${this.#ends.length} seeds` }
    return formatProgress({ ...this.#rate.progress, ...label }, width)
  }
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0)
}
