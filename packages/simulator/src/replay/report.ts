import type { Millis, TraceHeader, TraceProblem } from '@vicinity/kademlia'

/** What a replay went through. */
export interface ReplayCounts {
  /** Everything that the machine was told, ticks included. */
  readonly inputs: number
  /** What it said to that, all of which was compared. */
  readonly outputs: number
  /** The time on the node's clock at the last input. */
  readonly duration: Millis
  /** Lookups, bootstraps and refreshes that the node was asked for. */
  readonly operations: number
  /** Requests that it sent, its upkeep's too, and how many of them were answered. */
  readonly requests: number
  readonly answers: number
  /** Requests of others that it answered. */
  readonly served: number
  /** How often a peer entered or left its table. */
  readonly tableChanges: number
}

/** The first decision that is another one. */
export interface Difference {
  /** Counted from 1, the header being the first. */
  readonly line: number
  readonly at: Millis
  /** What the machine had been told, described. */
  readonly input: string
  /** Which of the outputs differs, counted from 1. */
  readonly output: number
  /** Where in it, as `to.contact.id`; empty where one of the two has no such output, or one of another type. */
  readonly path: string
  /** The two outputs, described; `nothing` where there was none. */
  readonly recorded: string
  readonly replayed: string
}

/**
 * How a replay ended. `same`: the machine decided as it did when it was recorded; `cut` says where a trace ended early that
 * was to be replayed as far as it goes. `different`: it decides otherwise. `unreadable`: the trace makes no sense from a
 * line on, and decided the same up to there.
 */
export type ReplayReport =
  | {
      readonly verdict: 'same'
      readonly header: TraceHeader
      readonly counts: ReplayCounts
      readonly cut: TraceProblem | undefined
    }
  | {
      readonly verdict: 'different'
      readonly header: TraceHeader
      readonly counts: ReplayCounts
      readonly difference: Difference
    }
  | {
      readonly verdict: 'unreadable'
      readonly header: TraceHeader | undefined
      readonly counts: ReplayCounts
      readonly problem: TraceProblem
    }
