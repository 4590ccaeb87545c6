import { formatQuantity } from '../numbers.ts'
import type { Unit } from '../numbers.ts'
import { contentTop, coordinate, element, label, padding, picture, pictureWidth, textWidth, tooltip } from './svg.ts'
import { heatSteps } from './theme.ts'

export interface HeatData {
  readonly title: string
  readonly subtitle?: string
  /** What is counted: "requests received". */
  readonly measure: string
  readonly unit: Unit
  /**
   * One figure for every slice of the keyspace, none negative: 16, 64, 256, 1,024 or 4,096 slices, which are the keys
   * with the same first 4, 6, 8, 10 or 12 bits.
   */
  readonly slices: readonly number[]
  /** `log` where few slices are many times hotter than the rest. */
  readonly scale?: 'linear' | 'log'
  /** Keys to point out, each by the slice it is in. */
  readonly marks?: readonly { readonly name: string; readonly slice: number }[]
}

const side = 432

/**
 * The heat of the keyspace, as a square of its slices: a row for each beginning of a key, from top to bottom, and in it
 * from left to right the bits that follow. Slices beside each other in a row are beside each other in the keyspace.
 */
export function heatPicture(data: HeatData): string {
  const { title, subtitle, measure, unit, slices, marks = [] } = data
  const half = [2, 3, 4, 5, 6].find(bits => slices.length === 4 ** bits)
  if (half === undefined || slices.some(value => !(value >= 0 && Number.isFinite(value)))) {
    throw new RangeError(
      `heat is of 16, 64, 256, 1,024 or 4,096 slices with a figure that is not negative, not of ${slices.length}`
    )
  }

  const steps = stepsOf(data)
  const top = contentTop(data) + 32
  const left = Math.round(padding + 12 + textWidth('0'.repeat(half), 12))
  const cell = side / 2 ** half
  const total = slices.reduce((sum, value) => sum + value, 0)
  const hottest = slices.indexOf(Math.max(...slices))
  const hot = `${formatQuantity(slices[hottest] ?? 0, unit)} in the slice of keys that begin with ${bitsOf(hottest, 2 * half)}`
  const mean = formatQuantity(total / slices.length, unit)
  const description = `${measure} by slice of the keyspace, of ${slices.length} slices. Mean ${mean}; at most ${hot}.`
  const place = (slice: number): Place => ({
    x: left + (slice % 2 ** half) * cell,
    y: top + Math.floor(slice / 2 ** half) * cell
  })
  return picture(
    { title, description, height: top + side + 62, ...(subtitle === undefined ? {} : { subtitle }) },
    label('first bits of the key', { class: 'label', x: padding, y: top - 14 }),
    label('bits that follow', { class: 'label', x: left + side / 2, y: top + side + 42, 'text-anchor': 'middle' }),
    ...prefixes(half, cell, left, top),
    ...(slices.length <= mostTooltips ? toldSquares(data, steps, cell, place) : plainSquares(slices, steps, cell, place)),
    ...marks.flatMap(({ slice }, at) => pointer(place(slice), cell, at)),
    ...key(data, steps, left + side + 36, top, total / slices.length)
  )
}

interface Place {
  readonly x: number
  readonly y: number
}

// with more slices, their figures would make the picture a large file
const mostTooltips = 256

/** A square for each slice, which tells its figure. */
function toldSquares({ slices, unit }: HeatData, steps: Steps, cell: number, place: (slice: number) => Place): string[] {
  const bits = Math.log2(slices.length)
  return slices.map((value, slice) => {
    const square = { class: `h${steps.of(value)}`, ...place(slice), width: cell - 1, height: cell - 1 }
    return element('rect', square, tooltip(`${bitsOf(slice, bits)}: ${formatQuantity(value, unit)}`))
  })
}

/** A path for each step of heat, through all its squares. */
function plainSquares(slices: readonly number[], steps: Steps, cell: number, place: (slice: number) => Place): string[] {
  const size = coordinate(cell)
  const paths = new Map<number, string>()
  slices.forEach((value, slice) => {
    const [step, { x, y }] = [steps.of(value), place(slice)]
    paths.set(step, `${paths.get(step) ?? ''}M${coordinate(x)} ${coordinate(y)}h${size}v${size}h-${size}z`)
  })
  return [...paths].map(([step, d]) => element('path', { class: `h${step}`, 'shape-rendering': 'crispEdges', d }))
}

interface Steps {
  /** The step of a value, 0 for nothing at all. */
  readonly of: (value: number) => number
  /** By rising value, the greatest of each step and the step it is. */
  readonly limits: readonly { readonly most: number; readonly step: number }[]
}

/**
 * Steps of about equal width, or of about equal factors, from the least that is not 0 to the greatest, their limits
 * rounded. There are fewer of them where few different counts are possible.
 */
function stepsOf({ slices, unit, scale }: HeatData): Steps {
  const filled = slices.filter(value => value > 0)
  const high = filled.length === 0 ? 1 : Math.max(...filled)
  const low = Math.min(high / 2, ...filled)
  const wanted = Array.from({ length: heatSteps - 1 }, (_, at) => (at + 1) / heatSteps)
  const rounded = wanted.map(share => roundedUp(scale === 'log' ? low * (high / low) ** share : high * share, unit))
  const all = [...new Set([...rounded.filter(limit => limit < high), high])]
  const limits = all.map((most, at) => ({ most, step: Math.round(((at + 1) * heatSteps) / all.length) }))
  return { limits, of: value => (value === 0 ? 0 : (limits.find(({ most }) => value <= most)?.step ?? heatSteps)) }
}

/** To two digits, and to whole ones of what is counted. */
function roundedUp(value: number, unit: Unit): number {
  const digit = 10 ** (Math.floor(Math.log10(value)) - 1)
  const unitStep = unit === 'count' ? Math.max(1, digit) : digit
  // through text, for a product of powers is not exact
  return Number((Math.ceil(value / unitStep - 1e-9) * unitStep).toPrecision(12))
}

/** The bits of rows and columns, where there is room for them. */
function prefixes(half: number, cell: number, left: number, top: number): string[] {
  const count = 2 ** half
  const everyRow = Math.max(1, Math.ceil(16 / cell))
  const everyColumn = 2 ** Math.ceil(Math.log2(Math.max(1, (textWidth('0'.repeat(half), 12) + 4) / cell)))
  const shown = (every: number): number[] => Array.from({ length: count }, (_, at) => at).filter(at => at % every === 0)
  return [
    ...shown(2 ** Math.ceil(Math.log2(everyRow))).map(at =>
      label(bitsOf(at, half), { class: 'tick', x: left - 8, y: top + (at + 0.5) * cell + 4, 'text-anchor': 'end' })
    ),
    ...shown(everyColumn).map(at =>
      label(bitsOf(at, half), { class: 'tick', x: left + (at + 0.5) * cell, y: top + side + 18, 'text-anchor': 'middle' })
    )
  ]
}

/** A ring around a slice, and its number. */
function pointer(place: Place, cell: number, at: number): string[] {
  const [x, y] = [place.x + cell / 2, place.y + cell / 2]
  const radius = Math.max(9, cell * 0.72)
  return [
    element('circle', { class: 'ring under', cx: x, cy: y, r: radius }),
    element('circle', { class: 'ring', cx: x, cy: y, r: radius }),
    label(String(at + 1), { class: 'label strong halo', x: x + radius + 4, y: y - radius + 4 })
  ]
}

/** The scale of colours with its limits, the mean, and what the rings point out. */
function key({ measure, unit, marks = [] }: HeatData, steps: Steps, left: number, top: number, mean: number): string[] {
  const box = 26
  const boxes = [
    ...steps.limits.map(({ most, step }) => ({ name: `to ${formatQuantity(most, unit)}`, step })).toReversed(),
    { name: 'none', step: 0 }
  ]
  const words = wrapped(measure, pictureWidth - padding - left)
  const scaleTop = top + 8 + words.length * 17
  const below = scaleTop + boxes.length * box + 28
  return [
    ...words.map((line, at) => label(line, { class: 'label strong', x: left, y: top + 8 + at * 17 })),
    ...boxes.flatMap(({ name, step }, at) => [
      element('rect', { class: `h${step} framed`, x: left, y: scaleTop + at * box, width: 30, height: box - 4, rx: 2 }),
      label(name, { class: 'tick', x: left + 40, y: scaleTop + at * box + 15 })
    ]),
    label(`mean ${formatQuantity(Number.isInteger(mean) ? mean : Number(mean.toPrecision(3)), unit)}`, {
      class: 'label',
      x: left,
      y: below
    }),
    ...marks.map(({ name }, at) => label(`${at + 1}: ${name}`, { class: 'label', x: left, y: below + 26 + 20 * at }))
  ]
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`.trim()
    if (lines.length > 0 && textWidth(longer, 13) <= width) {
      lines[lines.length - 1] = longer
    } else {
      lines.push(word)
    }
  }

  return lines
}

function bitsOf(value: number, length: number): string {
  return value.toString(2).padStart(length, '0')
}
