/** The bounds of the node as the page `docs/limits.md`. */
import type { Quantity } from './evaluate.ts'
import { layers } from './layers.ts'
import type { PlacedBound } from './layers.ts'

/** The whole page. */
export function limitsMarkdown(bounds: readonly PlacedBound[]): string {
  return [
    '# Limits',
    '',
    'Made from the sources by `packages/cli/scripts/limits.ts`; a test fails when it is out of date.',
    '',
    'The table lists every bound of the node: its value, its reason, and the options that set it or switch it off. The reason is the',
    'doc comment above the bound in the source file that its name links to. A rate is a bucket of tokens: it fills at so many a second,',
    'and its burst is the number of tokens that it holds. `--option` is a flag of `vicinity node`, `createPeer` takes the options of',
    '`@vicinity/peer`, and `kadDHT` those of `@vicinity/dht`. The flags are listed in [options.md](options.md).',
    '',
    '| bound | value | why | option |',
    '| --- | --- | --- | --- |',
    ...layers.flatMap(layer => [`| **${layer}** | | | |`, ...bounds.filter(bound => bound.layer === layer).map(row)]),
    ''
  ].join('\n')
}

function row(bound: PlacedBound): string {
  const cells = [`[\`${label(bound)}\`](../${bound.path})`, valueText(bound), bound.reason, switchText(bound)]
  // A bar would end the cell.
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

/** Names of constants mean little without their file. */
function label({ name, path }: PlacedBound): string {
  return /(Limits|^limits)\./.test(name) ? name : `${name} (${path.replace(/.*\//, '')})`
}

/** The value with its unit: `1 MiB`, `5 s`, `20/s with a burst of 100`. */
export function valueText({ name, value }: Pick<PlacedBound, 'name' | 'value'>): string {
  if ('burst' in value) {
    return `${quantityText(name, value.perSecond)}/s with a burst of ${quantityText(name, value.burst)}`
  }
  return quantityText(name, value)
}

function quantityText(name: string, { value, time }: Quantity): string {
  if (time || /Ms(Max|Min)?$/.test(name)) {
    return timeText(value)
  }
  if (/[bB]ytes(Max|Min)?$/.test(name)) {
    return bytesText(value)
  }
  return /Characters(Max)?$/.test(name) ? `${digits(value)} characters` : digits(value)
}

const timeUnits = [
  { unit: 'h', ms: 3_600_000 },
  { unit: 'min', ms: 60_000 }
] as const

function timeText(ms: number): string {
  const whole = timeUnits.find(candidate => ms >= candidate.ms && ms % candidate.ms === 0)
  if (whole !== undefined) {
    return `${digits(ms / whole.ms)} ${whole.unit}`
  }
  return ms >= 1_000 ? `${digits(ms / 1_000)} s` : `${digits(ms)} ms`
}

function bytesText(bytes: number): string {
  const mib = 1024 * 1024
  if (bytes >= mib && bytes % mib === 0) {
    return `${digits(bytes / mib)} MiB`
  }
  return bytes >= 1024 && bytes % 1024 === 0 ? `${digits(bytes / 1024)} KiB` : `${digits(bytes)} bytes`
}

function digits(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 3 })
}

function switchText({ name, switches }: PlacedBound): string {
  const { command = [], peer = [], dht = [] } = switches
  const texts = [
    ...command.map(flag => `\`--${flag}\``),
    ...peer.map(option => `\`createPeer\`: \`${option}\``),
    ...dht.map(option => `\`kadDHT\`: \`${option === 'serverLimits' ? name : option}\``)
  ]
  return texts.join(', ') || '—'
}
