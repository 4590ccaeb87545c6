import { Rng } from '@vicinity/kademlia'
import { concatenate, sampleOfBoth, valueAt } from './sample.ts'

/** Up to so many values a distribution keeps every one, 800 KB of them; beyond, a random sample of this size. */
export const exactValues = 100_000

/** What a distribution of values comes to, as plain data; every figure in the unit of the values. */
export interface Summary {
  readonly count: number
  readonly mean: number
  /** Standard deviation of the sample (divided by count - 1); 0 of a single value. */
  readonly deviation: number
  readonly min: number
  readonly p1: number
  readonly p5: number
  readonly p10: number
  readonly p50: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** A point of a cumulative distribution: the share (0 to 1) of the values that are at most `value`. */
export interface CdfPoint {
  readonly value: number
  readonly share: number
}

/** A distribution as data that crosses to another thread; `values` is every value, or the sample of them. */
export interface DistributionData {
  readonly count: number
  readonly mean: number
  readonly squares: number
  readonly min: number
  readonly max: number
  readonly values: Float64Array
}

/**
 * Collects numbers in bounded memory and tells their percentiles.
 *
 * Count, mean, deviation, minimum and maximum are always of all values. Percentiles and the CDF are exact up to
 * {@link exactValues} values and come from a uniform random sample of that many beyond (Vitter's algorithm R, drawing
 * from a seeded generator of its own, so a run's figures are the same every time): with 100,000 sampled, a percentile's
 * rank is off by at most .4 points at p50 and .08 at p99, 99 times of 100. Mean and squares are kept by Welford's
 * method, and merged by that of Chan, Golub and LeVeque (1979), which do not lose digits as sums of squares do.
 */
export class Distribution {
  readonly #rng: Rng
  readonly #capacity: number
  #values: Float64Array
  #count = 0
  #mean = 0
  #squares = 0
  #min = Infinity
  #max = -Infinity
  #sorted: Float64Array | undefined

  /**
   * @param rng - draws the sample; split one off for it
   * @param capacity - how many values are kept at most
   */
  constructor(rng: Rng = new Rng('distribution'), capacity: number = exactValues) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`a distribution keeps at least one value, not ${capacity}`)
    }

    this.#rng = rng
    this.#capacity = capacity
    this.#values = new Float64Array(Math.min(capacity, 256))
  }

  static from(data: DistributionData, rng?: Rng, capacity?: number): Distribution {
    const made = new Distribution(rng, capacity)
    const kept = Math.min(data.count, made.#capacity)
    if (data.values.length !== kept) {
      throw new RangeError(`a distribution of ${data.count} values keeps ${kept} of them, not ${data.values.length}`)
    }

    made.#values = data.values.slice()
    made.#count = data.count
    made.#mean = data.mean
    made.#squares = data.squares
    made.#min = data.min
    made.#max = data.max
    return made
  }

  get count(): number {
    return this.#count
  }

  /** 0 when empty, as is {@link deviation}. */
  get mean(): number {
    return this.#mean
  }

  get deviation(): number {
    return this.#count > 1 ? Math.sqrt(this.#squares / (this.#count - 1)) : 0
  }

  /** Infinity when empty. */
  get min(): number {
    return this.#min
  }

  /** -Infinity when empty. */
  get max(): number {
    return this.#max
  }

  /** Whether percentiles are of all values rather than of a sample. */
  get exact(): boolean {
    return this.#count <= this.#capacity
  }

  add(value: number): void {
    if (!Number.isFinite(value)) {
      throw new RangeError(`a distribution is of finite numbers, not ${value}`)
    }

    this.#count++
    const fromMean = value - this.#mean
    this.#mean += fromMean / this.#count
    this.#squares += fromMean * (value - this.#mean)
    this.#min = Math.min(this.#min, value)
    this.#max = Math.max(this.#max, value)
    this.#keep(value)
  }

  #keep(value: number): void {
    const at = this.#count <= this.#capacity ? this.#count - 1 : this.#rng.below(this.#count)
    if (at >= this.#capacity) {
      return
    }

    if (at >= this.#values.length) {
      const grown = new Float64Array(Math.min(this.#capacity, Math.max(at + 1, 2 * this.#values.length)))
      grown.set(this.#values)
      this.#values = grown
    }

    this.#values[at] = value
    this.#sorted = undefined
  }

  /**
   * The nearest-rank percentile: the smallest value that at least `percent` % of the values do not exceed. It is
   * always one of the values (a whole number of hops stays one). `percent` is from 0, the minimum, to 100, the maximum.
   */
  percentile(percent: number): number {
    if (!(percent >= 0 && percent <= 100)) {
      throw new RangeError(`a percentile is from 0 to 100, not ${percent}`)
    }

    if (this.#count === 0) {
      throw new RangeError('an empty distribution has no percentiles')
    }

    if (percent === 0 || percent === 100) {
      return percent === 0 ? this.#min : this.#max
    }

    const sorted = this.#sort()
    // 99.9 % of 1,000 is 999, whatever the floating point product is
    const rank = Math.ceil((percent * sorted.length) / 100 - 1e-9)
    return valueAt(sorted, Math.max(rank, 1) - 1)
  }

  /** `undefined` when empty. */
  summary(): Summary | undefined {
    if (this.#count === 0) {
      return undefined
    }

    return {
      count: this.#count,
      mean: this.#mean,
      deviation: this.deviation,
      min: this.#min,
      p1: this.percentile(1),
      p5: this.percentile(5),
      p10: this.percentile(10),
      p50: this.percentile(50),
      p90: this.percentile(90),
      p95: this.percentile(95),
      p99: this.percentile(99),
      max: this.#max
    }
  }

  /**
   * The cumulative distribution as at most `limit` points, by rising value: one for every distinct value where they
   * are few enough, else at evenly spaced ranks, the first and the last among them.
   */
  cdf(limit = 200): CdfPoint[] {
    if (!Number.isInteger(limit) || limit < 2) {
      throw new RangeError(`a cumulative distribution has at least two points, not ${limit}`)
    }

    const all = steps(this.#sort())
    if (all.length <= limit) {
      return all
    }

    // the first of all, then for each rank wanted the first that reaches it; one that reaches several stands for them all
    const chosen: CdfPoint[] = []
    let rank = 0
    for (const point of all) {
      const reached = point.share * (limit - 1)
      if (reached >= rank) {
        chosen.push(point)
        rank = Math.floor(reached) + 1
      }
    }

    return chosen
  }

  /** Both sets of values as one, which draws its sample from the generator of this. Both must keep the same number of values. */
  merge(other: Distribution): Distribution {
    if (other.#capacity !== this.#capacity) {
      throw new RangeError(`distributions that keep ${this.#capacity} and ${other.#capacity} values do not merge`)
    }

    const count = this.#count + other.#count
    const apart = other.#mean - this.#mean
    const [mine, others] = [this.#kept(), other.#kept()]
    const values =
      count <= this.#capacity
        ? concatenate(mine, others)
        : sampleOfBoth(this.#rng, this.#capacity, { values: mine, of: this.#count }, { values: others, of: other.#count })
    const data: DistributionData = {
      count,
      mean: count === 0 ? 0 : this.#mean + (apart * other.#count) / count,
      squares: count === 0 ? 0 : this.#squares + other.#squares + (apart * apart * this.#count * other.#count) / count,
      min: Math.min(this.#min, other.#min),
      max: Math.max(this.#max, other.#max),
      values
    }
    return Distribution.from(data, this.#rng, this.#capacity)
  }

  /** For another thread, or to be kept. */
  data(): DistributionData {
    const values = this.#kept().slice()
    return { count: this.#count, mean: this.#mean, squares: this.#squares, min: this.#min, max: this.#max, values }
  }

  #kept(): Float64Array {
    return this.#values.subarray(0, Math.min(this.#count, this.#capacity))
  }

  #sort(): Float64Array {
    this.#sorted ??= this.#kept().slice().sort()
    return this.#sorted
  }
}

function steps(sorted: Float64Array): CdfPoint[] {
  const points: CdfPoint[] = []
  sorted.forEach((value, index) => {
    if (value !== sorted[index + 1]) {
      points.push({ value, share: (index + 1) / sorted.length })
    }
  })
  return points
}
