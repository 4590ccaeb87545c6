/** Axes: that they cover the values, in order, and say what they show. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { linearScale, logScale } from '../../src/report/pictures/scale.ts'
import type { Scale } from '../../src/report/pictures/scale.ts'
import type { Unit } from '../../src/report/index.ts'

const units = fc.constantFrom<Unit>('count', 'number', 'ms', 'bytes', 'share', 'bits')
const ranges = fc
  .tuple(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.double({ min: 1e-3, max: 1e9, noNaN: true }))
  .map(([low, length]) => [low, low + length] as const)

function labels(scale: Scale): string[] {
  return scale.ticks.map(({ label }) => label)
}

function judge(scale: Scale): void {
  const [first, last] = [scale.ticks[0]?.value ?? NaN, scale.ticks.at(-1)?.value ?? NaN]
  const room = 1e-8 * (scale.max - scale.min)
  assert.ok(first >= scale.min - room && last <= scale.max + room, 'a tick is off the axis')
  assert.ok(Math.abs(scale.at(scale.min)) < 1e-9 && Math.abs(scale.at(scale.max) - 1) < 1e-9)
  scale.ticks.forEach(({ value }, at) => {
    const before = scale.ticks[at - 1]
    assert.ok(before === undefined || (before.value < value && scale.at(before.value) < scale.at(value)))
  })
  assert.equal(new Set(labels(scale)).size, scale.ticks.length, `two ticks say the same: ${labels(scale).join(' ')}`)
}

describe('a linear axis', () => {
  it('covers all values with some ticks at equal steps', () => {
    fc.assert(
      fc.property(ranges, units, fc.integer({ min: 3, max: 12 }), fc.boolean(), (range, unit, count, round) => {
        const scale = linearScale(range, unit, count, round)
        judge(scale)
        assert.ok(scale.at(range[0]) >= -1e-8 && scale.at(range[1]) <= 1 + 1e-8, 'a value is off the axis')
        assert.ok(scale.ticks.length <= count + 2, `${scale.ticks.length} ticks`)
      })
    )
  })

  it('takes the unit and the steps that suit the values', () => {
    const axis = (low: number, high: number, unit: Unit, count = 6): string => {
      const scale = linearScale([low, high], unit, count)
      return `${labels(scale).join(' ')} ${scale.unit}`.trim()
    }
    assert.equal(axis(0, 2_300, 'ms'), '0 500 1,000 1,500 2,000 2,500 ms')
    assert.equal(axis(0, 4_300, 'ms'), '0 1 2 3 4 5 s')
    assert.equal(axis(0, 14_400_000, 'ms'), '0 1 2 3 4 h')
    assert.equal(axis(0, 5_400_000, 'ms'), '0 15 30 45 60 75 90 min')
    assert.equal(axis(0.9, 1, 'share'), '90 92 94 96 98 100 %')
    assert.equal(axis(0.99, 1, 'share', 4), '99.0 99.5 100.0 %')
    assert.equal(axis(0, 3, 'count', 10), '0 1 2 3')
    assert.equal(axis(0, 3_400_000, 'bytes', 4), '0 1 2 3 4 MB')
  })

  it('gives room to a single value, and refuses what is no range', () => {
    for (const value of [0, 1, -3, 1e-6, 1e12]) {
      judge(linearScale([value, value], 'number', 6))
    }

    assert.throws(() => linearScale([1, 0], 'number', 6), RangeError)
    assert.throws(() => linearScale([0, NaN], 'number', 6), RangeError)
  })
})

describe('a logarithmic axis', () => {
  const positive = fc.double({ min: 1e-6, max: 1e12, noNaN: true })

  it('covers all values, and equal factors are equal lengths', () => {
    fc.assert(
      fc.property(positive, positive, units, (a, b, unit) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)]
        const scale = logScale([low, high], unit)
        judge(scale)
        assert.ok(scale.min <= low * (1 + 1e-8) && scale.max >= high * (1 - 1e-8))
        assert.ok(scale.ticks.length >= 2 && scale.ticks.length <= 21)
        const step = scale.at(4 * scale.min) - scale.at(2 * scale.min)
        assert.ok(Math.abs(step - scale.at(2 * scale.min)) < 1e-9)
      })
    )
  })

  it('ticks at 1, 2 and 5, or at powers of ten where there are many', () => {
    assert.deepEqual(labels(logScale([60, 1_800], 'ms')), ['50', '100', '200', '500', '1,000', '2,000'])
    assert.deepEqual(labels(logScale([1, 90_000], 'count')), ['1', '10', '100', '1,000', '10,000', '100,000'])
  })

  it('has no place for 0', () => {
    assert.throws(() => logScale([0, 10], 'ms'), RangeError)
    assert.equal(logScale([1, 10], 'ms').at(0), 0)
  })
})
