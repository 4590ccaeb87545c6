import type { Target } from './contact.ts'
import type { Io } from './io.ts'
import type { Op } from './lookup/pool.ts'

/** Who wants a target somewhere in the keyspace: the refresh of a bucket, or an operation that is being widened. */
export type TargetFor = { readonly bucket: number } | { readonly op: Op }

/** Preimages that the driver was asked for. */
export class Targets {
  // bounded by limits.refreshLookups + limits.operations: each asks for one at a time
  readonly #wanted = new Map<Io, TargetFor>()
  #next: Io = 1

  get size(): number {
    return this.#wanted.size
  }

  want(by: TargetFor): Io {
    const io = this.#next++
    this.#wanted.set(io, by)
    return io
  }

  /** @returns for whom one came, or `undefined` when nobody waits for it. */
  take(io: Io, target: Target): (TargetFor & { readonly type: 'targeted'; readonly target: Target }) | undefined {
    const by = this.#wanted.get(io)
    this.#wanted.delete(io)
    return by && { type: 'targeted', ...by, target }
  }

  clear(): void {
    this.#wanted.clear()
  }
}
