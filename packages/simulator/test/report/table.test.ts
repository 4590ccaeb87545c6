/** Tables for terminals and documents. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatMarkdownTable, formatTable } from '../../src/report/index.ts'
import type { Cell } from '../../src/report/index.ts'
import * as fc from 'fast-check'

const columns = [{ title: 'place' }, { title: 'latency', unit: 'ms' }, { title: 'hops' }] as const

describe('a table', () => {
  it('stands numbers to the right in the unit of their column or their own, and words to the left', () => {
    const rows: Cell[][] = [
      ['Zürich', 12_600, 3],
      ['here', null, { value: 0.5, unit: 'share' }]
    ]
    assert.deepEqual(formatTable({ columns, rows }), [
      'place   latency     hops',
      'Zürich   12.6 s        3',
      'here          –  50.00 %'
    ])
    assert.deepEqual(formatMarkdownTable({ columns, rows }), [
      '| place | latency | hops |',
      '| --- | ---: | ---: |',
      '| Zürich | 12.6 s | 3 |',
      '| here | – | 50.00 % |'
    ])
  })

  it('keeps every cell in its line and its column, whatever is in it', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a|b', 'a\nb', '\u001b[31mred', '\u202ereversed'))
    fc.assert(
      fc.property(fc.array(fc.tuple(text, fc.integer())), pairs => {
        const table = { columns: [{ title: 'name' }, { title: 'n', unit: 'count' }], rows: pairs } as const
        const lines = [...formatTable(table), ...formatMarkdownTable(table)]
        assert.equal(lines.length, 2 * pairs.length + 3)
        for (const line of lines) {
          assert.doesNotMatch(line, /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
        }
        for (const line of formatMarkdownTable(table)) {
          assert.equal(line.replaceAll('\\|', '').split('|').length, 4)
        }
      })
    )
  })

  it('refuses a row that does not fit its columns', () => {
    assert.throws(() => formatTable({ columns, rows: [['only one']] }), /1 cells in a table of 3/)
  })
})
