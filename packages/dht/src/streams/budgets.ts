import type { Millis } from '@vicinity/kademlia'
import type { Rate } from './limits.ts'

/** What a message is drawn from: ADD_PROVIDER comes in bursts and has a rate of its own. */
export type Kind = 'request' | 'provide'

/** The two rates of a peer or of an address group. */
export type Rates = Readonly<Record<Kind, Rate>>

interface Bucket {
  tokens: number
  filled: Millis
}

/** What one peer or one address group has left. */
export interface Budget {
  readonly request: Bucket
  readonly provide: Bucket
  /** Streams that are open on it; it is forgotten only when there are none. */
  streams: number
}

/**
 * Token buckets by key. A budget is made full, and is forgotten when it is full again and nothing is open on it, so
 * that opening a new stream or connection gains nobody anything. Bounded: the oldest unused goes when there are too many.
 */
export class Budgets<Name> {
  readonly #rates: Rates
  readonly #limit: number
  // bounded by limit plus those with open streams, which the server bounds
  readonly #budgets = new Map<Name, Budget>()

  constructor(rates: Rates, limit: number) {
    this.#rates = rates
    this.#limit = limit
  }

  get size(): number {
    return this.#budgets.size
  }

  /** The budget of `name`, counting one more open stream on it. Give it back with `close`. */
  open(name: Name, now: Millis): Budget {
    let budget = this.#budgets.get(name)
    if (budget === undefined) {
      this.#makeRoom()
      budget = {
        request: { tokens: this.#rates.request.burst, filled: now },
        provide: { tokens: this.#rates.provide.burst, filled: now },
        streams: 0
      }
      this.#budgets.set(name, budget)
    }

    budget.streams++
    return budget
  }

  close(name: Name, budget: Budget, now: Millis): void {
    budget.streams--
    this.#forgetIfFull(name, budget, now)
  }

  /** How long until a message of this kind may be served; 0 when it may now. */
  wait(budget: Budget, kind: Kind, now: Millis): Millis {
    const rate = this.#rates[kind]
    const tokens = refill(budget[kind], rate, now)
    return tokens >= 1 ? 0 : ((1 - tokens) / rate.perSecond) * 1_000
  }

  /** Draws one message; only after `wait` said 0. */
  draw(budget: Budget, kind: Kind): void {
    budget[kind].tokens--
  }

  /** Forgets whom nothing is open for and nothing is owed by. */
  sweep(now: Millis): void {
    for (const [name, budget] of this.#budgets) {
      this.#forgetIfFull(name, budget, now)
    }
  }

  clear(): void {
    this.#budgets.clear()
  }

  #forgetIfFull(name: Name, budget: Budget, now: Millis): void {
    if (budget.streams === 0 && this.#isFull(budget, 'request', now) && this.#isFull(budget, 'provide', now)) {
      this.#budgets.delete(name)
    }
  }

  #isFull(budget: Budget, kind: Kind, now: Millis): boolean {
    return refill(budget[kind], this.#rates[kind], now) === this.#rates[kind].burst
  }

  #makeRoom(): void {
    if (this.#budgets.size < this.#limit) {
      return
    }

    for (const [name, budget] of this.#budgets) {
      if (budget.streams === 0) {
        this.#budgets.delete(name)
        return
      }
    }
  }
}

function refill(bucket: Bucket, rate: Rate, now: Millis): number {
  if (now > bucket.filled) {
    bucket.tokens = Math.min(rate.burst, bucket.tokens + ((now - bucket.filled) / 1_000) * rate.perSecond)
    bucket.filled = now
  }

  return bucket.tokens
}
