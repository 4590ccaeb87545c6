/** From values to places along an axis, with ticks at round values in a unit that suits their size. */
import { formatCount } from '../numbers.ts'
import type { Unit } from '../numbers.ts'

export interface Tick {
  readonly value: number
  readonly label: string
}

export interface Scale {
  /** What the ticks count, as `(ms)`; empty where there is no unit. */
  readonly unit: string
  readonly min: number
  readonly max: number
  readonly ticks: readonly Tick[]
  /** Where a value lies: 0 at the beginning of the axis, 1 at its end; values outside lie outside. */
  at(value: number): number
}

/** A unit to show values in: how many of the base unit it is. */
interface Shown {
  readonly name: string
  readonly size: number
}

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/**
 * An axis with equal steps. With `round`, it is extended to the ticks around the values.
 *
 * @param count - about how many ticks there is room for
 */
export function linearScale(range: readonly [number, number], unit: Unit, count: number, round = true): Scale {
  const [low, high] = widened(range)
  const shown = shownIn(unit, Math.max(Math.abs(low), Math.abs(high)))
  // things are not counted in fractions
  const least = unit === 'count' && high - low >= 1 ? Math.max(1, (high - low) / count) : (high - low) / count
  const step = stepOf(least / shown.size, shown) * shown.size
  // a value that is a tick but for the last bit is that tick
  const slack = (1e-9 * (high - low)) / step
  const first = round ? Math.floor(low / step + slack) : Math.ceil(low / step - slack)
  const last = round ? Math.ceil(high / step - slack) : Math.floor(high / step + slack)
  const [min, max] = round ? [first * step, last * step] : [low, high]
  const decimals = decimalsOf(step / shown.size)
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => {
    const value = (first + i) * step
    return { value, label: grouped(value / shown.size, decimals) }
  })
  return { unit: shown.name, min, max, ticks, at: value => (value - min) / (max - min) }
}

/** An axis on which equal factors are equal lengths, from and to 1, 2 or 5 times a power of ten; all values are positive. */
export function logScale(range: readonly [number, number], unit: Unit): Scale {
  const [low, high] = range
  if (!(low > 0 && high >= low)) {
    throw new RangeError(`a logarithmic axis goes from one positive number to a greater, not from ${low} to ${high}`)
  }

  const shown = shownIn(unit, low)
  // a single value gets room on both sides
  const room = high > low * (1 + 1e-9) ? 1 : 2
  const rounds = roundNumbers(low / shown.size / room, (high / shown.size) * room)
  const decades = Math.log10((rounds.at(-1) ?? 1) / (rounds[0] ?? 1))
  const labelled =
    decades <= 3 ? rounds : rounds.filter((value, at) => isPowerOfTen(value) || at === 0 || at === rounds.length - 1)
  const ticks = labelled.map(value => ({ value: value * shown.size, label: grouped(value, decimalsOf(value)) }))
  const [min, max] = [(rounds[0] ?? 1) * shown.size, (rounds.at(-1) ?? 10) * shown.size]
  const length = Math.log(max / min)
  return { unit: shown.name, min, max, ticks, at: value => (value > 0 ? Math.max(0, Math.log(value / min) / length) : 0) }
}

/** An axis with given ticks. */
export function fixedScale(ticks: readonly Tick[], unit: string): Scale {
  const [min, max] = [ticks[0]?.value ?? 0, ticks.at(-1)?.value ?? 1]
  return { unit, min, max, ticks, at: value => (value - min) / (max - min) }
}

/** A range of one value gets room on both sides. */
function widened([low, high]: readonly [number, number]): [number, number] {
  if (!(Number.isFinite(low) && Number.isFinite(high) && low <= high)) {
    throw new RangeError(`an axis goes from one finite number to a greater, not from ${low} to ${high}`)
  }

  if (high - low > Math.abs(high) * 1e-9) {
    return [low, high]
  }

  return low === 0 ? [0, 1] : low > 0 ? [0, 2 * high] : [2 * low, 0]
}

function shownIn(unit: Unit, size: number): Shown {
  switch (unit) {
    case 'share':
      return { name: '%', size: 0.01 }
    case 'bits':
      return { name: 'bits', size: 1 }
    case 'ms':
      return largest(size, 3, [
        { name: 'ms', size: 1 },
        { name: 's', size: second },
        { name: 'min', size: minute },
        { name: 'h', size: hour },
        { name: 'days', size: day }
      ])
    case 'bytes':
      return largest(size, 2, [
        { name: 'B', size: 1 },
        { name: 'kB', size: 1e3 },
        { name: 'MB', size: 1e6 },
        { name: 'GB', size: 1e9 }
      ])
    case 'count':
    case 'number':
    default:
      return { name: '', size: 1 }
  }
}

/** The largest unit of which there are some at least; the smallest if there are less of any. */
function largest(size: number, some: number, units: readonly [Shown, ...Shown[]]): Shown {
  return units.findLast(unit => size >= some * unit.size) ?? units[0]
}

// clocks do not divide by ten
const clockSteps: Readonly<Record<string, readonly number[]>> = {
  s: [1, 2, 5, 10, 15, 30, 60],
  min: [0.25, 0.5, 1, 2, 5, 10, 15, 20, 30, 60],
  h: [0.25, 0.5, 1, 2, 3, 4, 6, 12, 24]
}

/** The smallest round step that is at least so large. */
function stepOf(least: number, shown: Shown): number {
  const round = roundNumbers(least, least).at(-1) ?? least
  const onClock = clockSteps[shown.name] ?? []
  return least > (onClock[0] ?? Infinity) / 2 ? (onClock.find(step => step >= least) ?? round) : round
}

/** All 1, 2 and 5 times a power of ten from the last that is at most `low` to the first that is at least `high`. */
function roundNumbers(low: number, high: number): number[] {
  const all: number[] = []
  for (let power = Math.floor(Math.log10(low) - 1e-9); power <= Math.ceil(Math.log10(high) + 1e-9); power++) {
    for (const digit of [1, 2, 5]) {
      // read from text, which is exact where a product of powers is not
      all.push(Number(`${digit}e${power}`))
    }
  }

  const first = all.findLastIndex(value => value <= low * (1 + 1e-9))
  const last = all.findIndex(value => value >= high * (1 - 1e-9))
  return all.slice(first, last + 1)
}

function isPowerOfTen(value: number): boolean {
  const power = Math.log10(value)
  return Math.abs(power - Math.round(power)) < 1e-9
}

const mostDecimals = 15

/** How many decimals a round number, which is positive, is written with. */
function decimalsOf(value: number): number {
  for (let decimals = 0; decimals < mostDecimals; decimals++) {
    const scaled = value * 10 ** decimals
    if (Math.abs(scaled - Math.round(scaled)) <= 1e-6 * scaled) {
      return decimals
    }
  }

  return mostDecimals
}

function grouped(value: number, decimals: number): string {
  return decimals === 0 ? formatCount(Math.round(value) + 0) : value.toFixed(decimals)
}
