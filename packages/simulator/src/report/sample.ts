/** Two random samples of numbers made one, as if both had been one from the start. */
import type { Rng } from '@vicinity/kademlia'

export interface Sample {
  readonly values: Float64Array
  /** How many values it stands for. */
  readonly of: number
}

/**
 * `size` values as if drawn without replacement from all that two samples stand for. Each draw decides which side it
 * falls on by how many are left there, then takes a random value of that side's sample.
 */
export function sampleOfBoth(rng: Rng, size: number, a: Sample, b: Sample): Float64Array {
  const first = { pool: a.values.slice(), size: a.values.length, left: a.of }
  const second = { pool: b.values.slice(), size: b.values.length, left: b.of }
  const values = new Float64Array(size)
  for (let i = 0; i < size; i++) {
    // never an empty pool: a sample smaller than what is drawn holds all the values that it stands for
    const side = rng.below(first.left + second.left) < first.left ? first : second
    const at = rng.below(side.size)
    values[i] = valueAt(side.pool, at)
    side.size--
    side.pool[at] = valueAt(side.pool, side.size)
    side.left--
  }

  return values
}

export function concatenate(a: Float64Array, b: Float64Array): Float64Array {
  const both = new Float64Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

// Indexing a typed array within its length always gives a number; the type cannot say so.
export function valueAt(values: Float64Array, index: number): number {
  return values[index] as number
}
