/**
 * Numbers as people read them: `1,234`, `27.8`, `12.6 s`, `3.4 MB`, `99.93 %`. The same text in every engine and every
 * locale, for reports are compared between machines. What is not a finite number is a dash.
 */
import { unreachable } from '@vicinity/kademlia'

/**
 * What a number counts. `count`: things, as a whole number. `number`: anything without a unit. `ms`: a duration in
 * milliseconds. `bytes`. `share`: from 0 to 1, shown in per cent. `bits`: leading bits of a key.
 */
export type Unit = 'count' | 'number' | 'ms' | 'bytes' | 'share' | 'bits'

const none = '–'

export function formatQuantity(value: number, unit: Unit): string {
  switch (unit) {
    case 'count':
      return formatCount(value)
    case 'number':
      return formatNumber(value)
    case 'ms':
      return formatDuration(value)
    case 'bytes':
      return formatBytes(value)
    case 'share':
      return formatShare(value)
    case 'bits':
      return Number.isFinite(value) ? `${formatNumber(value)} bits` : none
    default:
      return unreachable(unit)
  }
}

/** A whole number, its thousands set apart: `1,234`. */
export function formatCount(value: number): string {
  return Number.isFinite(value) ? grouped(value.toFixed(0)) : none
}

/** Whole numbers in full, others with three digits or all before the point: `1,234`, `27.8`, `0.0312`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) {
    return none
  }

  if (Number.isInteger(value)) {
    return formatCount(value)
  }

  const size = Math.abs(value)
  if (size < 1e-3) {
    return value.toExponential(2)
  }

  // 99.96 is 100.0 with three digits, and as good as 100
  const decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : size >= 0.09995 ? 3 : size >= 0.009995 ? 4 : 5
  return grouped(value.toFixed(decimals))
}

/** A whole number in at most four characters and a letter: `812`, `812k`, `81.2k`, `1.2M`. */
export function formatCompact(value: number): string {
  if (!Number.isFinite(value)) {
    return none
  }

  const { scaled, suffix } = scale(value, ['', 'k', 'M', 'G', 'T'], 999.5)
  return `${suffix === '' || scaled >= 99.95 ? grouped(scaled.toFixed(0)) : short(scaled)}${suffix}`
}

/** Bytes in powers of a thousand: `812 B`, `3.4 MB`. */
export function formatBytes(value: number): string {
  if (!Number.isFinite(value)) {
    return none
  }

  const { scaled, suffix } = scale(value, [' B', ' kB', ' MB', ' GB', ' TB'], 999.95)
  return `${suffix === ' B' ? formatNumber(scaled) : short(scaled)}${suffix}`
}

/**
 * A share from 0 to 1 as per cent, with two decimals, or as many as it takes not to round what is nearly all to all,
 * or what is hardly anything to nothing: `99.93 %`, `99.996 %`, `100 %` only of 1.
 */
export function formatShare(value: number): string {
  if (!Number.isFinite(value)) {
    return none
  }

  const percent = value * 100
  if (value === 0 || value === 1) {
    return `${percent} %`
  }

  for (let decimals = 2; decimals <= 8; decimals++) {
    const text = percent.toFixed(decimals)
    if (Number(text) !== 0 && Number(text) !== 100) {
      return `${grouped(text)} %`
    }
  }

  return value < 0.5 ? '< 0.00000001 %' : '> 99.99999999 %'
}

/** Milliseconds in the units that suit them: `340 ms`, `1.24 s`, `12.6 s`, `3 min 20 s`, `1 h 12 min`, `2 d 3 h`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) {
    return none
  }

  if (ms < 0) {
    return `-${formatDuration(-ms)}`
  }

  if (ms === 0) {
    return '0 s'
  }

  // each limit is where the text would round up to the next unit
  if (ms < 999.5) {
    return `${formatNumber(ms)} ms`
  }

  if (ms < 59_950) {
    return `${ms < 9_995 ? grouped((ms / 1_000).toFixed(2).replace(/0?0$/, '').replace(/\.$/, '')) : short(ms / 1_000)} s`
  }

  if (ms < 3_599_500) {
    return pair(Math.round(ms / 1_000), 60, 'min', 's')
  }

  if (ms < 86_370_000) {
    return pair(Math.round(ms / 60_000), 60, 'h', 'min')
  }

  const hours = Math.round(ms / 3_600_000)
  return hours < 24 * 1_000 ? pair(hours, 24, 'd', 'h') : `${formatCount(hours / 24)} d`
}

function pair(total: number, base: number, large: string, small: string): string {
  const rest = total % base
  const whole = `${(total - rest) / base} ${large}`
  return rest === 0 ? whole : `${whole} ${rest} ${small}`
}

/** Divides by a thousand while what is shown would be a thousand or more: `limit` is where its digits round up to that. */
function scale(value: number, suffixes: readonly string[], limit: number): { scaled: number; suffix: string } {
  let step = 0
  let scaled = value
  while (Math.abs(scaled) >= (step === 0 ? 999.5 : limit) && step < suffixes.length - 1) {
    scaled /= 1_000
    step++
  }

  return { scaled, suffix: suffixes[step] ?? '' }
}

/** One decimal, unless it is 0 or there are four digits without it. */
function short(value: number): string {
  return grouped(value.toFixed(1).replace(/\.0$/, ''))
}

function grouped(digits: string): string {
  // what rounds to nothing has no sign
  const [whole = '', fraction] = digits.replace(/^-(?=0(\.0*)?$)/, '').split('.')
  // fixed notation ends at 1e21, far beyond anything counted here
  const spaced = whole.includes('e') ? whole : whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? spaced : `${spaced}.${fraction}`
}
