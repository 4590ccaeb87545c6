import type { Millis } from '@vicinity/kademlia'

/** Pairs of nodes, each with a time at which something is due; first in, first out: a ring in typed arrays. */
export class DueQueue {
  #capacity: number
  #size = 0
  #head = 0
  #ones: Int32Array
  #others: Int32Array
  #dues: Float64Array

  /** @param capacity - a power of two. */
  constructor(capacity = 1_024) {
    this.#capacity = capacity
    this.#ones = new Int32Array(capacity)
    this.#others = new Int32Array(capacity)
    this.#dues = new Float64Array(capacity)
  }

  get size(): number {
    return this.#size
  }

  /** The nodes of the first. */
  get one(): number {
    return this.#ones[this.#head] as number
  }

  get other(): number {
    return this.#others[this.#head] as number
  }

  /** When the first is due; `Infinity` when there is none. */
  get due(): Millis {
    return this.#size === 0 ? Infinity : (this.#dues[this.#head] as number)
  }

  push(one: number, other: number, due: Millis): void {
    if (this.#size === this.#capacity) {
      this.#grow()
    }

    const place = (this.#head + this.#size++) & (this.#capacity - 1)
    this.#ones[place] = one
    this.#others[place] = other
    this.#dues[place] = due
  }

  /** Drops the first. */
  shift(): void {
    this.#head = (this.#head + 1) & (this.#capacity - 1)
    this.#size--
  }

  /** There is room for as many again. It is full: what stands before the head came after what stands behind it. */
  #grow(): void {
    const capacity = 2 * this.#capacity
    this.#ones = this.#inOrder(this.#ones, new Int32Array(capacity))
    this.#others = this.#inOrder(this.#others, new Int32Array(capacity))
    this.#dues = this.#inOrder(this.#dues, new Float64Array(capacity))
    this.#capacity = capacity
    this.#head = 0
  }

  #inOrder<Column extends Int32Array | Float64Array>(from: Column, to: Column): Column {
    to.set(from.subarray(this.#head))
    to.set(from.subarray(0, this.#head), this.#capacity - this.#head)
    return to
  }
}
