/** The times of records, as every implementation writes them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatTimeReceived, parseTimeReceived } from '@vicinity/wire'
import * as fc from 'fast-check'

const noon = Date.UTC(2026, 7, 1, 12, 0, 0)
const endOfTime = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

describe('times of records', () => {
  it('read as they were written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: endOfTime }), millis => {
        assert.equal(parseTimeReceived(formatTimeReceived(millis)), millis)
      })
    )
  })

  it('are written with nine digits, which @libp2p/record needs', () => {
    assert.equal(formatTimeReceived(noon + 7), '2026-08-01T12:00:00.007000000Z')
    fc.assert(
      fc.property(fc.integer({ min: 0, max: endOfTime }), millis => {
        assert.match(formatTimeReceived(millis), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/)
      })
    )
  })

  for (const [text, millis] of [
    ['2026-08-01T12:00:00Z', noon],
    ['2026-08-01T12:00:00.123456789Z', noon + 123],
    ['2026-08-01T12:00:00.1Z', noon + 100],
    ['2026-08-01t12:00:00.0099z', noon + 9],
    ['2026-08-01 12:00:00+00:00', noon],
    ['2026-08-01T14:30:00+02:30', noon],
    ['2026-08-01T11:00:00-01:00', noon],
    ['2026-08-01T23:59:60Z', Date.UTC(2026, 7, 2)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['1970-01-01T00:00:00Z', 0],
    ['9999-12-31T23:59:59.999Z', endOfTime],
    // py: seconds as a decimal number.
    ['1785585600', noon],
    ['1785585600.5', noon + 500],
    ['1785585600.0299999', noon + 29],
    ['0', 0]
  ] as const) {
    it(`${text} is a time`, () => {
      assert.equal(parseTimeReceived(text), millis)
    })
  }

  for (const text of [
    '',
    ' ',
    'now',
    '2026-08-01',
    '2026-08-01T12:00:00',
    '2026-08-01T12:00Z',
    '2026-08-01T12:00:00.Z',
    '2026-8-1T12:00:00Z',
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-08-01T24:00:00Z',
    '2026-08-01T12:60:00Z',
    '2026-08-01T12:00:61Z',
    '2026-08-01T12:00:00+24:00',
    '2026-08-01T12:00:00+00:60',
    '1969-12-31T23:59:59Z',
    '1970-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    '0000-00-00T00:00:00Z',
    '0050-02-03T00:00:00Z',
    '-1785585600',
    '1e9',
    'NaN',
    'Infinity',
    '1785585600.',
    '.5',
    '999999999999',
    '2026-08-01T12:00:00Z ',
    '٢٠٢٦-08-01T12:00:00Z'
  ]) {
    it(`"${text}" is none`, () => {
      assert.equal(parseTimeReceived(text), undefined)
    })
  }

  it('none is none', () => {
    assert.equal(parseTimeReceived(undefined), undefined)
  })

  it('any text is a time within range or none', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 64 }),
          fc.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,9})?(Z|[+-]\d\d:\d\d)$/)
        ),
        text => {
          const millis = parseTimeReceived(text)
          assert.ok(millis === undefined || (Number.isInteger(millis) && millis >= 0 && millis <= endOfTime))
        }
      )
    )
  })

  it('outside of its range is a mistake of ours', () => {
    for (const millis of [-1, Number.NaN, Number.POSITIVE_INFINITY, endOfTime + 1]) {
      assert.throws(() => formatTimeReceived(millis), { name: 'AssertionError' })
    }
  })
})
