import { formatQuantity } from '../numbers.ts'
import type { Unit } from '../numbers.ts'
import { areaSample, layOutLegend } from './chart.ts'
import type { LegendItem } from './chart.ts'
import { contentTop, element, label, padding, picture, pictureWidth, textWidth, tooltip } from './svg.ts'

export interface Compared {
  /** What was measured: "T2 requests a lookup, N = 10,000". */
  readonly name: string
  readonly unit: Unit
  readonly expected: number
  /** What is within tolerance; `expected` lies in it. */
  readonly from: number
  readonly to: number
  readonly measured: number
}

export interface ComparisonData {
  readonly title: string
  readonly subtitle?: string
  readonly rows: readonly Compared[]
}

const rowHeight = 26
const expectedWidth = 84
const measuredWidth = 84
const widestName = 340

/**
 * Expected and measured beside each other. Every row has a scale of its own, on which the tolerance is always as wide: what counts
 * is whether, and how surely, a measure lies within it. One far outside is drawn at the edge, as an arrow.
 */
export function comparisonPicture(data: ComparisonData): string {
  const { title, subtitle, rows } = data
  const head = { title, ...(subtitle === undefined ? {} : { subtitle }) }
  const legend = layOutLegend(legendOf(rows), contentTop(head) + 8)
  const top = contentTop(head) + legend.height + 36
  const names = Math.max(0, ...rows.map(({ name }) => textWidth(cut(name), 13)))
  const left = padding + names + 20
  const right = pictureWidth - padding - expectedWidth - measuredWidth
  const outside = rows.filter(row => !within(row))
  const verdict =
    outside.length === 0 ? 'All are within tolerance' : `Outside their tolerance: ${outside.map(({ name }) => name).join(', ')}`
  const description = `${rows.length} measured values against the expected ones. ${verdict}.`
  return picture(
    { ...head, description, height: top + rows.length * rowHeight + padding },
    ...legend.items,
    label('expected', { class: 'label', x: right + expectedWidth, y: top - 14, 'text-anchor': 'end' }),
    label('measured', { class: 'label', x: right + expectedWidth + measuredWidth, y: top - 14, 'text-anchor': 'end' }),
    ...rows.flatMap((row, at) => compare(row, left, right, top + (at + 0.5) * rowHeight))
  )
}

function within({ from, to, measured }: Compared): boolean {
  return measured >= from && measured <= to
}

function legendOf(rows: readonly Compared[]): LegendItem[] {
  const dot = (className: string, x: number, y: number): string =>
    element('circle', { class: className, cx: x + 14, cy: y, r: 4.5 })
  return [
    { name: 'tolerance', sample: areaSample('tolerated') },
    { name: 'expected', sample: (x, y) => element('line', { class: 'expected', x1: x + 14, x2: x + 14, y1: y - 8, y2: y + 8 }) },
    { name: 'measured', sample: (x, y) => dot('good filled', x, y) },
    ...(rows.every(within) ? [] : [{ name: 'measured, outside', sample: (x: number, y: number) => cross(x + 14, y) }])
  ]
}

/** The beginning of a text that is too wide. */
function cut(text: string): string {
  let kept = text
  while (textWidth(kept, 13) > widestName) {
    kept = `${Array.from(kept).slice(0, -2).join('')}…`
  }

  return kept
}

/** The tolerance takes the middle half. */
function compare(row: Compared, left: number, right: number, y: number): string[] {
  const { name, unit, expected, from, to, measured } = row
  const width = right - left
  const place = (value: number): number =>
    to > from
      ? left + width * (0.25 + (0.5 * (value - from)) / (to - from))
      : left + width * (value === from ? 0.5 : value < from ? -1 : 2)
  const x = place(measured)
  const shown = Math.min(right - 6, Math.max(left + 6, x))
  const words = `${name}: expected ${formatQuantity(expected, unit)}, tolerated ${formatQuantity(from, unit)} to ${formatQuantity(to, unit)}, measured ${formatQuantity(measured, unit)}`
  return [
    label(cut(name), { class: 'label strong', x: padding, y: y + 4 }),
    element('line', { class: 'thin grid', x1: left, x2: right, y1: y, y2: y }),
    element('rect', {
      class: 'tolerated',
      x: place(from),
      y: y - 7,
      width: Math.max(2, place(to) - place(from)),
      height: 14,
      rx: 2
    }),
    element('line', { class: 'expected', x1: place(expected), x2: place(expected), y1: y - 8, y2: y + 8 }),
    element(
      'g',
      {},
      tooltip(words),
      within(row) ? element('circle', { class: 'good filled', cx: x, cy: y, r: 4.5 }) : outsideMark(shown, x, y)
    ),
    label(formatQuantity(expected, unit), { class: 'label', x: right + expectedWidth, y: y + 4, 'text-anchor': 'end' }),
    label(formatQuantity(measured, unit), {
      class: 'label strong',
      x: right + expectedWidth + measuredWidth,
      y: y + 4,
      'text-anchor': 'end'
    })
  ]
}

function outsideMark(shown: number, x: number, y: number): string {
  if (shown === x) {
    return cross(x, y)
  }

  const tip = x > shown ? 6 : -6
  return element('path', { class: 'bad filled', d: `M${shown + tip} ${y}L${shown - tip} ${y - 6}L${shown - tip} ${y + 6}z` })
}

function cross(x: number, y: number): string {
  return element('path', { class: 'walk bad', d: `M${x - 5} ${y - 5}L${x + 5} ${y + 5}M${x - 5} ${y + 5}L${x + 5} ${y - 5}` })
}
