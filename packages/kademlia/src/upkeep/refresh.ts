import { unreachable } from '../assert.ts'
import type { Target } from '../contact.ts'
import { commonPrefixLength, flipBit } from '../key.ts'
import type { Key } from '../key.ts'
import { limits } from '../limits.ts'
import type { Machine } from '../machine.ts'
import type { Rng } from '../rng.ts'
import type { Table } from '../table/table.ts'
import type { Millis } from '../time.ts'

/** The keys that share their first `bits` bits with `key`. */
export interface Prefix {
  readonly key: Key
  readonly bits: number
}

export interface RefreshConfig {
  /** How often each bucket is refreshed; `Infinity` for never. */
  readonly interval: Millis
}

export type RefreshInput =
  | { readonly type: 'tick' }
  /** Refresh every bucket as soon as possible, unless that is what runs. */
  | { readonly type: 'all' }
  /** A lookup for this key ended: its bucket has been refreshed by it. */
  | { readonly type: 'looked'; readonly key: Key }
  /** The preimage that was asked for. */
  | { readonly type: 'targeted'; readonly bucket: number; readonly target: Target }
  /** The lookup of a bucket ended. */
  | { readonly type: 'ended'; readonly bucket: number }
  | { readonly type: 'stop' }

export type RefreshOutput =
  /** A preimage of a random key of this bucket is wanted. */
  | { readonly type: 'target'; readonly bucket: number; readonly prefix: Prefix }
  | { readonly type: 'lookup'; readonly bucket: number; readonly target: Target }
  | { readonly type: 'began' }
  /** No bucket is due any more and no lookup runs. */
  | { readonly type: 'ended' }

/**
 * Keeps every bucket known: each is looked up at a random key of its own once an `interval`, unless some lookup came
 * by. Those too deep for a preimage to be found by hashing are one here, the last, which is refreshed at the id of the
 * peer nearest to us: a peer that ground its key to be near to ours must not cost a lookup for every bit.
 *
 * A bucket is due (its time has come), *running* (from `target` or `lookup` to `ended`), or waits for its time.
 * The whole is `resting` until a bucket is due, or `wanted` by `all`; then `running` until none is due and none runs.
 */
export class Refresh implements Machine<RefreshInput, RefreshOutput> {
  readonly #table: Table
  readonly #config: RefreshConfig
  readonly #rng: Rng
  // bounded by limits.preimageBits + 1: when each bucket is due, and the deep ones together
  readonly #due: Millis[] = []
  // bounded by limits.refreshLookups
  readonly #running = new Set<number>()
  // bounded by #running: preimages that have come
  readonly #targets: Array<{ bucket: number; target: Target }> = []
  #now: Millis = 0
  /** The first time of those that are due or will be, unless it must be found anew. */
  #next: Millis | undefined
  #phase: 'resting' | 'wanted' | 'running' = 'resting'
  /** Whether all buckets are being refreshed, so that whoever wants that may join. */
  #whole = false

  constructor(table: Table, config: RefreshConfig, rng: Rng) {
    this.#table = table
    this.#config = config
    this.#rng = rng
  }

  get running(): number {
    return this.#running.size
  }

  get deadline(): Millis {
    // with nobody to ask or no place free nothing can begin, whatever is due: the time must not stay in the past
    if (this.#table.size === 0 || this.#running.size >= limits.refreshLookups) {
      return Infinity
    }

    return (this.#next ??= this.#firstDue())
  }

  handle(now: Millis, input: RefreshInput): void {
    this.#now = now
    this.#next = undefined
    this.#track(now)
    switch (input.type) {
      case 'tick':
        break
      case 'all':
        if (!this.#whole) {
          this.#whole = true
          this.#due.fill(now)
          this.#phase = this.#phase === 'resting' ? 'wanted' : this.#phase
        }
        break
      case 'looked':
        this.#looked(now, Math.min(commonPrefixLength(this.#table.self.key, input.key), limits.preimageBits))
        break
      case 'targeted':
        this.#targets.push(input)
        break
      case 'ended':
        this.#running.delete(input.bucket)
        this.#looked(now, input.bucket)
        break
      case 'stop':
        this.#running.clear()
        break
      default:
        unreachable(input)
    }
  }

  poll(): RefreshOutput | undefined {
    const target = this.#targets.shift()
    if (target !== undefined) {
      return { type: 'lookup', bucket: target.bucket, target: target.target }
    }

    const bucket = this.#nextDue()
    if (this.#phase === 'wanted' || (bucket !== undefined && this.#phase === 'resting')) {
      this.#phase = 'running'
      return { type: 'began' }
    }

    if (bucket !== undefined) {
      this.#running.add(bucket)
      this.#next = undefined
      return this.#begin(bucket)
    }

    if (this.#phase === 'running' && this.#running.size === 0) {
      this.#phase = 'resting'
      this.#whole = false
      return { type: 'ended' }
    }

    return undefined
  }

  #begin(bucket: number): RefreshOutput {
    if (bucket < limits.preimageBits) {
      return { type: 'target', bucket, prefix: { key: flipBit(this.#table.self.key, bucket), bits: bucket + 1 } }
    }

    const nearest = this.#table.closest(this.#table.self.key, 1)[0]
    return { type: 'lookup', bucket, target: nearest?.contact ?? this.#table.self }
  }

  /** Every bucket down to the deepest that holds a peer has a time; new ones are due a whole interval from now. */
  #track(now: Millis): void {
    while (this.#due.length < Math.min(this.#table.depth, limits.preimageBits + 1)) {
      this.#due.push(this.#after(now))
    }
  }

  #looked(now: Millis, bucket: number): void {
    if (bucket < this.#due.length && !this.#running.has(bucket)) {
      this.#due[bucket] = this.#after(now)
    }
  }

  /** One interval later, spread by a tenth so that nodes that started together do not refresh together. */
  #after(now: Millis): Millis {
    return now + Math.floor(this.#config.interval * (1 + this.#rng.float() / 10))
  }

  #firstDue(): Millis {
    let first = Infinity
    for (let bucket = 0; bucket < this.#due.length; bucket++) {
      if (!this.#running.has(bucket)) {
        first = Math.min(first, this.#due[bucket] as Millis)
      }
    }

    return first
  }

  #nextDue(): number | undefined {
    if (this.deadline > this.#now) {
      return undefined
    }

    for (const [bucket, due] of this.#due.entries()) {
      if (due <= this.#now && !this.#running.has(bucket)) {
        return bucket
      }
    }

    return undefined
  }
}
