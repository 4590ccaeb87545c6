import type { Millis } from '@vicinity/kademlia'

/** The time and the one way to wait for it; an argument, so that tests set both. */
export interface Clock {
  /** A monotonic time in milliseconds; its zero means nothing. */
  now(): Millis
  /** Runs `ring` once after `delay` milliseconds, unless the returned function is called before. */
  after(delay: Millis, ring: () => void): () => void
}

/** The machine's own clock. Its timers keep no process alive: they only ever clean up. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delay, ring) {
    const timer: number | { unref?: () => void } = setTimeout(ring, delay)
    if (typeof timer === 'object') {
      timer.unref?.()
    }

    return () => {
      clearTimeout(timer as ReturnType<typeof setTimeout>)
    }
  }
}

/**
 * One timer for everything that an object waits for. Armed for the earliest time asked of it; it rings once and
 * must be set again, so that nothing runs while nothing is waited for.
 */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #due: Millis = Infinity
  #disarm: (() => void) | undefined

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  get armed(): boolean {
    return this.#disarm !== undefined
  }

  /** Ring at `due`, or earlier if it was already set to. */
  setFor(due: Millis): void {
    if (due >= this.#due) {
      return
    }

    this.#disarm?.()
    this.#due = due
    this.#disarm = this.#clock.after(Math.max(0, due - this.#clock.now()), () => {
      this.#due = Infinity
      this.#disarm = undefined
      this.#ring()
    })
  }

  clear(): void {
    this.#disarm?.()
    this.#due = Infinity
    this.#disarm = undefined
  }
}
