import { unreachable } from '../assert.ts'
import type { Contact, PeerInfo, Target } from '../contact.ts'
import type { Key } from '../key.ts'
import type { Machine } from '../machine.ts'
import type { Rng } from '../rng.ts'
import type { Table } from '../table/table.ts'
import type { Millis } from '../time.ts'
import { Bootstrap } from './bootstrap.ts'
import { Include } from './include.ts'
import { Probe } from './probe.ts'
import { Refresh } from './refresh.ts'
import type { Prefix } from './refresh.ts'

export interface UpkeepConfig {
  readonly k: number
  readonly refreshInterval: Millis
  readonly bootstrapInterval: Millis
  readonly limitGroups: boolean
}

/** Which policy a lookup serves. */
export type UpkeepLookup = { readonly type: 'bootstrap' } | { readonly type: 'refresh'; readonly bucket: number }

export type UpkeepInput =
  | { readonly type: 'tick' }
  | { readonly type: 'start'; readonly kind: 'bootstrap' | 'refresh' }
  /** A connected peer says that it serves. */
  | { readonly type: 'candidate'; readonly peer: PeerInfo }
  /** A peer has new addresses. */
  | { readonly type: 'readdressed'; readonly peer: PeerInfo }
  | { readonly type: 'restored'; readonly peer: PeerInfo; readonly heard: Millis; readonly roundTrip: Millis }
  /** A peer answered a FIND_NODE, whoever asked it. */
  | { readonly type: 'answered'; readonly peer: PeerInfo; readonly roundTrip: Millis }
  /** A request failed that went out at `sent`, whoever asked; `Infinity` where the fault was our own. */
  | { readonly type: 'failed'; readonly contact: Contact; readonly sent: Millis }
  /** The peer does not serve, or not any longer. */
  | { readonly type: 'gone'; readonly contact: Contact }
  | { readonly type: 'targeted'; readonly bucket: number; readonly target: Target }
  /** A lookup ended, of ours (`lookup`) or of anybody's. */
  | { readonly type: 'looked'; readonly key: Key; readonly contacts: number; readonly lookup: UpkeepLookup | undefined }
  | { readonly type: 'stop' }

export type UpkeepOutput =
  /** Ask this peer for our own id: to check a candidate, or to probe an entry. */
  | { readonly type: 'ask'; readonly peer: PeerInfo }
  /** This peer may be a candidate again, if it is connected and serves. */
  | { readonly type: 'rested'; readonly id: string }
  | { readonly type: 'lookup'; readonly target: Target; readonly lookup: UpkeepLookup }
  | { readonly type: 'target'; readonly bucket: number; readonly prefix: Prefix }
  | { readonly type: 'table'; readonly change: 'added' | 'removed'; readonly peer: PeerInfo }
  | {
      readonly type: 'upkeep'
      readonly kind: 'bootstrap' | 'refresh'
      readonly phase: 'began' | 'ended'
      readonly contacts: number
    }

/**
 * The four policies that keep the table good, and what they tell each other: who enters ({@link Include}), who leaves
 * ({@link Probe}), how every bucket stays known ({@link Refresh}) and how the node finds its place ({@link Bootstrap}).
 */
export class Upkeep implements Machine<UpkeepInput, UpkeepOutput> {
  readonly #table: Table
  readonly #include: Include
  readonly #probe: Probe
  readonly #refresh: Refresh
  readonly #bootstrap: Bootstrap
  #now: Millis = 0

  constructor(table: Table, config: UpkeepConfig, rng: Rng) {
    this.#table = table
    this.#include = new Include(table, config)
    this.#probe = new Probe(table)
    this.#refresh = new Refresh(table, { interval: config.refreshInterval }, rng.split('refresh'))
    this.#bootstrap = new Bootstrap(table, { interval: config.bootstrapInterval, low: config.k }, rng.split('bootstrap'))
  }

  /** Sizes of all collections, for leak checks. */
  get sizes(): Readonly<Record<string, number>> {
    return { ...this.#include.sizes, ...this.#probe.sizes, refreshing: this.#refresh.running }
  }

  get deadline(): Millis {
    return Math.min(this.#include.deadline, this.#probe.deadline, this.#refresh.deadline, this.#bootstrap.deadline)
  }

  handle(now: Millis, input: UpkeepInput): void {
    this.#now = now
    switch (input.type) {
      case 'tick':
        this.#include.handle(now, input)
        this.#probe.handle(now, input)
        this.#refresh.handle(now, input)
        this.#bootstrap.handle(now, input)
        break
      case 'start':
        if (input.kind === 'bootstrap') {
          this.#bootstrap.handle(now, { type: 'start' })
        } else {
          this.#refresh.handle(now, { type: 'all' })
        }
        break
      case 'candidate':
      case 'readdressed':
      case 'restored':
        this.#include.handle(now, input)
        break
      case 'answered':
        this.#probe.handle(now, { type: 'answered', contact: input.peer.contact })
        this.#include.handle(now, input)
        break
      case 'failed':
        this.#probe.handle(now, input)
        this.#include.handle(now, input)
        break
      case 'gone':
        this.#probe.handle(now, input)
        this.#include.handle(now, input)
        break
      case 'targeted':
        this.#refresh.handle(now, input)
        break
      case 'looked':
        this.#looked(now, input)
        break
      case 'stop':
        this.#include.handle(now, input)
        this.#probe.handle(now, input)
        this.#refresh.handle(now, input)
        break
      default:
        unreachable(input)
    }
  }

  poll(): UpkeepOutput | undefined {
    // one answer may both confirm that somebody is gone and let another in: who leaves is told of first, as it happened
    return this.#pollProbe() ?? this.#pollInclude() ?? this.#pollRefresh() ?? this.#pollBootstrap()
  }

  #looked(now: Millis, { key, contacts, lookup }: Extract<UpkeepInput, { type: 'looked' }>): void {
    this.#refresh.handle(now, { type: 'looked', key })
    if (lookup?.type === 'refresh') {
      this.#refresh.handle(now, { type: 'ended', bucket: lookup.bucket })
    } else if (lookup?.type === 'bootstrap') {
      this.#bootstrap.handle(now, { type: 'looked', contacts })
    }
  }

  #pollInclude(): UpkeepOutput | undefined {
    const output = this.#include.poll()
    switch (output?.type) {
      case undefined:
        return undefined
      case 'check':
        return { type: 'ask', peer: output.peer }
      case 'rested':
        return output
      case 'added': {
        this.#probe.handle(this.#now, { type: 'added', heard: output.heard })
        this.#bootstrap.handle(this.#now, { type: 'table' })
        return { type: 'table', change: 'added', peer: output.peer }
      }
      default:
        return unreachable(output)
    }
  }

  #pollProbe(): UpkeepOutput | undefined {
    const output = this.#probe.poll()
    if (output?.type === 'removed') {
      this.#bootstrap.handle(this.#now, { type: 'table' })
      return { type: 'table', change: 'removed', peer: output.peer }
    }

    return output && { type: 'ask', peer: output.peer }
  }

  #pollRefresh(): UpkeepOutput | undefined {
    const output = this.#refresh.poll()
    switch (output?.type) {
      case undefined:
        return undefined
      case 'target':
        return output
      case 'lookup':
        return { type: 'lookup', target: output.target, lookup: { type: 'refresh', bucket: output.bucket } }
      case 'began':
        return { type: 'upkeep', kind: 'refresh', phase: 'began', contacts: this.#table.size }
      case 'ended':
        this.#bootstrap.handle(this.#now, { type: 'refreshed' })
        return { type: 'upkeep', kind: 'refresh', phase: 'ended', contacts: this.#table.size }
      default:
        return unreachable(output)
    }
  }

  #pollBootstrap(): UpkeepOutput | undefined {
    const output = this.#bootstrap.poll()
    switch (output?.type) {
      case undefined:
        return undefined
      case 'began':
        return { type: 'upkeep', kind: 'bootstrap', phase: 'began', contacts: this.#table.size }
      case 'lookup':
        return { type: 'lookup', target: this.#table.self, lookup: { type: 'bootstrap' } }
      case 'refresh':
        // what it answers (`began`) is polled next; there is nothing to tell of this step itself
        this.#refresh.handle(this.#now, { type: 'all' })
        return this.#pollRefresh()
      case 'ended':
        return { type: 'upkeep', kind: 'bootstrap', phase: 'ended', contacts: output.contacts }
      default:
        return unreachable(output)
    }
  }
}
