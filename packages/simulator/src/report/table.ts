/** Tables as aligned text for a terminal, and as Markdown for documents. */
import { formatQuantity } from './numbers.ts'
import type { Unit } from './numbers.ts'

/** A number in a unit that its column does not share. */
export interface Quantity {
  readonly value: number
  readonly unit: Unit
}

/** A bare number is shown in its column's unit; `null`, where there is no value, as a dash. */
export type Cell = string | number | Quantity | null

export interface Column {
  readonly title: string
  /** What the numbers of this column are; `number` if it is not said. */
  readonly unit?: Unit
}

export interface ReportTable {
  readonly title: string
  readonly columns: readonly Column[]
  /** Each as long as there are columns. */
  readonly rows: readonly (readonly Cell[])[]
}

/**
 * The lines of a table without its title: numbers and their headings to the right, words to the left, two spaces between
 * columns, no spaces at the ends of lines.
 */
export function formatTable(table: Pick<ReportTable, 'columns' | 'rows'>): string[] {
  const { right, texts } = layOut(table)
  const widths = table.columns.map((_, column) => Math.max(...texts.map(row => widthOf(row[column] ?? ''))))
  return texts.map(row =>
    row
      .map((text, column) => pad(text, widths[column] ?? 0, right[column] ?? false))
      .join('  ')
      .trimEnd()
  )
}

/** The lines of a table as GitHub-flavoured Markdown, without its title. */
export function formatMarkdownTable(table: Pick<ReportTable, 'columns' | 'rows'>): string[] {
  const { right, texts } = layOut(table)
  // a bar would end the cell
  const [head = '', ...rows] = texts.map(row => `| ${row.map(text => text.replaceAll('|', '\\|')).join(' | ')} |`)
  return [head, `|${right.map(numbers => (numbers ? ' ---: ' : ' --- ')).join('|')}|`, ...rows]
}

/** A text that stays in its line and cannot command the terminal: controls and direction marks become spaces. */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')
}

/** How many columns of a terminal a text takes, for the scripts that take one a character. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) {
    width += /\p{Mark}/u.test(character) ? 0 : 1
  }

  return width
}

export function pad(text: string, width: number, right = false): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)))
  return right ? space + text : text + space
}

/** The texts of the headings and of all rows, and which columns stand to the right. */
function layOut({ columns, rows }: Pick<ReportTable, 'columns' | 'rows'>): { right: boolean[]; texts: string[][] } {
  for (const row of rows) {
    if (row.length !== columns.length) {
      throw new RangeError(`a row has ${row.length} cells in a table of ${columns.length} columns`)
    }
  }

  const right = columns.map((_, at) => rows.some(row => isNumeric(row[at])))
  const texts = rows.map(row => row.map((cell, at) => textOf(cell, columns[at]?.unit ?? 'number')))
  return { right, texts: [columns.map(({ title }) => plainText(title)), ...texts] }
}

function isNumeric(cell: Cell | undefined): cell is number | Quantity {
  return typeof cell === 'number' || (typeof cell === 'object' && cell !== null)
}

function textOf(cell: Cell, unit: Unit): string {
  if (cell === null) {
    return '–'
  }

  if (typeof cell === 'string') {
    return plainText(cell)
  }

  return typeof cell === 'number' ? formatQuantity(cell, unit) : formatQuantity(cell.value, cell.unit)
}
