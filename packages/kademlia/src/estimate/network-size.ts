import type { PeerInfo } from '../contact.ts'
import { keyEquals, leadingDistance } from '../key.ts'
import type { Key } from '../key.ts'
import { limits } from '../limits.ts'
import { exp, log } from '../math.ts'
import { neighbours } from './neighbours.ts'

/** How many peers answer on the network, as far as one of them can tell. */
export interface NetworkSize {
  readonly peers: number
  /** How many lookups say so. */
  readonly lookups: number
  /** The standard deviation of `peers`, as a share of it, where keys are spread evenly. */
  readonly relativeError: number
}

/** What one lookup says. */
interface Sample {
  readonly key: Key
  /** Σ i·dᵢ over its neighbours, the i-th of them at the {@link leadingDistance} dᵢ. */
  readonly weighted: number
  /** Σ i² over the same. */
  readonly squares: number
}

/** The size of the keyspace, as leading distances count. */
const keyspace = 0x20000000000000

/**
 * How large the network is, from the lookups that found all of a key's neighbours: with N peers spread evenly, the i-th
 * nearest to any key lies at about i/(N+1) of the keyspace. The slope of that line, through the origin and over
 * the last `sizeLookups` lookups, gives N.
 *
 * Each key counts once, with its latest lookup, so neither the self-lookup that comes every few minutes nor one busy key
 * outweighs the others; which of the upkeep's lookups are random enough to count is the caller's part. A lookup
 * whose neighbours look made up counts too: it is one among many, and an estimate that took no notice of what surprises it
 * could never be put right. But it is no mean of two networks of quite different sizes: those that are far from the median are
 * left out, the few that were attacked as well as, once most have found another network (one in a house has met the world), those from before.
 */
export class NetworkSizeEstimate {
  readonly #k: number
  /** Of what one lookup says. */
  readonly #variance: number
  /** How many times as large, or as small, as the median a slope is at most that counts. */
  readonly #span: number
  // bounded by limits.sizeLookups: the oldest leaves first
  readonly #samples: Sample[] = []

  constructor(k: number) {
    this.#k = k
    this.#variance = slopeVariance(k)
    this.#span = exp(limits.sizeDeviations * squareRoot(this.#variance))
  }

  /** Notes whom a lookup found that came to its end; one that found too few says nothing. */
  looked(key: Key, closest: readonly PeerInfo[]): void {
    const sample = this.#measure(key, closest)
    if (sample === undefined) {
      return
    }

    const same = this.#samples.findIndex(other => keyEquals(key, other.key))
    if (same !== -1) {
      this.#samples.splice(same, 1)
    } else if (this.#samples.length === limits.sizeLookups) {
      this.#samples.shift()
    }

    this.#samples.push(sample)
  }

  /** `undefined` while fewer than `sizeLookupsMin` lookups say anything. */
  get value(): NetworkSize | undefined {
    const slope = medianSlope(this.#samples)
    let lookups = 0
    let weighted = 0
    let squares = 0
    for (const sample of this.#samples) {
      if (slopeOf(sample) < slope * this.#span && slopeOf(sample) * this.#span > slope) {
        lookups++
        weighted += sample.weighted
        squares += sample.squares
      }
    }

    if (lookups < limits.sizeLookupsMin) {
      return undefined
    }

    // the sums are nearly gamma distributed, and the mean of 1/x is 1/(1 - v) times more than 1 over the mean of x
    const variance = this.#variance / lookups
    const peers = Math.round(((1 - variance) * keyspace * squares) / weighted - 1)
    return { peers: Math.max(peers, this.#k), lookups, relativeError: squareRoot(variance) }
  }

  #measure(key: Key, closest: readonly PeerInfo[]): Sample | undefined {
    const peers = neighbours(key, closest, this.#k)
    if (peers === undefined) {
      return undefined
    }

    let weighted = 0
    let squares = 0
    for (const [at, { contact }] of peers.entries()) {
      const i = at + 1
      weighted += i * leadingDistance(key, contact.key)
      squares += i * i
    }

    return { key, weighted, squares }
  }
}

/** How far one neighbour is from the next. */
function slopeOf({ weighted, squares }: Sample): number {
  return weighted / squares
}

function medianSlope(samples: readonly Sample[]): number {
  const slopes = samples.map(slopeOf).sort((a, b) => a - b)
  return slopes[slopes.length >> 1] ?? 0
}

/** By functions that are the same in every JavaScript engine. */
function squareRoot(value: number): number {
  return exp(log(value) / 2)
}

/**
 * The relative variance of the slope that one lookup gives. The gaps between neighbours are independent and exponential;
 * the j-th is part of every distance from the j-th on, so its weight is the sum of the ranks from j to k.
 */
function slopeVariance(k: number): number {
  let weight = 0
  let sum = 0
  let squares = 0
  for (let j = k; j > 0; j--) {
    weight += j
    sum += weight * weight
    squares += j * j
  }

  return sum / (squares * squares)
}
