/**
 * A small seeded random number generator (sfc32, from PractRand), the same in every JavaScript engine.
 *
 * Randomness is an argument everywhere in this package. One generator is split per purpose, so that one more draw
 * in one place does not shift the draws of another and a seed keeps its meaning while the code grows.
 */
export class Rng {
  #a: number
  #b: number
  #c: number
  #counter: number
  readonly #seed: string

  /** @param seed - any text; equal seeds give equal sequences. */
  constructor(seed: string) {
    const mix = hashText(seed)
    this.#seed = seed
    this.#a = mix()
    this.#b = mix()
    this.#c = mix()
    this.#counter = 1
    for (let i = 0; i < 12; i++) {
      this.uint32()
    }
  }

  /** A generator of its own for one purpose; does not draw from this one. */
  split(purpose: string): Rng {
    return new Rng(`${this.#seed}/${purpose}`)
  }

  /** The next whole number in [0, 2^32). */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** A number in [0, 1) with 32 bits of resolution. */
  float(): number {
    return this.uint32() / 4_294_967_296
  }

  /** A whole number in [0, bound); `bound` from 1 to 2^32. */
  below(bound: number): number {
    return Math.floor(this.float() * bound)
  }
}

/** A source of well mixed 32-bit words from a text (murmur3's mixing). */
function hashText(text: string): () => number {
  let hash = 1_779_033_703 ^ text.length
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 3_432_918_353)
    hash = (hash << 13) | (hash >>> 19)
  }

  return () => {
    hash = Math.imul(hash ^ (hash >>> 16), 2_246_822_507)
    hash = Math.imul(hash ^ (hash >>> 13), 3_266_489_909)
    hash ^= hash >>> 16
    return hash >>> 0
  }
}
