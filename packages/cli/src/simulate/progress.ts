/** How far a command's simulations are. */
import { endOf, expectedRequests, formatProgress, ProgressRate } from '@vicinity/simulator'
import type { SimulationOptions } from '@vicinity/simulator'
import { StatusLine } from './status-line.ts'
import type { JobProgress } from './jobs.ts'

export class RunProgress {
  readonly #runs: ReadonlyArray<{ readonly end: number; readonly workBy: (virtualMs: number) => number }>
  readonly #virtual: Float64Array
  readonly #work: Float64Array
  readonly #events: Float64Array
  readonly #rate: ProgressRate
  readonly #start = performance.now()
  readonly #status = new StatusLine(width => this.#line(width))
  #done = 0
  #begun = false
  #shrinking: string | undefined

  /** @param runs - the options of each run. */
  constructor(runs: readonly SimulationOptions[]) {
    this.#runs = runs.map(options => ({ end: endOf(options), workBy: expectedRequests(options) }))
    this.#virtual = new Float64Array(runs.length)
    this.#work = new Float64Array(runs.length)
    this.#events = new Float64Array(runs.length)
    const whole = { virtualMs: 0, work: 0 }
    for (const { end, workBy } of this.#runs) {
      whole.virtualMs += end
      whole.work += workBy(end)
    }

    this.#rate = new ProgressRate(whole)
    this.#status.begin()
  }

  update(job: number, progress: JobProgress): void {
    if (progress.type === 'progress') {
      this.#reached(job, progress.virtualMs)
      this.#events[job] = progress.events
      this.#begin()
      this.#shrinking = undefined
    } else {
      this.#shrinking = `making it small: ${progress.nodes} nodes left, ${progress.tries} runs tried`
    }

    this.#status.update()
  }

  ended(job: number): void {
    this.#reached(job, this.#runs[job]?.end ?? 0)
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

  #reached(job: number, virtualMs: number): void {
    this.#virtual[job] = virtualMs
    this.#work[job] = this.#runs[job]?.workBy(virtualMs) ?? 0
  }

  /** Time counts from the first sign that a network stands: to build one takes long, and says nothing of the rest. */
  #begin(): void {
    if (!this.#begun) {
      this.#begun = true
      this.#sample()
    }
  }

  #sample(): void {
    const done = { virtualMs: sum(this.#virtual), work: sum(this.#work), events: sum(this.#events) }
    this.#rate.sample(performance.now() - this.#start, done)
  }

  #line(width: number): string {
    const words = this.#shrinking ?? (this.#begun ? undefined : 'Building the network')
    if (words !== undefined) {
      return words.slice(0, width)
    }

    this.#sample()
    const label = this.#runs.length === 1 ? {} : { label: `${this.#done} of ${this.#runs.length} seeds` }
    return formatProgress({ ...this.#rate.progress, ...label }, width)
  }
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0)
}
