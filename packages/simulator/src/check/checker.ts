import type { Millis } from '@vicinity/kademlia'
import type { Observer } from '../world/observer.ts'
import type { FinishedLookup } from '../workload/lookups.ts'

/** Something that must not be, and when it was. */
export interface Violation {
  readonly at: Millis
  /** The node that did it, if it was one. */
  readonly node: number | undefined
  readonly message: string
}

/**
 * A judge of one rule. It sees what every observer sees, and keeps its own account of what should be: it shares no code with
 * what it judges.
 */
export interface Checker extends Observer {
  /** As reports call it. */
  readonly name: string
  /** How often it looked. */
  readonly checked: number
  /** Those it found, the first of them at least. */
  readonly violations: readonly Violation[]
  /** How many it found. */
  readonly count: number
  /** A lookup of the workload has ended. */
  lookup?(lookup: FinishedLookup): void
  /** All faults have ended, and the time to heal is over: every lookup from now on must be right. */
  healed?(now: Millis): void
}
