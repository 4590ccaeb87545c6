import { keyBit, keyBits } from '@vicinity/kademlia'
import type { Millis, Rng, SavedEntry } from '@vicinity/kademlia'
import { wallAtZero } from '../world/node.ts'
import type { Node } from '../world/node.ts'

/**
 * The routing tables of a network that has run for long: every bucket holds as many peers as there are, at most `bucketSize`,
 * drawn at random. They are handed to the engines as saved tables.
 *
 * @param sorted - the servers, in the order of their keys.
 */
export class ConvergedTables {
  readonly #sorted: readonly Node[]
  readonly #bucketSize: number
  readonly #rng: Rng

  constructor(sorted: readonly Node[], bucketSize: number, rng: Rng) {
    this.#sorted = sorted
    this.#bucketSize = bucketSize
    this.#rng = rng
  }

  /**
   * The table of a node.
   *
   * @param silence - each entry was heard at a random time within this long before time zero.
   */
  of(node: Node, silence: Millis): SavedEntry[] {
    const { key } = node.contact
    const entries: SavedEntry[] = []
    let [low, high] = [0, this.#sorted.length]
    for (let bit = 0; bit < keyBits && high > low; bit++) {
      const split = this.#split(low, high, bit)
      const [ours, others] =
        keyBit(key, bit) === 1
          ? ([
              [split, high],
              [low, split]
            ] as const)
          : ([
              [low, split],
              [split, high]
            ] as const)
      for (const index of this.#draw(others[0], others[1])) {
        const heard = wallAtZero - (silence === 0 ? 0 : this.#rng.below(silence))
        entries.push({ peer: (this.#sorted[index] as Node).info, heard, roundTrip: 0 })
      }

      low = ours[0]
      high = ours[1]
      if (high - low === 1 && this.#sorted[low] === node) {
        break
      }
    }

    return entries
  }

  /** Up to a bucket's size of the numbers from `low` to `high`, each at most once (Floyd's sampling). */
  #draw(low: number, high: number): Iterable<number> {
    const count = Math.min(this.#bucketSize, high - low)
    const drawn = new Set<number>()
    for (let last = high - count; last < high; last++) {
      const index = low + this.#rng.below(last - low + 1)
      drawn.add(drawn.has(index) ? last : index)
    }

    return drawn
  }

  /** Of a range whose keys agree up to a bit, the first in which that bit is 1. */
  #split(from: number, to: number, bit: number): number {
    let [low, high] = [from, to]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (keyBit((this.#sorted[middle] as Node).contact.key, bit) === 0) {
        low = middle + 1
      } else {
        high = middle
      }
    }

    return low
  }
}
