/** How far a long run is, how fast it goes, and how much longer it will take. */
import { formatCompact, formatCount, formatDuration } from './numbers.ts'
import { plainText, widthOf } from './table.ts'

export interface Progress {
  /** Virtual time passed, and when the run ends. */
  readonly virtualMs: number
  readonly virtualEndMs: number
  /** How much of its work is done, from 0 to 1. */
  readonly share: number
  readonly eventsPerSecond: number
  /** Wall-clock time that the rest will take; `undefined` before there is any speed to tell it from. */
  readonly restMs: number | undefined
  /** What it is the progress of, such as "seed 3 of 50". */
  readonly label?: string
}

const barWidth = 10

/**
 * One line of at most `width` columns (80 if it is not said):
 * `[######----] 63 %  virtual 1 h 12 min of 2 h 51 min · 812,000 events/s · about 3 min left`.
 * Where that is too long it gets shorter words, then fewer of them; the percentage always stays.
 */
export function formatProgress(progress: Progress, width = 80): string {
  const { virtualMs, virtualEndMs, share, eventsPerSecond, restMs } = progress
  // 99.9 % is not yet all
  const percent = `${Math.floor(share * 100)} %`.padStart(5)
  const done = Math.floor(share * barWidth)
  const bar = `[${'#'.repeat(done)}${'-'.repeat(barWidth - done)}]${percent}`
  const label = progress.label === undefined ? '' : `${plainText(progress.label)}  `

  const span = `${formatDuration(virtualMs)} of ${formatDuration(virtualEndMs)}`
  const speed = `${formatCount(roundTo(eventsPerSecond, 1_000))} events/s`
  const compactSpeed = `${formatCompact(eventsPerSecond)} events/s`
  const rest = restMs === undefined ? [] : [`about ${formatDuration(roundRest(restMs))} left`]
  const shortRest = restMs === undefined ? [] : [`${formatDuration(roundRest(restMs))} left`]

  const candidates = [
    `${label}${bar}  ${[`virtual ${span}`, speed, ...rest].join(' · ')}`,
    `${label}${bar}  ${[`virtual ${span}`, compactSpeed, ...rest].join(' · ')}`,
    `${label}${bar}  ${[`virtual ${span}`, compactSpeed, ...shortRest].join(' · ')}`,
    `${label}${bar}  ${[span, compactSpeed, ...shortRest].join(' · ')}`,
    `${label}${bar}  ${[compactSpeed, ...shortRest].join(' · ')}`,
    `${bar}  ${[compactSpeed, ...shortRest].join(' · ')}`,
    `${bar}  ${shortRest.join('')}`.trimEnd()
  ]
  return candidates.find(line => widthOf(line) <= width) ?? percent.trimStart()
}

/** To the thousand for speeds above some thousands, so that the line does not flicker. */
function roundTo(value: number, step: number): number {
  return value < 10 * step ? Math.round(value) : Math.round(value / step) * step
}

/** An estimate to the second would claim what it does not know: 5 s steps over 20 s, whole minutes over 5 minutes. */
function roundRest(ms: number): number {
  const step = ms < 20_000 ? 1_000 : ms < 300_000 ? 5_000 : ms < 6_000_000 ? 60_000 : 600_000
  return Math.ceil(ms / step) * step
}

/** Wall-clock time over which a speed is averaged: older samples fade with it. */
const memoryMs = 10_000

/**
 * So many times slower than so far the rest is thought to go at most: what brings a run to a halt for a minute, such as millions
 * of connections that close at once, says nothing of what comes after it.
 */
const mostSlower = 4

/** What has been done since the start of a run, or of several. */
export interface Done {
  /** In virtual time. */
  readonly virtualMs: number
  /** In whatever unit the run's whole work is told in. */
  readonly work: number
  readonly events: number
}

/**
 * Tells speed and remaining time from samples of what has been done, each at a wall-clock time that only rises. Both
 * are moving averages in which a sample weighs by the time it spans and fades exponentially, so that neither the
 * moment (a collection of garbage) nor the distant past (the cheap beginning of a run) decides.
 */
export class ProgressRate {
  readonly #whole: Omit<Done, 'events'>
  #first: (Done & { readonly wallMs: number }) | undefined
  #last: (Done & { readonly wallMs: number }) | undefined
  /** Faded sums: of the wall time, of what was done in it. */
  #wall = 0
  #work = 0
  #events = 0

  /** @param whole - what will have been done at the end. */
  constructor(whole: Omit<Done, 'events'>) {
    this.#whole = whole
  }

  sample(wallMs: number, done: Done): void {
    const last = this.#last
    if (last !== undefined) {
      const passed = wallMs - last.wallMs
      if (passed <= 0) {
        return
      }

      const fade = Math.exp(-passed / memoryMs)
      this.#wall = this.#wall * fade + passed
      this.#work = this.#work * fade + (done.work - last.work)
      this.#events = this.#events * fade + (done.events - last.events)
    }

    this.#last = { wallMs, ...done }
    this.#first ??= this.#last
  }

  /** For `formatProgress`. */
  get progress(): Progress {
    const { virtualMs, work } = this.#last ?? { virtualMs: 0, work: 0 }
    const whole = this.#whole
    const left = Math.max(0, whole.work - work)
    return {
      virtualMs,
      virtualEndMs: whole.virtualMs,
      share: whole.work > 0 ? Math.min(1, work / whole.work) : 1,
      eventsPerSecond: this.#wall > 0 ? (1_000 * this.#events) / this.#wall : 0,
      restMs: this.#work > 0 ? left * Math.min(this.#wall / this.#work, mostSlower * this.#pace) : undefined
    }
  }

  /** Wall-clock time that a unit of work has taken, since the first sample. */
  get #pace(): number {
    const [first, last] = [this.#first, this.#last]
    return first === undefined || last === undefined ? Infinity : (last.wallMs - first.wallMs) / (last.work - first.work)
  }
}
