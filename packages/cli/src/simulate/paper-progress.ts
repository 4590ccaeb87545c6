/** How far the measuring of the papers' tables is: which parts run, and how much of each there is to do. */
import { formatDuration, ProgressRate } from '@vicinity/simulator'
import type { PartProgress } from '@vicinity/simulator/paper'
import { StatusLine } from './status-line.ts'

const minuteMs = 60_000

export class PaperProgress {
  readonly #names: readonly string[]
  readonly #start = performance.now()
  readonly #status = new StatusLine(width => this.#line(width))
  // bounded by the threads: those of the parts that run whose progress is known
  readonly #running = new Map<number, ProgressRate>()
  #done = 0

  /** @param names - of all parts, in the order in which they begin. */
  constructor(names: readonly string[]) {
    this.#names = names
  }

  update(part: number, { virtualMs, virtualEndMs }: PartProgress): void {
    const rate = this.#running.get(part) ?? new ProgressRate(virtualEndMs)
    this.#running.set(part, rate)
    rate.sample(performance.now() - this.#start, virtualMs, 0)
    this.#status.update()
  }

  /** A part has ended, which is said in a line of its own. */
  ended(part: number, write: (count: string) => void): void {
    this.#running.delete(part)
    this.#done++
    this.#status.between(() => {
      write(this.#count)
    })
  }

  /** Leaves the line to whoever writes next. */
  clear(): void {
    this.#status.clear()
  }

  get #count(): string {
    return `[${this.#done}/${this.#names.length}]`
  }

  #line(width: number): string {
    const parts = Array.from(this.#running, ([part, rate]) => {
      const { virtualMs, virtualEndMs, restMs } = rate.progress
      const percent = Math.floor((100 * virtualMs) / virtualEndMs)
      // at first all nodes join at once, and the rest goes faster
      const left = percent < 1 || restMs === undefined ? '' : `, ${formatDuration(Math.ceil(restMs / minuteMs) * minuteMs)} left`
      return `${this.#names[part]} ${percent} %${left}`
    })
    return `${this.#count} ${parts.join(' · ')}`.trimEnd().slice(0, width)
  }
}
