/**
 * What a simulated run came to, as plain data: `--json` prints it as it is, and `formatReport` makes a page of it.
 *
 * All but `commit` and `machine` follows from the scenario, its options and the seed, and is the same wherever and
 * however often it is run. Percentiles are nearest-rank, see `Distribution`.
 */
import type { Summary } from './distribution.ts'
import type { ReportTable } from './table.ts'

/** Rises when a field changes its meaning or goes; new fields do not count. */
export const reportVersion = 1

export interface RunReport {
  readonly version: typeof reportVersion
  readonly scenario: string
  readonly seed: string
  /** The revision of the code that ran, where it is known. */
  readonly commit?: string
  /** The command that does it all again. */
  readonly command?: string
  /** Every option, drawn from the seed or given. */
  readonly options: Readonly<Record<string, string | number | boolean>>
  /**
   * `interrupted`: the user ended it, and this is what there was until then. `failed`: an error did, which is the first of
   * the `checkers`.
   */
  readonly ended: 'completed' | 'interrupted' | 'failed'
  readonly virtualTimeMs: number
  /** The honest nodes that took part, over the whole run. */
  readonly nodes: number
  /** Taken from the heap of events. */
  readonly events: number
  /** Sent by all honest nodes. */
  readonly requests: number
  /** Of the sequence of events, in hexadecimal. */
  readonly hash: string
  readonly lookups: LookupReport
  /** The searches for peers, where there are any. */
  readonly searches?: SearchReport
  /** The lookups again, by the part of the run in which they began, as before, in and after a partition. */
  readonly phases?: readonly PhaseReport[]
  /** Requests and answers, one message each: distributions over the honest nodes, of the whole run. */
  readonly messagesPerNode: TrafficReport
  /** Of those messages, encoded, in bytes. */
  readonly bytesPerNode?: TrafficReport
  /** How many requests had no answer, by reason. */
  readonly failures: Readonly<Record<string, number>>
  readonly checkers: readonly CheckerReport[]
  /** Whatever else the scenario measures. */
  readonly tables: readonly ReportTable[]
  /** What a reader of the figures has to know, a sentence each. */
  readonly notes: readonly string[]
  readonly machine?: MachineReport
}

/** Distributions are over the lookups that ended, and absent where there are none. */
export interface LookupReport {
  /** How many have ended. */
  readonly count: number
  /** How many had begun, where that is known. */
  readonly began?: number
  readonly succeeded: number
  /** What counts as a success, such as "recall of at least .95". */
  readonly criterion: string
  /** The share of the true k closest live servers that the lookup gave, 0 to 1. */
  readonly recall?: Summary
  /** How deep the walk went: 1 is a peer of our own table, 2 one that it named. */
  readonly hops?: Summary
  /** Sent for one lookup. */
  readonly requests?: Summary
  /** From start to finish, in virtual milliseconds. */
  readonly latencyMs?: Summary
}

export interface SearchReport {
  /** How many have ended. */
  readonly count: number
  /** Of them, for how many the peer was there when it began and when it ended, at one place; and how many of these found it. */
  readonly findable: number
  readonly found: number
  /** From start to finish, in virtual milliseconds. */
  readonly latencyMs?: Summary
}

export interface PhaseReport {
  readonly name: string
  /** In virtual time. */
  readonly fromMs: number
  readonly toMs: number
  readonly lookups: LookupReport
}

export interface TrafficReport {
  readonly sent?: Summary
  readonly received?: Summary
}

export interface CheckerReport {
  readonly name: string
  /** How often it looked. */
  readonly checked: number
  readonly violations: number
  /** What the first violation was, and when. */
  readonly first?: string
}

/** How fast it went, where it ran. */
export interface MachineReport {
  readonly wallTimeMs: number
  readonly eventsPerSecond: number
  readonly requestsPerSecond: number
  readonly peakMemoryBytes?: number
  /** Such as "Node.js 24.21.0". */
  readonly runtime?: string
}

/** Whether every check held. */
export function passed(report: Pick<RunReport, 'checkers'>): boolean {
  return report.checkers.every(({ violations }) => violations === 0)
}
