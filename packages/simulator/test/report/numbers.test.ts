/** Numbers as people read them, at the edges where a unit or a digit changes. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatBytes, formatCompact, formatCount, formatDuration, formatNumber, formatShare } from '../../src/report/index.ts'
import * as fc from 'fast-check'

function all(format: (value: number) => string, cases: Readonly<Record<string, number>>): void {
  for (const [text, value] of Object.entries(cases)) {
    assert.equal(format(value), text)
  }
}

describe('numbers', () => {
  it('set thousands apart and keep three digits of what is not whole', () => {
    all(formatCount, { '0': 0, '999': 999, '1,000': 1_000, '-1,234,567': -1_234_567, '–': NaN })
    assert.deepEqual([-0.4, -0].map(formatCount), ['0', '0'])
    all(formatNumber, {
      '27.8': 27.84,
      '3': 3,
      '1,234': 1_234,
      '1,235': 1_234.6,
      '0.0312': 0.0312,
      '100': 99.96,
      '1.00': 0.99951
    })
    all(formatNumber, { '-2.50': -2.5, '5.00e-5': 0.00005, '–': Infinity })
    all(formatCompact, { '812': 812, '812k': 812_345, '81.2k': 81_234, '1.2M': 1_234_567, '1M': 999_600 })
  })

  it('take the unit that suits a duration, and never 60 of one', () => {
    all(formatDuration, {
      '0 s': 0,
      '0.500 ms': 0.5,
      '340 ms': 340,
      '1 s': 999.6,
      '1.24 s': 1_240,
      '1.2 s': 1_200,
      '12.6 s': 12_600
    })
    all(formatDuration, { '1 min': 59_960, '3 min 20 s': 200_000, '1 h': 3_599_900, '1 h 12 min': 4_320_000 })
    all(formatDuration, { '1 d': 86_380_000, '2 d 3 h': 183_600_000, '-12 s': -12_000, '–': Infinity })
  })

  it('scale bytes by thousands, and never show 1,000 of one unit', () => {
    all(formatBytes, { '0 B': 0, '812 B': 812, '1 kB': 999.7, '3.4 MB': 3_412_345, '1 MB': 999_960, '1,234 TB': 1.234e15 })
  })

  it('say 0 % and 100 % only of none and all', () => {
    all(formatShare, { '0 %': 0, '100 %': 1, '99.93 %': 0.9993, '99.996 %': 0.99996, '0.001 %': 0.00001, '50.00 %': 0.5 })
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, minExcluded: true, maxExcluded: true, noNaN: true }), share => {
        assert.doesNotMatch(formatShare(share), /^(0(\.0*)?|100(\.0*)?) %$/)
      })
    )
  })

  it('keep their value within what they show', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e15, noNaN: true }), value => {
        const read = Number(formatNumber(value).replaceAll(',', ''))
        assert.ok(Math.abs(read - value) <= Math.max(value * 0.0051, 0), `${value} reads ${read}`)
      })
    )
  })
})
