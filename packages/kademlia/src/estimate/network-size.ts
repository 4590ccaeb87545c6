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
 * could never be put right.
 */
export class NetworkSizeEstimate {
  readonly #k: number
  // bounded by limits.sizeLookups: a ring, in which the oldest is replaced first
  readonly #samples: Sample[] = []
  #next = 0

  constructor(k: number) {
    this.#k = k
  }

  /** Notes whom a lookup found that came to its end; one that found too few says nothing. */
  looked(key: Key, closest: readonly PeerInfo[]): void {
    const sample = this.#measure(key, closest)
    if (sample === undefined) {
      return
    }

    const same = this.#samples.findIndex(other => keyEquals(key, other.key))
    if (same !== -1) {
      this.#samples[same] = sample
    } else {
      this.#samples[this.#next] = sample
      this.#next = (this.#next + 1) % limits.sizeLookups
    }
  }

  /** `undefined` while fewer than `sizeLookupsMin` lookups say anything. */
  get value(): NetworkSize | undefined {
    const lookups = this.#samples.length
    if (lookups < limits.sizeLookupsMin) {
      return undefined
    }

    let weighted = 0
    let squares = 0
    for (const sample of this.#samples) {
      weighted += sample.weighted
      squares += sample.squares
    }

    // the sums are nearly gamma distributed, and the mean of 1/x is 1/(1 - v) times more than 1 over the mean of x
    const variance = slopeVariance(this.#k) / lookups
    const peers = Math.round(((1 - variance) * keyspace * squares) / weighted - 1)
    return { peers: Math.max(peers, this.#k), lookups, relativeError: exp(log(variance) / 2) }
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
