import { limits } from './limits.ts'
import type { Millis } from './time.ts'

/**
 * How long to wait for an answer, from the round trips seen so far: the smoothed mean plus four times the smoothed
 * deviation (RFC 6298, section 2), within the limits of the protocol. One estimate for all peers: a lookup asks
 * strangers, of whom nothing else is known.
 */
export class AdaptiveTimeout {
  #mean: Millis = 0
  #deviation: Millis = 0
  #measured = false

  /** The timeout now, in milliseconds. */
  get value(): Millis {
    if (!this.#measured) {
      return limits.requestTimeoutUnmeasured
    }

    const wanted = Math.ceil(this.#mean + 4 * this.#deviation)
    return Math.min(limits.requestTimeoutMax, Math.max(limits.requestTimeoutMin, wanted))
  }

  /** Takes one round trip into account. */
  measured(roundTrip: Millis): void {
    if (!this.#measured) {
      this.#measured = true
      this.#mean = roundTrip
      this.#deviation = roundTrip / 2
      return
    }

    this.#deviation += (Math.abs(roundTrip - this.#mean) - this.#deviation) / 4
    this.#mean += (roundTrip - this.#mean) / 8
  }
}
