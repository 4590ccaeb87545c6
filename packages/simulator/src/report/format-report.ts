/** A report as a page for a terminal: what ran, what its lookups came to, what it cost, whether the checks held. */
import type { Summary } from './distribution.ts'
import { formatBytes, formatCount, formatDuration, formatShare } from './numbers.ts'
import type { Unit } from './numbers.ts'
import { passed } from './run-report.ts'
import type { LookupReport, RunReport, SearchReport } from './run-report.ts'
import { formatTable, pad, plainText, widthOf } from './table.ts'
import type { Cell, Column } from './table.ts'

export interface ReportStyle {
  /** Whether to write the terminal's escapes for colours. */
  readonly colour?: boolean
  /** In columns; options and notes are wrapped to it. 80 if it is not said. */
  readonly width?: number
}

type Paint = (style: keyof typeof escapes, text: string) => string

const escapes = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39] } as const
const indent = '  '

/** @returns the page, ending in a line feed. */
export function formatReport(report: RunReport, style: ReportStyle = {}): string {
  const width = style.width ?? 80
  const paint = paintOf(style)
  const sections = [
    heading(report, width, paint),
    lookups(report.lookups, paint),
    searches(report.searches, paint),
    phases(report, paint),
    costs(report, paint),
    failures(report, paint),
    ...report.tables.map(table => [paint('bold', plainText(table.title)), ...indented(formatTable(table))]),
    checks(report, paint),
    notes(report.notes, width, paint),
    ending(report, paint)
  ]
  return `${sections
    .filter(lines => lines.length > 0)
    .map(lines => lines.join('\n'))
    .join('\n\n')}\n`
}

const endings = {
  completed: undefined,
  interrupted: 'Interrupted: this is what there was until then.',
  failed: 'Ended by an error, which stands under Checks: this is what there was until then.'
} as const

/** The lines on lookups alone, as they stand in a page: for reports on more than one run. */
export function formatLookups(report: LookupReport, style: ReportStyle = {}): string[] {
  return lookups(report, paintOf(style))
}

function paintOf({ colour }: ReportStyle): Paint {
  return (name, text) => (colour === true ? `\u001b[${escapes[name][0]}m${text}\u001b[${escapes[name][1]}m` : text)
}

function heading(report: RunReport, width: number, paint: Paint): string[] {
  const { scenario, seed, commit, ended, machine } = report
  const what = [`seed ${plainText(seed)}`, ...(commit === undefined ? [] : [`commit ${plainText(commit)}`])]
  const title = [paint('bold', plainText(scenario)), `${formatCount(report.nodes)} nodes`, ...what].join(' · ')
  const simulated = [
    `${formatDuration(report.virtualTimeMs)} of virtual time`,
    `${formatCount(report.events)} events`,
    `${formatCount(report.requests)} requests`
  ]
  const took =
    machine === undefined
      ? []
      : [
          `in ${formatDuration(machine.wallTimeMs)}`,
          `${formatCount(machine.eventsPerSecond)} events/s`,
          `${formatCount(machine.requestsPerSecond)} requests/s`,
          ...(machine.peakMemoryBytes === undefined ? [] : [`${formatBytes(machine.peakMemoryBytes)} of memory`]),
          ...(machine.runtime === undefined ? [] : [plainText(machine.runtime)])
        ]
  const options = Object.entries(report.options).map(([name, value]) => `${plainText(name)} ${plainText(String(value))}`)
  return [
    title,
    ...(endings[ended] === undefined ? [] : [paint('red', endings[ended])]),
    ...indented(wrap(simulated, width - indent.length)),
    ...indented(wrap(took, width - indent.length)),
    ...indented(wrap(options, width - indent.length)).map(line => paint('dim', line))
  ]
}

function lookups(report: LookupReport, paint: Paint): string[] {
  const { count, began, succeeded, criterion, hops, requests, latencyMs, recall } = report
  if (count === 0) {
    return [`${paint('bold', 'Lookups')}  ${began === 0 ? 'none began' : 'none ended'}`]
  }

  const title = [
    `${paint('bold', 'Lookups')}  ${formatCount(count)}`,
    `${formatShare(succeeded / count)} succeeded${paint('dim', ` (${plainText(criterion)})`)}`,
    ...(succeeded < count ? [`${formatCount(count - succeeded)} did not`] : [])
  ]
  return [
    title.join(' · '),
    ...spread(upper, [
      ['hops', 'number', hops],
      ['requests', 'number', requests],
      ['latency', 'ms', latencyMs]
    ]),
    // where more is better, it is the low percentiles that hurt
    ...spread(lower, [['recall', 'share', recall]])
  ]
}

/** The same on searches. */
export function formatSearches(report: SearchReport | undefined, style: ReportStyle = {}): string[] {
  return searches(report, paintOf(style))
}

function searches(report: SearchReport | undefined, paint: Paint): string[] {
  if (report === undefined) {
    return []
  }

  const { count, findable, found, latencyMs } = report
  const share = findable === 0 ? [] : [`${formatShare(found / findable)} of ${formatCount(findable)} that were there were found`]
  return [
    [`${paint('bold', 'Peers looked for')}  ${formatCount(count)}`, ...share].join(' · '),
    ...spread(upper, [['latency', 'ms', latencyMs]])
  ]
}

const upper = ['mean', 'p50', 'p90', 'p95', 'p99', 'max'] as const
const lower = ['mean', 'p50', 'p10', 'p5', 'p1', 'min'] as const
// the same in every section, so that figures stand in columns down the page, which is then 80 wide
const nameWidth = 18
const figureWidth = 8

type Row = readonly [name: string, unit: Unit, summary: Summary | undefined]

/** Summaries as a table with a row for each that there is. */
function spread(figures: readonly (keyof Summary)[], rows: readonly Row[]): string[] {
  const cells = rows.flatMap(([name, unit, summary]): Cell[][] =>
    summary === undefined ? [] : [[pad(name, nameWidth), ...figures.map(figure => ({ value: summary[figure], unit }))]]
  )
  const columns = [{ title: '' }, ...figures.map(title => ({ title: pad(title, figureWidth, true) }))]
  return cells.length === 0 ? [] : indented(formatTable({ columns, rows: cells }))
}

function phases({ phases: parts = [] }: RunReport, paint: Paint): string[] {
  if (parts.length === 0) {
    return []
  }

  const rows = parts.map(({ name, fromMs, toMs, lookups: { count, succeeded, recall, requests, latencyMs } }): Cell[] => [
    name,
    fromMs,
    toMs,
    count,
    count === 0 ? null : succeeded / count,
    recall?.mean ?? null,
    requests?.mean ?? null,
    latencyMs?.p50 ?? null,
    latencyMs?.p95 ?? null
  ])
  const columns: Column[] = [
    { title: '' },
    { title: 'from', unit: 'ms' },
    { title: 'to', unit: 'ms' },
    { title: 'lookups', unit: 'count' },
    { title: 'success', unit: 'share' },
    { title: 'recall', unit: 'share' },
    { title: 'requests' },
    { title: 'p50', unit: 'ms' },
    { title: 'p95', unit: 'ms' }
  ]
  return [
    `${paint('bold', 'Phases')}${paint('dim', '  by when a lookup began; recall and requests are means, p50 and p95 of latency')}`,
    ...indented(formatTable({ columns, rows }))
  ]
}

function costs({ messagesPerNode: messages, bytesPerNode: bytes, virtualTimeMs }: RunReport, paint: Paint): string[] {
  const lines = spread(upper, [
    ['messages sent', 'number', messages.sent],
    ['messages received', 'number', messages.received],
    ['bytes sent', 'bytes', bytes?.sent],
    ['bytes received', 'bytes', bytes?.received]
  ])
  return lines.length === 0 ? [] : [`${paint('bold', 'Cost per node')}  in ${formatDuration(virtualTimeMs)}`, ...lines]
}

function failures({ failures: reasons, requests }: RunReport, paint: Paint): string[] {
  const entries = Object.entries(reasons)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
  if (entries.length === 0) {
    return []
  }

  const all = entries.reduce((sum, [, count]) => sum + count, 0)
  const rows = entries.map(([reason, count]): Cell[] => [
    pad(plainText(reason), nameWidth),
    { value: count, unit: 'count' },
    { value: count / all, unit: 'share' }
  ])
  const columns = ['', 'requests', 'share'].map(title => ({ title: pad(title, figureWidth, true) }))
  return [
    `${paint('bold', 'Requests without an answer')}  ${formatCount(all)} of ${formatCount(requests)}, ${formatShare(all / requests)}`,
    ...indented(formatTable({ columns, rows }))
  ]
}

function checks(report: RunReport, paint: Paint): string[] {
  const { checkers } = report
  if (checkers.length === 0) {
    return []
  }

  const broken = checkers.filter(({ violations }) => violations > 0).length
  const verdict = passed(report) ? paint('green', 'all held') : paint('red', `${broken} of ${checkers.length} violated`)
  const rows = checkers.map(({ name, checked, violations }): Cell[] => [
    pad(plainText(name), nameWidth),
    { value: checked, unit: 'count' },
    violations === 0 ? 'ok' : `${formatCount(violations)} violated`
  ])
  const columns = [{ title: '' }, { title: pad('checked', figureWidth, true) }, { title: '' }]
  const [head = '', ...lines] = formatTable({ columns, rows })
  const judged = checkers.flatMap(({ violations, first }, at) => {
    const line = lines[at] ?? ''
    return violations === 0
      ? [line]
      : [paint('red', line), ...(first === undefined ? [] : [`${indent}first: ${plainText(first)}`])]
  })
  return [`${paint('bold', 'Checks')}  ${verdict}`, ...indented([head, ...judged])]
}

function notes(texts: readonly string[], width: number, paint: Paint): string[] {
  const lines = texts.flatMap(text => wrap(plainText(text).split(' '), width - indent.length, ' '))
  return lines.length === 0 ? [] : [paint('bold', 'Notes'), ...indented(lines)]
}

function ending({ hash, command }: RunReport, paint: Paint): string[] {
  const again = command === undefined ? [] : [`${paint('bold', 'Again')}  ${plainText(command)}`]
  return [`${paint('bold', 'Hash')}   ${plainText(hash)}`, ...again]
}

function indented(lines: readonly string[]): string[] {
  return lines.map(line => indent + line)
}

/** Fills lines of at most `width` columns with items; one that is longer has a line of its own. */
function wrap(items: readonly string[], width: number, separator = ' · '): string[] {
  const lines: string[] = []
  let line: string | undefined
  for (const item of items) {
    const longer: string = line === undefined ? item : line + separator + item
    if (line !== undefined && widthOf(longer) > width) {
      lines.push(line)
      line = item
    } else {
      line = longer
    }
  }

  return line === undefined ? lines : [...lines, line]
}
