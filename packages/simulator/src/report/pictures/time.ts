import { formatDuration, formatQuantity } from '../numbers.ts'
import type { Unit } from '../numbers.ts'
import { chart, lineSample } from './chart.ts'
import type { LegendItem, Plot } from './chart.ts'
import { linearScale } from './scale.ts'
import { coordinate, element, label, textWidth, tooltip } from './svg.ts'
import { seriesClass } from './theme.ts'

export interface TimePoint {
  readonly timeMs: number
  /** `null` where nothing was measured, which interrupts the line. */
  readonly value: number | null
}

export interface TimeSeries {
  readonly name: string
  /** By rising time. */
  readonly points: readonly TimePoint[]
}

/** A part of the run in which something was done to the network. */
export interface TimeWindow {
  readonly name: string
  readonly fromMs: number
  readonly toMs: number
}

export interface TimeData {
  readonly title: string
  readonly subtitle?: string
  /** What is measured, for the axis: "mean recall of lookups". */
  readonly measure: string
  readonly unit: Unit
  /** What the axis covers at least; without it, the values. */
  readonly range?: readonly [number, number]
  readonly series: readonly TimeSeries[]
  readonly windows?: readonly TimeWindow[]
  /** A value that ought to be held. */
  readonly threshold?: { readonly name: string; readonly value: number }
}

/** How something goes over virtual time, with the times of faults shaded. */
export function timePicture(data: TimeData): string {
  const { title, subtitle, measure, unit, series, windows = [], threshold } = data
  const points = series.flatMap(each => each.points)
  const values = [...points.flatMap(({ value }) => value ?? []), ...(threshold === undefined ? [] : [threshold.value])]
  const times = [...points.map(({ timeMs }) => timeMs), ...windows.flatMap(({ fromMs, toMs }) => [fromMs, toMs])]
  if (points.length === 0 || values.length === 0) {
    throw new RangeError('there is no course of nothing')
  }

  const covered = data.range === undefined ? values : [...values, ...data.range]
  const x = linearScale([Math.min(...times), Math.max(...times)], 'ms', 8, false)
  const y = linearScale([Math.min(...covered), Math.max(...covered)], unit, 6)
  return chart(
    {
      title,
      subtitle,
      description: describe(data),
      x: { title: 'virtual time', scale: x },
      y: { title: measure, scale: y },
      legend: legendOf(data),
      plotHeight: 260
    },
    plot => ({
      behind: windows.map(window => shade(plot, window)),
      before: [
        ...windows.flatMap(window => windowName(plot, window)),
        threshold === undefined ? '' : line(plot, threshold.value),
        ...series.map((each, at) => course(plot, each, seriesClass(at)))
      ]
    })
  )
}

function legendOf({ series, threshold }: TimeData): LegendItem[] {
  const lines = series.map(({ name }, at) => ({ name, sample: lineSample(seriesClass(at)) }))
  return [
    ...(series.length > 1 ? lines : []),
    ...(threshold === undefined ? [] : [{ name: threshold.name, sample: lineSample('thin dashed bad') }])
  ]
}

function describe({ measure, unit, series, windows = [] }: TimeData): string {
  const courses = series.map(({ name, points }) => {
    const values = points.flatMap(({ value }) => value ?? [])
    const [low, high] = [Math.min(...values), Math.max(...values)].map(value => formatQuantity(value, unit))
    return `${name}: between ${low} and ${high}, at last ${formatQuantity(values.at(-1) ?? NaN, unit)}`
  })
  const faults = windows.map(({ name, fromMs, toMs }) => `${name} from ${formatDuration(fromMs)} to ${formatDuration(toMs)}`)
  return [`The course of ${measure} over virtual time`, ...courses, ...faults].map(sentence => `${sentence}.`).join(' ')
}

function shade(plot: Plot, { fromMs, toMs }: TimeWindow): string {
  const [x, end] = [plot.x(fromMs), plot.x(toMs)]
  return element('rect', { class: 'band', x, y: plot.top, width: end - x, height: plot.bottom - plot.top })
}

/** At the foot of the window, where the lines of what ought to be high seldom are; beside it where it is too narrow. */
function windowName(plot: Plot, { name, fromMs, toMs }: TimeWindow): string[] {
  const [from, to] = [plot.x(fromMs), plot.x(toMs)]
  const y = plot.bottom - 10
  const place =
    textWidth(name, 13) <= to - from
      ? { x: (from + to) / 2, y, 'text-anchor': 'middle' }
      : to + 8 + textWidth(name, 13) <= plot.right
        ? { x: to + 8, y }
        : { x: from - 8, y, 'text-anchor': 'end' }
  return [
    ...[from, to].map(x => element('line', { class: 'thin axis dotted', x1: x, x2: x, y1: plot.top, y2: plot.bottom })),
    label(name, { class: 'note', ...place })
  ]
}

function line(plot: Plot, value: number): string {
  return element('line', { class: 'thin dashed bad', x1: plot.left, x2: plot.right, y1: plot.y(value), y2: plot.y(value) })
}

function course(plot: Plot, { name, points }: TimeSeries, className: string): string {
  let pen = 'M'
  let path = ''
  for (const { timeMs, value } of points) {
    if (value === null) {
      pen = 'M'
      continue
    }

    // a line of no length, with round ends, is a point: of a value between two that are missing
    const isFirst = pen === 'M'
    path += `${pen}${coordinate(plot.x(timeMs))} ${coordinate(plot.y(value))}${isFirst ? 'h0' : ''}`
    pen = 'L'
  }

  return element('path', { class: className, d: path }, tooltip(name))
}
