import type { Key, Rng } from '@vicinity/kademlia'
import { keyNear, randomKey } from '../world/contacts.ts'

/** Where nodes stand in the keyspace: anywhere, but for a share of them that crowds in one part of it. */
export class Keys {
  readonly #rng: Rng
  readonly #share: number
  readonly #bits: number
  readonly #crowd: Key

  constructor(rng: Rng, share: number, bits: number) {
    this.#rng = rng
    this.#share = share
    this.#bits = bits
    this.#crowd = randomKey(rng)
  }

  next(): Key {
    return this.#share > 0 && this.#rng.float() < this.#share ? keyNear(this.#crowd, this.#bits, this.#rng) : randomKey(this.#rng)
  }
}
