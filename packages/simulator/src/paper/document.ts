/** What was expected, what was measured, and whether the one holds the other up: `docs/paper.md`, and its pictures. */
import {
  cdfPicture,
  comparisonPicture,
  formatCompact,
  formatDuration,
  formatMarkdownTable,
  formatQuantity
} from '../report/index.ts'
import { rowsOf, within } from './paper.ts'
import type { PaperTable, PartResult, Size } from './paper.ts'

/** A table that has run. */
export interface PaperRun {
  readonly table: PaperTable
  /** In the order of the table's parts. */
  readonly results: readonly PartResult[]
  /** How long the parts took, added up. */
  readonly wallTimeMs: number
}

export interface PaperMeta {
  readonly size: Size
  readonly seed: string
  /** The revision of the code that ran, where it is known. */
  readonly commit?: string | undefined
  readonly runtime: string
  /** What makes the document anew. */
  readonly command: string
}

export interface PaperDocument {
  readonly markdown: string
  /** SVG by file name; the document names them relative to `pictures/`. */
  readonly pictures: Readonly<Record<string, string>>
  /** Whether every figure is as expected. */
  readonly within: boolean
}

/**
 * @param pictures - the folder of the pictures, as the document names it
 */
export function paperDocument(runs: readonly PaperRun[], meta: PaperMeta, pictures: string): PaperDocument {
  const drawn: Record<string, string> = {}
  const sections = runs.map(run => {
    const names = Object.entries(picturesOf(run, meta.size)).map(([name, svg]) => {
      drawn[`${name}.svg`] = svg
      return name
    })
    return section(
      run,
      meta,
      names.map(name => `![${run.table.title}](${pictures}/${name}.svg)`)
    )
  })
  const all = runs.flatMap(({ table, results }) => rowsOf(table, results, meta.size))
  return {
    markdown: `${[...opening(runs, meta), ...sections.flat()].join('\n')}\n`,
    pictures: drawn,
    within: all.every(within)
  }
}

function opening(runs: readonly PaperRun[], { size, seed, commit, runtime, command }: PaperMeta): string[] {
  const from = commit === undefined ? '' : `, revision ${commit.slice(0, 12)}`
  const rows = runs.map(({ table, results, wallTimeMs }) => {
    const figures = rowsOf(table, results, size)
    const outside = figures.filter(row => !within(row)).length
    const verdict = outside === 0 ? 'within' : `${outside} of ${figures.length} outside`
    const requests = results.reduce((sum, each) => sum + each.requests, 0)
    return [`${table.id} ${table.title}`, `${figures.length}`, verdict, formatCompact(requests), formatDuration(wallTimeMs)]
  })
  return [
    '# The papers’ tables, measured',
    '',
    'What papers, measurements of the public network and independent models say of a Kademlia DHT, and what the simulator measures with the',
    'very engine that runs on the network. Every figure follows from the seed. Where one falls outside its tolerance, the text says who is',
    'wrong, and how that was found out.',
    '',
    `Made by \`${command}\` at ${size} size with the seed \`${seed}\`, on ${runtime}${from}.`,
    '',
    ...formatMarkdownTable({
      columns: [{ title: 'table' }, { title: 'figures' }, { title: 'verdict' }, { title: 'requests' }, { title: 'run time' }],
      rows
    }),
    ''
  ]
}

function section({ table, results, wallTimeMs }: PaperRun, { size, seed }: PaperMeta, pictures: readonly string[]): string[] {
  const rows = rowsOf(table, results, size)
  const notes = results.flatMap(result => result.notes ?? [])
  const verdict = (row: (typeof rows)[number]): string => (within(row) ? 'within' : '**outside**')
  return [
    `## ${table.id} ${table.title}`,
    '',
    `${table.setup(size)}. Seed \`${seed}\`, ${formatDuration(wallTimeMs)}. Source: ${table.source}.`,
    '',
    ...formatMarkdownTable({
      columns: [{ title: 'figure' }, { title: 'expected' }, { title: 'measured' }, { title: 'verdict' }],
      rows: rows.map(row => [row.what, row.wanted, formatQuantity(row.measured, row.unit), verdict(row)])
    }),
    '',
    ...notes.flatMap(note => [note, '']),
    ...(table.explanation === undefined ? [] : [table.explanation, '']),
    ...pictures.flatMap(picture => [picture, ''])
  ]
}

function picturesOf({ table, results }: PaperRun, size: Size): Record<string, string> {
  const id = table.id.toLowerCase()
  const series = results.flatMap(result => result.series ?? [])
  const rows = rowsOf(table, results, size).map(({ what, ...rest }) => ({ name: what, ...rest }))
  return {
    [id]: comparisonPicture({ title: `${table.id} ${table.title}`, rows }),
    ...(table.picture === undefined || series.length === 0
      ? {}
      : { [`${id}-distribution`]: cdfPicture({ ...table.picture, series }) })
  }
}
