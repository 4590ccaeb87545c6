/** Distributions against a plain sorted array, and their samples against what they stand for. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Rng } from '@vicinity/kademlia'
import { Distribution } from '../../src/report/index.ts'
import * as fc from 'fast-check'

// adding 0 leaves no -0, which is the same number but not the same value
const values = fc
  .oneof(fc.integer({ min: -50, max: 50 }), fc.double({ min: -1e9, max: 1e9, noNaN: true }))
  .map(value => value + 0)
const lists = fc.array(values, { minLength: 1, maxLength: 400 })

function of(list: Iterable<number>, capacity?: number): Distribution {
  const distribution = new Distribution(new Rng('test'), capacity)
  for (const value of list) {
    distribution.add(value)
  }

  return distribution
}

function close(a: number, b: number, scale: number): void {
  assert.ok(Math.abs(a - b) <= 1e-9 * Math.max(1, scale), `${a} is not ${b}`)
}

function plainMean(list: readonly number[]): number {
  return list.reduce((sum, value) => sum + value, 0) / list.length
}

describe('a distribution', () => {
  it('gives as a percentile the smallest value that so many do not exceed', () => {
    fc.assert(
      fc.property(lists, fc.integer({ min: 0, max: 1_000 }), (list, perMille) => {
        const got = of(list).percentile(perMille / 10)
        const sorted = list.toSorted((a, b) => a - b)
        const judged = sorted.find(value => 1_000 * list.filter(other => other <= value).length >= perMille * list.length)
        assert.equal(got, judged)
      })
    )
  })

  it('has the count, mean, deviation and ends of the values', () => {
    fc.assert(
      fc.property(lists, list => {
        const { count, mean, deviation, min, max } = of(list)
        const size = Math.max(...list.map(Math.abs))
        assert.deepEqual([count, min, max], [list.length, Math.min(...list), Math.max(...list)])
        close(mean, plainMean(list), size)
        const squares = list.reduce((sum, value) => sum + (value - plainMean(list)) ** 2, 0)
        close(deviation, list.length === 1 ? 0 : Math.sqrt(squares / (list.length - 1)), size)
      })
    )
  })

  it('keeps its percentiles right while values come in between', () => {
    const distribution = of([5, 1])
    assert.equal(distribution.percentile(50), 1)
    distribution.add(3)
    assert.equal(distribution.percentile(50), 3)
    assert.deepEqual(distribution.summary()?.p90, 5)
  })

  it('gives the cumulative share at every distinct value, or at as many as are asked for', () => {
    fc.assert(
      fc.property(lists, fc.integer({ min: 2, max: 50 }), (list, limit) => {
        const points = of(list).cdf(limit)
        const distinct = new Set(list)
        assert.ok(points.length <= limit)
        assert.ok(distinct.size > limit || points.length === distinct.size)
        assert.equal(points[0]?.value, Math.min(...list))
        assert.deepEqual(points.at(-1), { value: Math.max(...list), share: 1 })
        points.forEach(({ value, share }, at) => {
          assert.equal(share, list.filter(other => other <= value).length / list.length)
          assert.ok(at === 0 || value > (points[at - 1]?.value ?? Infinity))
        })
      })
    )
  })

  it('chooses evenly spaced points of a long curve, also after a value that many share', () => {
    const points = of([...Array<number>(500).fill(0), ...Array.from({ length: 500 }, (_, i) => i + 1)]).cdf(21)
    const gaps = points.slice(1).map(({ share }, at) => share - (points[at]?.share ?? 0))
    assert.ok(Math.max(...gaps) < 0.06, `gaps of ${gaps.join(', ')}`)
  })

  it('merges into what all the values together give', () => {
    fc.assert(
      fc.property(fc.array(values, { maxLength: 100 }), fc.array(values, { maxLength: 100 }), (a, b) => {
        const merged = of(a).merge(of(b))
        const whole = of([...a, ...b])
        const size = Math.max(0, ...[...a, ...b].map(Math.abs))
        assert.equal(merged.count, whole.count)
        close(merged.mean, whole.mean, size)
        close(merged.deviation, whole.deviation, size)
        assert.deepEqual(merged.cdf(), whole.cdf())
        if (whole.count > 0) {
          assert.equal(merged.percentile(90), whole.percentile(90))
        }
      })
    )
  })

  it('goes through another thread unchanged, and takes nothing that does not fit together', () => {
    const sent = of([3, 1, 2], 2)
    const received = Distribution.from(structuredClone(sent.data()), new Rng('test'), 2)
    assert.deepEqual(received.data(), sent.data())
    assert.throws(() => Distribution.from({ ...sent.data(), values: new Float64Array(3) }, new Rng('test'), 2), RangeError)
  })

  it('refuses what is no number, a percentile that is none, and to tell one of nothing', () => {
    assert.throws(() => of([NaN]), RangeError)
    assert.throws(() => of([Infinity]), RangeError)
    assert.throws(() => of([1]).percentile(101), RangeError)
    assert.throws(() => of([1]).percentile(NaN), RangeError)
    assert.throws(() => of([]).percentile(50), RangeError)
    assert.throws(() => of([1]).merge(of([1], 7)), /keep/)
    assert.equal(of([]).summary(), undefined)
  })
})

describe('a distribution of more values than it keeps', () => {
  const many = 40_000
  const kept = 2_000
  // a share of 2,000 sampled is off by 5 standard errors, 5.6 points at the middle, once in a million
  const off = (share: number): number => 5 * Math.sqrt((share * (1 - share)) / kept)

  function judge(distribution: Distribution): void {
    assert.equal(distribution.exact, false)
    for (const percent of [5, 50, 95]) {
      const share = distribution.percentile(percent) / many
      assert.ok(Math.abs(share - percent / 100) < off(percent / 100), `p${percent} is ${share}`)
    }
  }

  it('samples all of them alike, in whatever order they come', () => {
    const rising = of(Array(many).keys(), kept)
    judge(rising)
    judge(of([...Array(many).keys()].toReversed(), kept))
    assert.deepEqual([rising.count, rising.min, rising.max, Math.round(rising.mean)], [many, 0, many - 1, many / 2 - 0.5 + 0.5])
  })

  it('samples both sides of a merge by how many values they stand for', () => {
    const low = Array.from({ length: many - 1_000 }, (_, i) => i)
    const high = Array.from({ length: 1_000 }, (_, i) => many - 1_000 + i)
    judge(of(low, kept).merge(of(high, kept)))
    judge(of(high, kept).merge(of(low, kept)))
    judge(of(low.slice(0, many / 2), kept).merge(of([...low.slice(many / 2), ...high], kept)))
  })

  it('goes on sampling after a merge', () => {
    const first = of(Array(many / 2).keys(), kept)
    const merged = first.merge(of([0], kept))
    for (let i = many / 2 + 1; i < many; i++) {
      merged.add(i)
    }

    judge(merged)
  })

  it('keeps the same sample for the same seed', () => {
    assert.deepEqual(of(Array(many).keys(), kept).data(), of(Array(many).keys(), kept).data())
  })
})
