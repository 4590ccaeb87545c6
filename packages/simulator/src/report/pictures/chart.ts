/** The frame of a chart with two axes: heading, legend, gridlines, ticks, titles. What is in it is drawn by others. */
import type { Scale } from './scale.ts'
import { contentTop, element, label, padding, picture, pictureWidth, textWidth } from './svg.ts'

export interface LegendItem {
  readonly name: string
  /** Draws the sample, 28 wide, around the given left end and middle. */
  readonly sample: (x: number, y: number) => string
}

export interface Axis {
  readonly title: string
  readonly scale: Scale
}

export interface Chart {
  readonly title: string
  readonly subtitle?: string | undefined
  readonly description: string
  readonly x: Axis
  readonly y: Axis
  readonly legend: readonly LegendItem[]
  /** Of the area within the axes. */
  readonly plotHeight?: number
}

/** The area within the axes, and where values lie in it. */
export interface Plot {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
  readonly x: (value: number) => number
  readonly y: (value: number) => number
}

const sampleWidth = 28
const legendRow = 22

/** @param draw - gives what lies behind the gridlines, and what before them. */
export function chart(spec: Chart, draw: (plot: Plot) => { readonly behind?: string[]; readonly before: string[] }): string {
  const { title, subtitle, description, x, y } = spec
  const sheet = { title, description, ...(subtitle === undefined ? {} : { subtitle }) }
  const legend = layOutLegend(spec.legend, contentTop(sheet) + 8)
  const top = contentTop(sheet) + legend.height + 34
  const bottom = top + (spec.plotHeight ?? 290)
  const left = padding + 10 + Math.max(...y.scale.ticks.map(tick => textWidth(tick.label, 12)))
  const right = pictureWidth - padding - 12
  const plot: Plot = {
    left,
    right,
    top,
    bottom,
    x: value => left + x.scale.at(value) * (right - left),
    y: value => bottom - y.scale.at(value) * (bottom - top)
  }
  const { behind = [], before } = draw(plot)
  return picture(
    { ...sheet, height: bottom + 64 },
    ...legend.items,
    ...behind,
    label(axisTitle(y), { class: 'label', x: padding, y: top - 16 }),
    ...y.scale.ticks.flatMap(tick => horizontal(plot, plot.y(tick.value), tick.label)),
    ...x.scale.ticks.flatMap(tick => vertical(plot, plot.x(tick.value), tick.label)),
    element('line', { class: 'thin axis', x1: left, x2: right, y1: bottom, y2: bottom }),
    label(axisTitle(x), { class: 'label', x: (left + right) / 2, y: bottom + 44, 'text-anchor': 'middle' }),
    ...before
  )
}

function axisTitle({ title, scale }: Axis): string {
  return scale.unit === '' ? title : `${title} (${scale.unit})`
}

function horizontal({ left, right }: Plot, y: number, text: string): string[] {
  return [
    element('line', { class: 'thin grid', x1: left, x2: right, y1: y, y2: y }),
    label(text, { class: 'tick', x: left - 8, y: y + 4, 'text-anchor': 'end' })
  ]
}

function vertical({ top, bottom }: Plot, x: number, text: string): string[] {
  return [
    element('line', { class: 'thin grid', x1: x, x2: x, y1: top, y2: bottom }),
    element('line', { class: 'thin axis', x1: x, x2: x, y1: bottom, y2: bottom + 5 }),
    label(text, { class: 'tick', x, y: bottom + 20, 'text-anchor': 'middle' })
  ]
}

/** Rows of samples and names, as many in each as fit. */
export function layOutLegend(items: readonly LegendItem[], top: number): { items: string[]; height: number } {
  const drawn: string[] = []
  let x = padding
  let row = 0
  for (const item of items) {
    const width = sampleWidth + 8 + textWidth(item.name, 13)
    if (x > padding && x + width > pictureWidth - padding) {
      x = padding
      row++
    }

    const middle = top + row * legendRow
    drawn.push(item.sample(x, middle), label(item.name, { class: 'label', x: x + sampleWidth + 8, y: middle + 4 }))
    x += width + 20
  }

  return { items: drawn, height: items.length === 0 ? 0 : (row + 1) * legendRow }
}

/** The sample of a line. */
export function lineSample(className: string): LegendItem['sample'] {
  return (x, y) => element('line', { class: className, x1: x, x2: x + sampleWidth, y1: y, y2: y })
}

/** The sample of an area. */
export function areaSample(className: string): LegendItem['sample'] {
  return (x, y) => element('rect', { class: className, x, y: y - 7, width: sampleWidth, height: 14, rx: 2 })
}
