import type { Millis } from '@vicinity/kademlia'

/** The shortest time after which a node may count a request as late. */
export const leastPatience: Millis = 1_000

/** The time after which it counts one as late for which the dial is not through. */
export const dialPatience: Millis = 5_000

/**
 * How long a node should wait for an answer, worked out anew from the round trips that it saw: the smoothed mean and four
 * times the smoothed deviation (RFC 6298, section 2), from 1 to 10 seconds, and 5 before there is any.
 */
export class Patience {
  #smoothed: number | undefined
  #variation = 0

  measured(roundTrip: Millis): void {
    if (this.#smoothed === undefined) {
      this.#smoothed = roundTrip
      this.#variation = roundTrip / 2
    } else {
      this.#variation = 0.75 * this.#variation + 0.25 * Math.abs(this.#smoothed - roundTrip)
      this.#smoothed = 0.875 * this.#smoothed + 0.125 * roundTrip
    }
  }

  get value(): Millis {
    if (this.#smoothed === undefined) {
      return 5_000
    }

    return Math.max(leastPatience, Math.min(10_000, this.#smoothed + 4 * this.#variation))
  }
}
