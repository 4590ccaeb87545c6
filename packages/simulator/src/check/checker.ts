import type { Kademlia, Millis, Response } from '@vicinity/kademlia'
import type { FinishedLookup } from '../workload/lookups.ts'
import type { FinishedSearch } from '../workload/searches.ts'
import type { Node } from '../world/node.ts'
import type { Observer } from '../world/observer.ts'
import type { Asked, Life } from './ledger.ts'

/** Something that must not be, and when it was. */
export interface Violation {
  readonly at: Millis
  /** The node that did it, if it was one. */
  readonly node: number | undefined
  readonly message: string
}

/** What became of a request, by what the engine was told; `timeout`: it gave up itself, `dropped`: it took the request back. */
export type Ending =
  | { readonly type: 'answered'; readonly message: Response }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'timeout' }
  | { readonly type: 'dropped' }

/**
 * A judge of one rule. It sees what every observer sees, and keeps its own account of what should be: it shares no code with
 * what it judges. Of a large network it sees only some nodes: all that happens to those, and nothing of the others.
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
  /** A node sent a request: after the `output` that says so, and the same for the rest. */
  sent?(node: Node, life: Life, request: Asked): void
  /** A request has ended, as its node sees it: before the engine is told so. */
  ended?(node: Node, life: Life, request: Asked, ending: Ending): void
  /** All that an input has led to has been done. */
  rest?(node: Node, life: Life, machine: Kademlia): void
  /** A lookup of the workload has ended. */
  lookup?(lookup: FinishedLookup): void
  /** A search for a peer has ended. */
  search?(search: FinishedSearch): void
  /** All faults have ended, and the time to heal is over: every lookup from now on must be right. */
  healed?(now: Millis): void
  /** The run is over. */
  over?(now: Millis): void
}
