import { unreachable } from './assert.ts'
import { validatePaths } from './config.ts'
import type { PeerInfo, Target } from './contact.ts'
import type { NetworkSize } from './estimate/network-size.ts'
import { Watch } from './estimate/watch.ts'
import type { WatchConfig } from './estimate/watch.ts'
import type { FailureReason, LookupOptions, Operation, Outcome, ProgressEvent } from './io.ts'
import type { Key } from './key.ts'
import { limits } from './limits.ts'
import { Pool } from './lookup/pool.ts'
import type { Op, PoolConfig, PoolOutput } from './lookup/pool.ts'
import { Widenings } from './lookup/widenings.ts'
import type { Machine } from './machine.ts'
import type { Table } from './table/table.ts'
import type { Millis } from './time.ts'
import type { Prefix } from './upkeep/refresh.ts'
import type { UpkeepLookup } from './upkeep/upkeep.ts'

export interface OperationsConfig extends PoolConfig, WatchConfig {
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
  /** The preimage that this operation asked for. */
  | { readonly type: 'targeted'; readonly op: Op; readonly target: Target }
  /** The upkeep wants something looked up. */
  | { readonly type: 'lookup'; readonly target: Target; readonly lookup: UpkeepLookup }
  /** An upkeep has ended, and with it whatever joined it. */
  | { readonly type: 'upkept'; readonly kind: 'bootstrap' | 'refresh'; readonly contacts: number }

export type OperationsOutput =
  | { readonly type: 'ask'; readonly op: Op; readonly peer: PeerInfo; readonly target: Target }
  /** Nobody waits for the requests of this operation any more. */
  | { readonly type: 'abandon'; readonly op: Op }
  | { readonly type: 'upkeep'; readonly kind: 'bootstrap' | 'refresh' }
  /** A preimage of a random key with this prefix is wanted, for an operation that is being widened. */
  | { readonly type: 'target'; readonly op: Op; readonly prefix: Prefix }
  /** A lookup ended, the driver's or (`lookup`) the upkeep's. */
  | { readonly type: 'looked'; readonly key: Key; readonly contacts: number; readonly lookup: UpkeepLookup | undefined }
  | { readonly type: 'progress'; readonly op: Op; readonly event: ProgressEvent }
  | { readonly type: 'finished'; readonly op: Op; readonly outcome: Outcome }

/** A lookup that the machine began by itself: for the upkeep, or to widen an operation. */
type OwnLookup = UpkeepLookup | { readonly type: 'walk'; readonly op: Op }

/**
 * What was asked of the node and has not ended: lookups in the {@link Pool}, the driver's (positive ids) and our own
 * (negative ones), operations that are being widened ({@link Widenings}), and those that wait for an upkeep. Each `start` has exactly one
 * `finished`; only the driver's operations report their progress.
 *
 * All but a few of the lookups are watched ({@link Watch}); a `closest` whose peers look made up is widened, under its id
 * and until its deadline.
 */
export class Operations implements Machine<OperationsInput, OperationsOutput> {
  readonly #table: Table
  readonly #config: OperationsConfig
  readonly #pool: Pool
  // bounded by limits.operations: the driver's operations that wait for an upkeep to end
  readonly #joined = new Map<Op, 'bootstrap' | 'refresh'>()
  // bounded by limits.refreshLookups + 1, and one for each of #widenings
  readonly #own = new Map<Op, OwnLookup>()
  readonly #widenings = new Widenings()
  // bounded by what one input can cause: drained after each
  readonly #out: OperationsOutput[] = []
  readonly #watch: Watch
  #nextOwn: Op = -1
  #now: Millis = 0

  constructor(table: Table, config: OperationsConfig) {
    this.#table = table
    this.#config = config
    this.#watch = new Watch(config)
    this.#pool = new Pool(table, config)
  }

  /** Sizes of all collections, for leak checks. */
  get sizes(): { lookups: number; joined: number; ownLookups: number; widenings: number } {
    return {
      lookups: this.#pool.size,
      joined: this.#joined.size,
      ownLookups: this.#own.size,
      widenings: this.#widenings.size
    }
  }

  get networkSize(): NetworkSize | undefined {
    return this.#watch.networkSize
  }

  get deadline(): Millis {
    return Math.min(this.#pool.deadline, this.#widenings.deadline)
  }

  /** The driver's operation that a lookup serves, if it serves one. */
  servedBy(op: Op): Op | undefined {
    const own = op > 0 ? undefined : this.#own.get(op)
    return op > 0 ? op : own?.type === 'walk' ? own.op : undefined
  }

  handle(now: Millis, input: OperationsInput): void {
    this.#now = now
    switch (input.type) {
      case 'tick':
        this.#pool.handle(now, input)
        this.#widenings.handle(now, input)
        break
      case 'peers':
        this.#pool.handle(now, input)
        break
      case 'targeted':
        this.#widenings.handle(now, input)
        break
      case 'start':
        this.#start(now, input.op, input.operation)
        break
      case 'cancel':
        this.#cancel(now, input.op)
        break
      case 'stop':
        this.#pool.handle(now, { type: 'stopAll' })
        this.#widenings.handle(now, { type: 'stopAll' })
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
        const nobodyAt = reason === 'dial' || reason === 'timeout' ? [peer.addresses] : []
        this.#pool.handle(now, { type: 'failed', op, contact: peer.contact, nobodyAt })
        this.#progress(op, path => ({ type: 'failed', peer, reason, path }))
        break
      }
      case 'lookup':
        this.#lookUp(now, this.#mint(input.lookup), { target: input.target, awaitPeers: true, disjointPaths: 1 })
        break
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
      return next
    }

    return this.#pollWidenings()
  }

  #pollWidenings(): OperationsOutput | undefined {
    const output = this.#widenings.poll()
    switch (output?.type) {
      case undefined:
        return undefined
      case 'target':
        return output
      case 'walk': {
        // a lookup of its own, so that answers to the one before are not taken for answers to it
        const lookup = { ...output.lookup, timeout: output.deadline - this.#now }
        this.#pool.handle(this.#now, { type: 'start', op: this.#mint({ type: 'walk', op: output.op }), lookup })
        return this.poll()
      }
      case 'finished':
        return { type: 'finished', op: output.op, outcome: { type: 'lookup', result: output.result } }
      default:
        return unreachable(output)
    }
  }

  #start(now: Millis, op: Op, operation: Operation): void {
    if ('disjointPaths' in operation && operation.disjointPaths !== undefined) {
      validatePaths(operation.disjointPaths)
    }

    const running = this.#pool.size + this.#widenings.size
    if (Math.max(running, this.#joined.size) >= limits.operations) {
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
      return
    }

    this.#widenings.handle(now, { type: 'stop', op, reason: 'cancelled' })
    const walks = [...this.#own].filter(([, own]) => own.type === 'walk' && own.op === op).map(([walk]) => walk)
    for (const lookup of [op, ...walks]) {
      this.#pool.handle(now, { type: 'stop', op: lookup, reason: 'cancelled' })
      this.#out.push({ type: 'abandon', op: lookup })
    }
  }

  #ended({ op, started, deadline, result }: Extract<PoolOutput, { type: 'finished' }>): OperationsOutput {
    const { target, wanted } = started
    const own = this.#own.get(op)
    this.#own.delete(op)
    if (own?.type === 'walk') {
      this.#widenings.handle(this.#now, { type: 'walked', op: own.op, result })
      return { type: 'looked', key: target.key, contacts: result.closest.length, lookup: undefined }
    }

    if (op > 0) {
      const suspicion = wanted === undefined ? this.#watch.suspicion(target.key, result) : undefined
      if (suspicion === undefined) {
        this.#out.push({ type: 'finished', op, outcome: { type: 'lookup', result } })
      } else {
        const widening = { started, deadline, result, k: this.#config.k, suspicion }
        this.#widenings.handle(this.#now, { type: 'start', op, widening })
      }
    }

    // what the refresh of a bucket finds that is not full is always the same: the peers around us
    if (own?.type !== 'refresh' || this.#table.bucketCount(own.bucket) === this.#table.bucketSize) {
      this.#watch.looked(target.key, result)
    }

    return { type: 'looked', key: target.key, contacts: result.closest.length, lookup: own }
  }

  #mint(lookup: OwnLookup): Op {
    const op = this.#nextOwn--
    this.#own.set(op, lookup)
    return op
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
    const served = this.servedBy(op)
    const path = served === undefined ? undefined : this.#pool.counts(op)
    if (served !== undefined && path !== undefined) {
      this.#out.push({ type: 'progress', op: served, event: event(path) })
    }
  }
}
