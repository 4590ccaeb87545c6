import { commonPrefixLength } from '@vicinity/kademlia'
import type { Prefix, Rng, Target } from '@vicinity/kademlia'
import { targetOf } from './contacts.ts'

let table: readonly Target[] | undefined

/** Bytes that hash to a key with a wanted prefix: from a table made once, then by trying on. */
export class Preimages {
  readonly #rng: Rng
  readonly #known: Target[]

  constructor(rng: Rng) {
    table ??= Array.from({ length: 4_096 }, (_, i) => targetOf(`preimage ${i}`))
    this.#rng = rng
    this.#known = [...table]
  }

  /** Of those known one at random, else one that is known from then on. */
  find({ key, bits }: Prefix): Target {
    const start = this.#rng.below(this.#known.length)
    for (let i = 0; i < this.#known.length; i++) {
      const known = this.#known[(start + i) % this.#known.length]
      if (known !== undefined && commonPrefixLength(known.key, key) >= bits) {
        return known
      }
    }

    for (;;) {
      const tried = targetOf(`preimage ${this.#rng.uint32()}`)
      if (commonPrefixLength(tried.key, key) >= bits) {
        this.#known.push(tried)
        return tried
      }
    }
  }
}
