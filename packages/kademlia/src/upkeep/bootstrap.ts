import { unreachable } from '../assert.ts'
import { limits } from '../limits.ts'
import type { Machine } from '../machine.ts'
import type { Rng } from '../rng.ts'
import type { Table } from '../table/table.ts'
import type { Millis } from '../time.ts'

export interface BootstrapConfig {
  /** How often the node looks itself up; `Infinity` for only while the table is low. */
  readonly interval: Millis
  /** The table is low while it holds fewer contacts than this. */
  readonly low: number
}

export type BootstrapInput =
  | { readonly type: 'tick' }
  /** Somebody asked for it. */
  | { readonly type: 'start' }
  /** The table has gained or lost a peer. */
  | { readonly type: 'table' }
  /** The self-lookup ended with this many peers that answered. */
  | { readonly type: 'looked'; readonly contacts: number }
  /** The refresh that follows it ended. */
  | { readonly type: 'refreshed' }

export type BootstrapOutput =
  | { readonly type: 'began' }
  /** Look ourselves up. */
  | { readonly type: 'lookup' }
  /** Refresh all buckets. */
  | { readonly type: 'refresh' }
  | { readonly type: 'ended'; readonly contacts: number }

type Phase = 'resting' | 'wanted' | 'announced' | 'looking' | 'looked' | 'refreshing' | 'done'

/**
 * How a node finds its place: it looks itself up, which fills the deep buckets and makes it known to its neighbours,
 * then refreshes the others. It does so as soon as the table holds a first peer (where there is no interval only if the
 * table is low, which a restored one need not be), and while the table is low, with a pause that doubles from
 * `bootstrapBackoffMin` to `bootstrapBackoffMax`. Every `interval` it looks itself up again; the buckets have their own
 * intervals then.
 *
 * Phases: `resting` until it is due or asked for, with a peer to ask; `wanted`, `announced` and `looked` are left by
 * the next poll; `looking` until the self-lookup has ended (straight to `done` when nobody answered, or it was only the interval's); `refreshing`
 * until the refresh has ended.
 */
export class Bootstrap implements Machine<BootstrapInput, BootstrapOutput> {
  readonly #table: Table
  readonly #config: BootstrapConfig
  readonly #rng: Rng
  #phase: Phase = 'resting'
  #contacts = 0
  #first = true
  /** Whether the refresh belongs to this run. */
  #whole = true
  #backoff: Millis = limits.bootstrapBackoffMin
  /** When it is due by the interval, if there is one; the first peer makes it due at once. */
  #periodic: Millis
  /** When it may run again because the table is low. */
  #retry: Millis = 0

  constructor(table: Table, config: BootstrapConfig, rng: Rng) {
    this.#table = table
    this.#config = config
    this.#rng = rng
    this.#periodic = config.interval === Infinity ? Infinity : 0
  }

  get deadline(): Millis {
    if (this.#phase !== 'resting' || this.#table.size === 0) {
      return Infinity
    }

    return this.#low ? Math.min(this.#periodic, this.#retry) : this.#periodic
  }

  handle(now: Millis, input: BootstrapInput): void {
    switch (input.type) {
      case 'tick':
      case 'table':
        if (now >= this.deadline) {
          this.#whole = this.#low || this.#first
          this.#first = false
          this.#phase = 'wanted'
        }
        break
      case 'start':
        this.#whole = true
        if (this.#phase === 'resting') {
          this.#phase = 'wanted'
        }
        break
      case 'looked':
        if (this.#phase === 'looking') {
          this.#contacts = input.contacts
          this.#phase = this.#whole && input.contacts > 0 ? 'looked' : 'done'
        }
        break
      case 'refreshed':
        if (this.#phase === 'refreshing') {
          this.#phase = 'done'
        }
        break
      default:
        unreachable(input)
    }

    if (this.#phase === 'done') {
      this.#rest(now)
    }
  }

  poll(): BootstrapOutput | undefined {
    switch (this.#phase) {
      case 'wanted':
        this.#phase = 'announced'
        return { type: 'began' }
      case 'announced':
        this.#phase = 'looking'
        return { type: 'lookup' }
      case 'looked':
        this.#phase = 'refreshing'
        return { type: 'refresh' }
      case 'done':
        this.#phase = 'resting'
        return { type: 'ended', contacts: this.#contacts }
      case 'resting':
      case 'looking':
      case 'refreshing':
        return undefined
      default:
        return unreachable(this.#phase)
    }
  }

  get #low(): boolean {
    return this.#table.size < this.#config.low
  }

  #rest(now: Millis): void {
    this.#periodic = now + Math.floor(this.#config.interval * (1 + this.#rng.float() / 10))
    this.#retry = now + this.#backoff
    this.#backoff = this.#low ? Math.min(this.#backoff * 2, limits.bootstrapBackoffMax) : limits.bootstrapBackoffMin
  }
}
