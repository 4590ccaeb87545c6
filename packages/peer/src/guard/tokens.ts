import type { Rate } from './limits.ts'

/** A bucket of tokens, full at first. */
export class Tokens {
  readonly #rate: Rate
  readonly #now: () => number
  #left: number
  #filledAt: number

  /** `now` gives monotonic milliseconds. */
  constructor(rate: Rate, now: () => number = () => performance.now()) {
    this.#rate = rate
    this.#now = now
    this.#left = rate.burst
    this.#filledAt = now()
  }

  /** Takes `count` tokens. @returns whether there were as many; otherwise none is taken. */
  take(count = 1): boolean {
    this.#fill()
    if (this.#left < count) {
      return false
    }

    this.#left -= count
    return true
  }

  /** Takes `count` tokens even where there are fewer, so that `waitMs` grows. */
  draw(count: number): void {
    this.#fill()
    this.#left -= count
  }

  /** Milliseconds until `count` tokens are there; 0 when they are. */
  waitMs(count = 1): number {
    this.#fill()
    const missing = Math.min(count, this.#rate.burst) - this.#left
    return missing <= 0 ? 0 : Math.ceil((missing / this.#rate.perSecond) * 1_000)
  }

  #fill(): void {
    const now = this.#now()
    this.#left = Math.min(this.#rate.burst, this.#left + ((now - this.#filledAt) / 1_000) * this.#rate.perSecond)
    this.#filledAt = now
  }
}
