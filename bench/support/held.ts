/** When something was, on the clock and on the thread's. */
class Moment {
  readonly #passedMs = performance.now()
  readonly #computedMs: number

  constructor() {
    const { user, system } = process.threadCpuUsage()
    this.#computedMs = (user + system) / 1_000
  }

  since(earlier: Moment): number {
    return Math.min(this.#passedMs - earlier.#passedMs, this.#computedMs - earlier.#computedMs)
  }
}

/**
 * How long the event loop is held: the longest time between two of its turns. On a busy machine that time includes what
 * other processes computed, so a turn counts as no longer than its own thread computed.
 */
export class HeldProbe {
  #last = new Moment()
  #longest = 0
  #running = true

  constructor() {
    this.#turn()
  }

  /** Forgets what was measured so far. */
  reset(): void {
    this.#last = new Moment()
    this.#longest = 0
  }

  /** The longest standstill since the last reset, in milliseconds, the turn that asks included. */
  get longestMs(): number {
    return Math.max(this.#longest, new Moment().since(this.#last))
  }

  stop(): void {
    this.#running = false
  }

  #turn(): void {
    const now = new Moment()
    this.#longest = Math.max(this.#longest, now.since(this.#last))
    this.#last = now
    if (this.#running) {
      setImmediate(() => {
        this.#turn()
      })
    }
  }
}
