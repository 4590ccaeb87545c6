import type { CdfPoint } from '../distribution.ts'
import { formatQuantity } from '../numbers.ts'
import type { Unit } from '../numbers.ts'
import { chart, lineSample } from './chart.ts'
import type { Plot } from './chart.ts'
import { fixedScale, linearScale, logScale } from './scale.ts'
import { coordinate, element, tooltip } from './svg.ts'
import { seriesClass } from './theme.ts'

export interface CdfSeries {
  readonly name: string
  /** Of `Distribution.cdf`; at least one. */
  readonly points: readonly CdfPoint[]
}

export interface CdfData {
  readonly title: string
  readonly subtitle?: string
  /** What is measured, for the axis: "latency of a lookup". */
  readonly measure: string
  readonly unit: Unit
  /** What there are shares of: "lookups". */
  readonly of: string
  /** `log` where a few are many times the rest: values that are not positive then stand where the axis begins. */
  readonly scale?: 'linear' | 'log'
  /** Up to six can be told apart. */
  readonly series: readonly CdfSeries[]
}

// the percentiles that are spoken of
const shares = fixedScale(
  [0, 25, 50, 75, 90, 100].map(percent => ({ value: percent / 100, label: percent.toString() })),
  '%'
)

/** Cumulative distributions: for every value, which share of all does not exceed it. */
export function cdfPicture(data: CdfData): string {
  const { title, subtitle, measure, unit, of, series } = data
  const values = series.flatMap(({ points }) => points.map(({ value }) => value))
  if (values.length === 0) {
    throw new RangeError('there is no distribution of nothing')
  }

  const [low, high] = [Math.min(...values), Math.max(...values)]
  // an axis begins at 0 unless that would squeeze what there is to see
  const from = low >= 0 && low < 0.5 * high ? 0 : low
  const positive = values.filter(value => value > 0)
  const logarithmic = data.scale === 'log' && positive.length > 0
  const scale = logarithmic ? logScale([Math.min(...positive), high], unit) : linearScale([from, high], unit, 8)
  const words = series.map(({ name, points }) => `${name}: ${spoken(points, unit)}`)
  return chart(
    {
      title,
      subtitle,
      description: `Cumulative distribution of ${measure} over ${of}. ${words.join('. ')}.`,
      x: { title: measure, scale },
      y: { title: `share of ${of}`, scale: shares },
      legend: series.length === 1 ? [] : series.map(({ name }, at) => ({ name, sample: lineSample(seriesClass(at)) }))
    },
    plot => ({
      before: series.map(({ name, points }, at) => curve(plot, points, `${name}: ${spoken(points, unit)}`, seriesClass(at)))
    })
  )
}

// more values than this stand for a continuous measure
const mostSteps = 50

/**
 * Of few values a staircase: between two of them the share is that of the lower one. Of many a line through them, for
 * they are only some of the values there were.
 */
function curve(plot: Plot, points: readonly CdfPoint[], words: string, className: string): string {
  const [first] = points
  const start = `M${coordinate(plot.x(first?.value ?? 0))} ${coordinate(plot.y(0))}`
  const isStaircase = points.length <= mostSteps
  const path = points.map(({ value, share }) => {
    const [x, y] = [coordinate(plot.x(value)), coordinate(plot.y(share))]
    return isStaircase ? `H${x}V${y}` : `L${x} ${y}`
  })
  return element('path', { class: className, d: start + path.join('') }, tooltip(words))
}

function spoken(points: readonly CdfPoint[], unit: Unit): string {
  const at = (share: number): string => {
    const value = points.find(point => point.share >= share)?.value
    return value === undefined ? '–' : formatQuantity(value, unit)
  }
  return `half at most ${at(0.5)}, 90 % at most ${at(0.9)}, all at most ${at(1)}`
}
