import { log, minute } from '@vicinity/kademlia'
import type { Millis, Rng } from '@vicinity/kademlia'

/** How long nodes stay. */
export interface Sessions {
  /** The length of a new node's session. */
  next(): Millis
  /** How much longer a node stays that was met at a random moment. */
  rest(): Millis
}

/** Whoever is there leaves within the next minute with the same likelihood, however long they have been there. */
export class ExponentialSessions implements Sessions {
  readonly #rng: Rng
  readonly #mean: Millis

  constructor(rng: Rng, median: Millis) {
    this.#rng = rng
    this.#mean = median / Math.LN2
  }

  next(): Millis {
    return Math.round(-log(1 - this.#rng.float()) * this.#mean)
  }

  rest(): Millis {
    return this.next()
  }
}

/**
 * Sessions as measured on the public network ("Design and Evaluation of IPFS", SIGCOMM 2022; ProbeLab's reports: half of
 * those who join are gone within 2 hours and four fifths within 8), scaled to a median. Between the measured points the
 * length is linear in the share, which is where nothing more is known.
 */
export class MeasuredSessions implements Sessions {
  readonly #rng: Rng
  readonly #median: Millis

  constructor(rng: Rng, median: Millis) {
    this.#rng = rng
    this.#median = median
  }

  next(): Millis {
    return Math.round(this.#median * lengthAt(this.#rng.float()))
  }

  /** A session that is met at a random moment is likely a long one: as likely as it is long. */
  rest(): Millis {
    for (;;) {
      const length = lengthAt(this.#rng.float())
      if (this.#rng.float() * longest <= length) {
        return Math.round(this.#median * length * this.#rng.float())
      }
    }
  }
}

/** Shares of all sessions, and how long, in medians, the longest of each share are. The last point bounds the tail. */
const measured: readonly (readonly [share: number, length: number])[] = [
  [0, 1 / 60],
  [0.5, 1],
  [0.8, 4],
  [1, 12]
]

const longest = 12

function lengthAt(share: number): number {
  let [fromShare, fromLength] = [0, 0]
  for (const [toShare, toLength] of measured) {
    if (share <= toShare) {
      return toShare === fromShare
        ? toLength
        : fromLength + ((share - fromShare) / (toShare - fromShare)) * (toLength - fromLength)
    }

    fromShare = toShare
    fromLength = toLength
  }

  return longest
}

export function sessionsOf(kind: 'exponential' | 'measured', medianMinutes: number, rng: Rng): Sessions {
  const median = medianMinutes * minute
  return kind === 'measured' ? new MeasuredSessions(rng, median) : new ExponentialSessions(rng, median)
}
