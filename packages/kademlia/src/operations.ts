import { unreachable } from './assert.ts'
import { validatePaths } from './config.ts'
import type { PeerInfo, Target } from './contact.ts'
import type { FailureReason, LookupOptions, Operation, Outcome, ProgressEvent } from './io.ts'
import type { Key } from './key.ts'
import { limits } from './limits.ts'
import { Pool } from './lookup/pool.ts'
import type { Op, PoolConfig, PoolOutput } from './lookup/pool.ts'
import type { Machine } from './machine.ts'
import type { Table } from './table/table.ts'
import type { Millis } from './time.ts'
import type { UpkeepLookup } from './upkeep/upkeep.ts'

export interface OperationsConfig extends PoolConfig {
  readonly queryTimeout: Millis
  /** Of the driver's lookups, unless one says otherwise. */
  readonly disjointPaths: number
}

export type OperationsInput =
  | { readonly type: 'tick' }
  | { readonly type: 'start'; readonly op: Op; readonly operation: Operation }
  | { readonly type: 'cancel'; readonly op: Op }
  | { readonly type: 'stop' }
  | { readonly type: 'answered'; readonly op: Op; readonly peer: PeerInfo; readonly closer: readonly PeerInfo[] }
  | { readonly type: 'late'; readonly op: Op; readonly peer: PeerInfo }
  | { readonly type: 'failed'; readonly op: Op; readonly peer: PeerInfo; readonly reason: FailureReason | 'timeout' }
  /** The table has gained a peer. */
  | { readonly type: 'peers' }
  /** The upkeep wants something looked up. */
  | { readonly type: 'lookup'; readonly target: Target; readonly lookup: UpkeepLookup }
  /** An upkeep has ended, and with it whatever joined it. */
  | { readonly type: 'upkept'; readonly kind: 'bootstrap' | 'refresh'; readonly contacts: number }

export type OperationsOutput =
  | { readonly type: 'ask'; readonly op: Op; readonly peer: PeerInfo; readonly target: Target }
  /** Nobody waits for the requests of this operation any more. */
  | { readonly type: 'abandon'; readonly op: Op }
  | { readonly type: 'upkeep'; readonly kind: 'bootstrap' | 'refresh' }
  /** A lookup ended, the driver's or (`lookup`) the upkeep's. */
  | { readonly type: 'looked'; readonly key: Key; readonly contacts: number; readonly lookup: UpkeepLookup | undefined }
  | { readonly type: 'progress'; readonly op: Op; readonly event: ProgressEvent }
  | { readonly type: 'finished'; readonly op: Op; readonly outcome: Outcome }

/**
 * What was asked of the node and has not ended: lookups in the {@link Pool}, the driver's (positive ids) and those of
 * the upkeep (negative ones), and operations that wait for an upkeep. Each `start` has exactly one `finished`; only
 * the driver's operations report their progress.
 */
export class Operations implements Machine<OperationsInput, OperationsOutput> {
  readonly #config: OperationsConfig
  readonly #pool: Pool
  // bounded by limits.operations: the driver's operations that wait for an upkeep to end
  readonly #joined = new Map<Op, 'bootstrap' | 'refresh'>()
  // bounded by limits.refreshLookups + 1: lookups of the upkeep
  readonly #own = new Map<Op, UpkeepLookup>()
  // bounded by what one input can cause: drained after each
  readonly #out: OperationsOutput[] = []
  #nextOwn: Op = -1

  constructor(table: Table, config: OperationsConfig) {
    this.#config = config
    this.#pool = new Pool(table, config)
  }

  /** Sizes of all collections, for leak checks. */
  get sizes(): { lookups: number; joined: number; ownLookups: number } {
    return { lookups: this.#pool.size, joined: this.#joined.size, ownLookups: this.#own.size }
  }

  get deadline(): Millis {
    return this.#pool.deadline
  }

  handle(now: Millis, input: OperationsInput): void {
    switch (input.type) {
      case 'tick':
      case 'peers':
        this.#pool.handle(now, input)
        break
      case 'start':
        this.#start(now, input.op, input.operation)
        break
      case 'cancel':
        this.#cancel(now, input.op)
        break
      case 'stop':
        this.#pool.handle(now, { type: 'stopAll' })
        this.#endJoined(() => true, { type: 'refused', reason: 'stopped' })
        break
      case 'answered': {
        const { op, peer, closer } = input
        this.#pool.handle(now, { type: 'answered', op, contact: peer.contact, closer })
        this.#progress(op, path => ({ type: 'answered', peer, closer, path }))
        break
      }
      case 'late': {
        const { op, peer } = input
        this.#pool.handle(now, { type: 'late', op, contact: peer.contact })
        this.#progress(op, path => ({ type: 'late', peer, path }))
        break
      }
      case 'failed': {
        const { op, peer, reason } = input
        this.#pool.handle(now, { type: 'failed', op, contact: peer.contact })
        this.#progress(op, path => ({ type: 'failed', peer, reason, path }))
        break
      }
      case 'lookup': {
        const op = this.#nextOwn--
        this.#own.set(op, input.lookup)
        this.#lookUp(now, op, { target: input.target, awaitPeers: true, disjointPaths: 1 })
        break
      }
      case 'upkept':
        this.#endJoined(kind => kind === input.kind, { type: 'upkeep', kind: input.kind, contacts: input.contacts })
        break
      default:
        unreachable(input)
    }
  }

  poll(): OperationsOutput | undefined {
    const output = this.#out.shift()
    if (output !== undefined) {
      return output
    }

    const next = this.#pool.poll()
    if (next?.type === 'finished') {
      return this.#ended(next)
    }

    if (next !== undefined) {
      this.#progress(next.op, path => ({ type: 'asked', peer: next.peer, path }))
    }

    return next
  }

  #start(now: Millis, op: Op, operation: Operation): void {
    if ('disjointPaths' in operation && operation.disjointPaths !== undefined) {
      validatePaths(operation.disjointPaths)
    }

    if (this.#pool.full || this.#joined.size >= limits.operations) {
      this.#out.push({ type: 'finished', op, outcome: { type: 'refused', reason: 'full' } })
      return
    }

    switch (operation.type) {
      case 'bootstrap':
      case 'refresh':
        this.#joined.set(op, operation.type)
        this.#out.push({ type: 'upkeep', kind: operation.type })
        break
      case 'closest':
        this.#lookUp(now, op, operation)
        break
      case 'findPeer':
        this.#lookUp(now, op, { ...operation, target: operation.contact })
        break
      default:
        unreachable(operation)
    }
  }

  #lookUp(now: Millis, op: Op, lookup: LookupOptions & { target: Target; contact?: PeerInfo['contact'] }): void {
    const { target, contact: wanted, timeout = this.#config.queryTimeout, awaitPeers = false } = lookup
    const { disjointPaths = this.#config.disjointPaths } = lookup
    this.#pool.handle(now, { type: 'start', op, lookup: { target, wanted, timeout, awaitPeers, disjointPaths } })
  }

  #cancel(now: Millis, op: Op): void {
    if (this.#joined.delete(op)) {
      this.#out.push({ type: 'finished', op, outcome: { type: 'refused', reason: 'cancelled' } })
    } else {
      this.#pool.handle(now, { type: 'stop', op, reason: 'cancelled' })
      this.#out.push({ type: 'abandon', op })
    }
  }

  #ended({ op, target, result }: Extract<PoolOutput, { type: 'finished' }>): OperationsOutput {
    const lookup = this.#own.get(op)
    this.#own.delete(op)
    if (op > 0) {
      this.#out.push({ type: 'finished', op, outcome: { type: 'lookup', result } })
    }

    return { type: 'looked', key: target.key, contacts: result.closest.length, lookup }
  }

  #endJoined(ended: (kind: 'bootstrap' | 'refresh') => boolean, outcome: Outcome): void {
    for (const [op, kind] of this.#joined) {
      if (ended(kind)) {
        this.#joined.delete(op)
        this.#out.push({ type: 'finished', op, outcome })
      }
    }
  }

  #progress(op: Op, event: (path: ProgressEvent['path']) => ProgressEvent): void {
    const path = op > 0 ? this.#pool.counts(op) : undefined
    if (path !== undefined) {
      this.#out.push({ type: 'progress', op, event: event(path) })
    }
  }
}
