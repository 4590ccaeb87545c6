/** What one seed or several came to, as one JSON document. */
import { reportVersion } from '@vicinity/simulator'
import type { LookupReport, RunReport, SearchReport } from '@vicinity/simulator'
import type { Effort } from './page.ts'
import type { Failure, Results, Smallest } from './results.ts'

/** The document of one seed: the report of its run, and what `--shrink` made of it. */
export interface SeedReport extends RunReport {
  readonly smallest?: Smallest
}

/** The document of several seeds. */
export interface SeedsReport {
  readonly version: typeof reportVersion
  readonly scenario: string
  readonly commit?: string
  /** The command that does it all again. */
  readonly command: string
  readonly ended: 'completed' | 'interrupted'
  /** Those that were asked for. */
  readonly seeds: readonly string[]
  /** All lookups of all runs. */
  readonly lookups: LookupReport
  /** All searches for peers, where there are any. */
  readonly searches?: SearchReport
  readonly failures: readonly Failure[]
  /** Of the seeds that were run, in their order. */
  readonly runs: readonly RunReport[]
  readonly machine: Effort & { readonly runtime: string }
}

export function seedReport(report: RunReport, [failure]: readonly Failure[], effort: Effort): SeedReport {
  const { smallest } = failure ?? {}
  return { ...withMemory(report, effort), ...(smallest && { smallest }) }
}

/** A worker does not know how much memory the process takes. */
export function withMemory(report: RunReport, { peakMemoryBytes }: Effort): RunReport {
  return report.machine === undefined ? report : { ...report, machine: { ...report.machine, peakMemoryBytes } }
}

export function seedsReport(results: Results, seeds: readonly string[], command: string, effort: Effort): SeedsReport {
  const searches = results.searches.report()
  return {
    version: reportVersion,
    scenario: results.scenario,
    ...results.version,
    command,
    ended: results.interrupted ? 'interrupted' : 'completed',
    seeds,
    lookups: results.lookupReport,
    ...(searches && { searches }),
    failures: results.failures,
    runs: results.reports,
    machine: { ...effort, runtime: `Node.js ${process.versions.node}` }
  }
}
