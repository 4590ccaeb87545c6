import type { Key } from '@vicinity/kademlia'
import type { Node } from './node.ts'
import { bitOf, compareKeys, compareNearness } from './truth.ts'

/**
 * Who serves now, in truth: all of them in one array in the order of their keys. What a lookup should have found is read
 * off that, by code that shares nothing with the routing table.
 */
export class Census {
  // bounded by the nodes of the world
  readonly #sorted: Node[] = []

  get size(): number {
    return this.#sorted.length
  }

  /** All of them, in the order of their keys. */
  get all(): readonly Node[] {
    return this.#sorted
  }

  add(node: Node): void {
    const at = this.#search(node.contact.key)
    if (this.#sorted[at] !== node) {
      this.#sorted.splice(at, 0, node)
    }
  }

  delete(node: Node): void {
    const at = this.#search(node.contact.key)
    if (this.#sorted[at] === node) {
      this.#sorted.splice(at, 1)
    }
  }

  /** The `count` nearest to a key, nearest first, without `except`. */
  closest(key: Key, count: number, except?: Node): Node[] {
    const wanted = except === undefined ? count : count + 1
    let [low, high] = [0, this.#sorted.length]
    for (let bit = 0; bit < 256; bit++) {
      const split = this.#split(low, high, bit)
      const [nearLow, nearHigh] = bitOf(key, bit) === 1 ? [split, high] : [low, split]
      if (nearHigh - nearLow < wanted) {
        break
      }

      low = nearLow
      high = nearHigh
    }

    const near = this.#sorted.slice(low, high).filter(node => node !== except)
    return near.sort((a, b) => compareNearness(key, a.contact.key, b.contact.key)).slice(0, count)
  }

  /** The `count` nearest of those that are wanted. */
  closestOf(key: Key, count: number, wanted: (node: Node) => boolean): Node[] {
    for (let tried = 2 * count; ; tried *= 2) {
      const found = this.closest(key, tried).filter(wanted)
      if (found.length >= count || tried >= this.size) {
        return found.slice(0, count)
      }
    }
  }

  /** All whose keys share their first `bits` bits with a key. */
  under(key: Key, bits: number): readonly Node[] {
    const [low, high] = this.range(key, bits)
    return this.#sorted.slice(low, high)
  }

  /** Where those stand whose keys share their first `bits` bits with a key. */
  range(key: Key, bits: number): [low: number, high: number] {
    let [low, high] = [0, this.#sorted.length]
    for (let bit = 0; bit < bits; bit++) {
      const split = this.#split(low, high, bit)
      if (bitOf(key, bit) === 1) {
        low = split
      } else {
        high = split
      }
    }

    return [low, high]
  }

  /** Of a range whose keys agree up to a bit, the first in which that bit is 1. */
  #split(from: number, to: number, bit: number): number {
    let [low, high] = [from, to]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (bitOf((this.#sorted[middle] as Node).contact.key, bit) === 0) {
        low = middle + 1
      } else {
        high = middle
      }
    }

    return low
  }

  #search(key: Key): number {
    let [low, high] = [0, this.#sorted.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareKeys((this.#sorted[middle] as Node).contact.key, key) < 0) {
        low = middle + 1
      } else {
        high = middle
      }
    }

    return low
  }
}
