import { assert, unreachable } from '../assert.ts'
import type { Addresses, Contact, PeerInfo, Target } from '../contact.ts'
import { limits } from '../limits.ts'
import type { Machine } from '../machine.ts'
import type { Table } from '../table/table.ts'
import type { Millis } from '../time.ts'
import { DisjointLookup } from './disjoint.ts'
import { Lookup } from './lookup.ts'
import type { LookupResult } from './lookup.ts'

/** The id of an operation: minted by whoever starts it. The driver's are positive, the machine's own negative. */
export type Op = number

export interface PoolConfig {
  readonly k: number
  readonly alpha: number
  readonly beta: number
}

export interface LookupStart {
  readonly target: Target
  readonly wanted?: Contact | undefined
  readonly timeout: Millis
  /** Wait for a first peer instead of ending at once with nothing. */
  readonly awaitPeers: boolean
  /** Over how many disjoint paths; 1, a plain lookup, unless said. */
  readonly disjointPaths?: number
}

export type PoolInput =
  | { readonly type: 'tick' }
  | { readonly type: 'start'; readonly op: Op; readonly lookup: LookupStart }
  | { readonly type: 'answered'; readonly op: Op; readonly contact: Contact; readonly closer: readonly PeerInfo[] }
  | { readonly type: 'late'; readonly op: Op; readonly contact: Contact }
  | { readonly type: 'failed'; readonly op: Op; readonly contact: Contact; readonly nobodyAt: readonly Addresses[] }
  | { readonly type: 'stop'; readonly op: Op; readonly reason: 'cancelled' }
  | { readonly type: 'stopAll' }
  /** The table has gained a peer: lookups that wait for a first one can begin. */
  | { readonly type: 'peers' }

export type PoolOutput =
  | { readonly type: 'ask'; readonly op: Op; readonly peer: PeerInfo; readonly target: Target }
  | {
      readonly type: 'finished'
      readonly op: Op
      readonly started: LookupStart
      readonly deadline: Millis
      readonly result: LookupResult
    }

interface Running {
  readonly lookup: Lookup | DisjointLookup
  readonly started: LookupStart
  readonly deadline: Millis
}

/**
 * All lookups that run at once, by the operation they serve.
 *
 * Takes the lookups' starts and what happened to their requests; gives what they ask and how they end. A lookup is
 * `running` from its start to its `finished` and holds nothing here afterwards.
 */
export class Pool implements Machine<PoolInput, PoolOutput> {
  readonly #table: Table
  readonly #config: PoolConfig
  // bounded by limits.operations, which Operations keeps, and limits.refreshLookups + 1 of our own
  readonly #running = new Map<Op, Running>()
  // bounded by #running: the lookups whose state changed since they were last drained
  readonly #changed = new Set<Op>()
  /** Never later than the earliest deadline. */
  #deadline: Millis = Infinity

  constructor(table: Table, config: PoolConfig) {
    this.#table = table
    this.#config = config
  }

  get size(): number {
    return this.#running.size
  }

  get deadline(): Millis {
    return this.#deadline
  }

  /** The counters of one lookup, for progress reports. */
  counts(op: Op): Lookup['counts'] | undefined {
    return this.#running.get(op)?.lookup.counts
  }

  handle(now: Millis, input: PoolInput): void {
    switch (input.type) {
      case 'tick':
        this.#tick(now)
        break
      case 'start':
        this.#start(now, input.op, input.lookup)
        break
      case 'answered':
      case 'late':
      case 'failed':
      case 'stop': {
        const running = this.#running.get(input.op)
        if (running !== undefined) {
          running.lookup.handle(now, input)
          this.#changed.add(input.op)
        }
        break
      }
      case 'stopAll':
        for (const [op, { lookup }] of this.#running) {
          lookup.handle(now, { type: 'stop', reason: 'stopped' })
          this.#changed.add(op)
        }
        break
      case 'peers':
        for (const [op, { lookup, started }] of this.#running) {
          if (lookup.empty) {
            lookup.handle(now, { type: 'seeds', peers: this.#seeds(started.target) })
            this.#changed.add(op)
          }
        }
        break
      default:
        unreachable(input)
    }
  }

  poll(): PoolOutput | undefined {
    for (const op of this.#changed) {
      const running = this.#running.get(op)
      const output = running?.lookup.poll()
      if (running === undefined || output === undefined) {
        this.#changed.delete(op)
        continue
      }

      if (output.type === 'ask') {
        return { type: 'ask', op, peer: output.peer, target: running.started.target }
      }

      this.#running.delete(op)
      this.#changed.delete(op)
      const { started, deadline } = running
      return { type: 'finished', op, started, deadline, result: output.result }
    }

    return undefined
  }

  #start(now: Millis, op: Op, started: LookupStart): void {
    assert(!this.#running.has(op), 'an operation starts once')
    const deadline = now + started.timeout
    const { target, wanted, awaitPeers, disjointPaths = 1 } = started
    const { k, alpha, beta } = this.#config
    const config = { k, alpha, beta, self: this.#table.self, target, wanted, deadline, awaitPeers }
    const lookup = disjointPaths === 1 ? new Lookup(config) : new DisjointLookup(config, disjointPaths)
    lookup.handle(now, { type: 'seeds', peers: this.#seeds(target) })
    this.#running.set(op, { lookup, started, deadline })
    this.#changed.add(op)
    this.#deadline = Math.min(this.#deadline, deadline)
  }

  /** More than k, so that a lookup whose nearest candidates are all dead still has whom to ask. */
  #seeds(target: Target): PeerInfo[] {
    return this.#table.closest(target.key, limits.closerPeersRead)
  }

  #tick(now: Millis): void {
    if (now < this.#deadline) {
      return
    }

    this.#deadline = Infinity
    for (const [op, { lookup }] of this.#running) {
      if (now >= lookup.deadline) {
        lookup.handle(now, { type: 'tick' })
        this.#changed.add(op)
      } else {
        this.#deadline = Math.min(this.#deadline, lookup.deadline)
      }
    }
  }
}
