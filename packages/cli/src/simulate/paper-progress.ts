/** How far the measuring of the papers' tables is: which parts run, and how much of each there is to do. */
import { formatDuration } from '@vicinity/simulator'
import type { PartProgress } from '@vicinity/simulator/paper'
import { StatusLine } from './status-line.ts'

const [secondMs, minuteMs] = [1_000, 60_000]

/** A part that runs: since when, and how far it is if it tells. */
interface Running {
  readonly began: number
  progress: PartProgress | undefined
}

export class PaperProgress {
  readonly #names: readonly string[]
  readonly #status = new StatusLine(width => this.#line(width))
  readonly #timer: NodeJS.Timeout
  // bounded by the threads
  readonly #running = new Map<number, Running>()
  #done = 0

  /** @param names - of all parts, in the order in which they begin. */
  constructor(names: readonly string[]) {
    this.#names = names
    this.#status.begin()
    // most parts are short, and say nothing until they end
    this.#timer = setInterval(() => {
      this.#status.update()
    }, secondMs)
  }

  began(part: number): void {
    this.#running.set(part, { began: performance.now(), progress: undefined })
    this.#status.update()
  }

  update(part: number, progress: PartProgress): void {
    const running = this.#running.get(part)
    if (running !== undefined) {
      running.progress = progress
      this.#status.update()
    }
  }

  /** A part has ended, which is said in a line of its own. */
  ended(part: number, write: (count: string) => void): void {
    this.#running.delete(part)
    this.#done++
    this.#status.between(() => {
      write(this.#count)
    })
  }

  /** All have ended, or nobody wants to know any more: leaves the line to whoever writes next. */
  end(): void {
    clearInterval(this.#timer)
    this.#status.clear()
  }

  get #count(): string {
    return `[${this.#done}/${this.#names.length}]`
  }

  #line(width: number): string {
    const parts = Array.from(this.#running, ([part, running]) => `${this.#names[part]}${farOf(running)}`)
    const line = `${this.#count} ${parts.join(' · ')}`
    return line.length > width ? `${line.slice(0, width - 1)}…` : line
  }
}

function farOf({ began, progress }: Running): string {
  if (progress === undefined) {
    return ''
  }

  const share = progress.virtualMs / progress.virtualEndMs
  // work comes in bursts, when all nodes refresh their tables, so only the whole time tells how long the rest will take
  const restMs = ((performance.now() - began) * (1 - share)) / share
  const left = share < 0.01 ? '' : `, ${formatDuration(Math.ceil(restMs / minuteMs) * minuteMs)} left`
  return ` ${Math.floor(100 * share)} %${left}`
}
