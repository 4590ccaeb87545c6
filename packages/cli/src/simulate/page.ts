/** What several seeds came to, for people: a line for each as it ends, then all lookups together and what failed. */
import { formatBytes, formatCount, formatDuration, formatLookups, formatQuantity, formatSearches } from '@vicinity/simulator'
import type { Finding, ReportStyle, RunReport, Summary, Unit } from '@vicinity/simulator'
import { namedSeeds } from './seeds.ts'
import type { Failure, Results, Smallest } from './results.ts'

/** Over all threads. */
export interface Effort {
  readonly wallTimeMs: number
  readonly peakMemoryBytes: number
}

const columns = ['', 'seed', 'nodes', 'lookups', 'success', 'recall', 'requests', 'latency', 'hash'] as const
// the last two digits of what varies most are seldom needed; 80 columns are, by most
const widths = [-6, 12, 7, 7, 8, 8, 8, 8, 0] as const

/** The line above those of {@link seedLine}. */
export function seedHead(): string {
  return cells(columns)
}

/** Means of recall and requests, the median of latency. */
export function seedLine(report: RunReport, failed: boolean): string {
  const { lookups, ended } = report
  const mark = failed ? 'FAILED' : ended === 'interrupted' ? 'cut' : 'ok'
  return cells([
    mark,
    report.seed,
    formatCount(report.nodes),
    formatCount(lookups.count),
    lookups.count === 0 ? '–' : formatQuantity(lookups.succeeded / lookups.count, 'share'),
    figure(lookups.recall, 'mean', 'share'),
    figure(lookups.requests, 'mean', 'number'),
    figure(lookups.latencyMs, 'p50', 'ms'),
    report.hash.slice(0, 12)
  ])
}

/** The line of a seed of which there is no report. */
export function brokenLine(failure: Failure): string {
  return `${cells(['FAILED', failure.seed])}  ${failure.reason ?? ''}`
}

function figure(summary: Summary | undefined, which: 'mean' | 'p50', unit: Unit): string {
  return summary === undefined ? '–' : formatQuantity(summary[which], unit)
}

function cells(texts: readonly string[]): string {
  return texts
    .map((text, at) => {
      const width = widths[at] ?? 0
      return width < 0 ? text.padEnd(-width) : text.padStart(width)
    })
    .join('  ')
    .trimEnd()
}

/** The page that ends a run of several seeds. */
export function closingPage(results: Results, seeds: readonly string[], effort: Effort, style: ReportStyle): string {
  const { reports, failures, interrupted } = results
  const events = reports.reduce((sum, report) => sum + report.events, 0)
  const seconds = Math.max(effort.wallTimeMs, 1) / 1_000
  const facts = [
    `${formatCount(reports.length)} of ${formatCount(seeds.length)} seeds`,
    `${formatCount(events)} events in ${formatDuration(effort.wallTimeMs)}`,
    `${formatCount(events / seconds)} events/s`,
    `${formatBytes(effort.peakMemoryBytes)} of memory`
  ]
  const searches = formatSearches(results.searches.report(), style)
  const sections = [
    [`${results.scenario} · ${namedSeeds(seeds)}${commitWords(results)}`, `  ${facts.join(' · ')}`],
    ...(interrupted ? [['Interrupted: this is what there was until then.']] : []),
    formatLookups(results.lookupReport, style),
    ...(searches.length > 0 ? [searches] : []),
    failures.length === 0 ? [`Checks  all held in ${formatCount(reports.length)} runs`] : failureLines(failures)
  ]
  return sections.map(lines => lines.join('\n')).join('\n\n')
}

function commitWords({ version: { commit } }: Results): string {
  return commit === undefined ? '' : ` · commit ${commit.slice(0, 12)}`
}

/** What failed, and how to see it again. */
export function failureLines(failures: readonly Failure[]): string[] {
  const shown = failures.slice(0, mostShown)
  const rest = failures.length - shown.length
  return [
    `Failed  ${formatCount(failures.length)} ${failures.length === 1 ? 'seed' : 'seeds'}`,
    ...shown.flatMap(({ seed, command, findings, reason, smallest }) => [
      `  seed ${seed}${reason === undefined ? '' : `: ${reason}`}`,
      ...findings.map(findingLine),
      `    ${command}`,
      ...(smallest === undefined ? [] : smallestLines(smallest))
    ]),
    ...(rest === 0 ? [] : [`  and ${formatCount(rest)} more`])
  ]
}

function smallestLines({ ended, command, findings, tries }: Smallest): string[] {
  const what = ended === 'interrupted' ? 'the smallest found until it was interrupted' : 'the smallest that fails as it does'
  return [`  ${what}, of ${formatCount(tries)} tried`, ...findings.map(findingLine), `    ${command}`]
}

function findingLine({ checker, violations, first }: Finding): string {
  return `    ${checker}: ${formatCount(violations)} violated, first ${first}`
}

/** So many failures have one cause or a few: the first of them are enough to begin with. */
const mostShown = 20
