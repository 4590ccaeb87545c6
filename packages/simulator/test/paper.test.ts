/** The papers' tables at a small size: that each still runs, gives the figures it is about, and finds them as expected. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { paperDocument, paperTables, rowsOf, within } from '@vicinity/simulator/paper'
import type { PaperRun } from '@vicinity/simulator/paper'

const seed = 'small'
const runs: PaperRun[] = []

describe('the papers’ tables, small', () => {
  for (const table of paperTables) {
    it(`${table.id} ${table.title}`, t => {
      const results = table.parts.map(part => part.run('small', seed))
      const rows = rowsOf(table, results, 'small')
      assert(rows.length > 0)
      for (const row of rows) {
        t.diagnostic(`${row.what}: ${row.measured} (${row.wanted})`)
        assert(row.from <= row.expected && row.expected <= row.to, `${row.what}: what is expected is within the tolerance`)
        assert(within(row), `${row.what} is ${row.measured}, and should be ${row.wanted} (seed ${seed})`)
      }
      runs.push({ table, results, wallTimeMs: 1_000 })
    })
  }

  it('are written down with every figure, its verdict and a picture of each table', () => {
    const meta = { size: 'small', seed, runtime: 'a test', command: 'npm run paper' } as const
    const { markdown, pictures, within: all } = paperDocument(runs, meta, 'paper')
    assert(all)
    for (const { table, results } of runs) {
      assert(markdown.includes(`## ${table.id} ${table.title}`))
      assert(pictures[`${table.id.toLowerCase()}.svg`]?.startsWith('<svg'))
      for (const { what } of rowsOf(table, results, 'small')) {
        assert(markdown.includes(`| ${what} |`), what)
      }
    }

    const [first] = runs
    assert(first !== undefined)
    const wrong = first.results.map(result => ({ ...result, rows: result.rows.map(row => ({ ...row, measured: row.to + 1 })) }))
    const outside = paperDocument([{ ...first, results: wrong }], meta, 'paper')
    assert(!outside.within)
    assert(outside.markdown.includes('**outside**'))
  })

  it('give the same figures from the same seed', () => {
    const [table] = paperTables.filter(({ id }) => id === 'T7')
    const [part] = table?.parts ?? []
    assert(part !== undefined)
    assert.deepEqual(part.run('small', seed), part.run('small', seed))
    assert.notDeepEqual(part.run('small', seed), part.run('small', 'another'))
  })
})
