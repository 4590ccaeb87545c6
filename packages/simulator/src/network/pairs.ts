import { copied } from '../world/columns.ts'

/**
 * Pairs of nodes, in typed arrays: a large world has tens of millions at once.
 *
 * A pair has a number while it is in, below `capacity`. It has two ends, at twice its number and beside it, that name its nodes;
 * the ends that name one node are linked in the order in which they came. A hash table with open addressing, half full at most,
 * finds the number of a pair.
 */
export class Pairs {
  #capacity: number
  /** The numbers below it are in use, or free and linked from `#free` by what their first end names. */
  #used = 0
  #free = none
  #nodes: Int32Array
  #next: Int32Array
  #previous: Int32Array
  // numbers of pairs, plus one: 0 where there is none
  #slots: Int32Array
  // by node
  readonly #first: number[] = []
  readonly #last: number[] = []
  readonly #counts: number[] = []

  /** @param capacity - a power of two. */
  constructor(capacity = 1_024) {
    this.#capacity = capacity
    this.#nodes = new Int32Array(2 * capacity)
    this.#next = new Int32Array(2 * capacity)
    this.#previous = new Int32Array(2 * capacity)
    this.#slots = new Int32Array(2 * capacity)
  }

  get capacity(): number {
    return this.#capacity
  }

  /** The next node can have pairs from now on. */
  addNode(): void {
    this.#first.push(none)
    this.#last.push(none)
    this.#counts.push(0)
  }

  /** How many pairs a node is in. */
  count(node: number): number {
    return this.#counts[node] as number
  }

  /** Those a node is paired with, in the order in which they came. */
  of(node: number): number[] {
    const others: number[] = []
    for (let end = this.#first[node] as number; end !== none; end = this.#next[end] as number) {
      others.push(this.#nodes[end ^ 1] as number)
    }

    return others
  }

  /** The number of a pair, in whichever order; -1 if it is not in. */
  find(one: number, other: number): number {
    return (this.#slots[this.#slotOf(one, other)] as number) - 1
  }

  /** Takes in a pair that is not in. @returns its number. */
  add(one: number, other: number): number {
    const pair = this.#take()
    this.#link(2 * pair, one)
    this.#link(2 * pair + 1, other)
    this.#slots[this.#slotOf(one, other)] = pair + 1
    return pair
  }

  /** Takes a pair out; another may get its number. */
  delete(pair: number): void {
    this.#vacate(this.#slotOfPair(pair))
    this.#unlink(2 * pair)
    this.#unlink(2 * pair + 1)
    this.#nodes[2 * pair] = this.#free
    this.#free = pair
  }

  #take(): number {
    const pair = this.#free
    if (pair !== none) {
      this.#free = this.#nodes[2 * pair] as number
      return pair
    }

    if (this.#used === this.#capacity) {
      this.#grow()
    }

    return this.#used++
  }

  #link(end: number, node: number): void {
    const last = this.#last[node] as number
    this.#nodes[end] = node
    this.#previous[end] = last
    this.#next[end] = none
    this.#last[node] = end
    this.#counts[node] = (this.#counts[node] as number) + 1
    if (last === none) {
      this.#first[node] = end
    } else {
      this.#next[last] = end
    }
  }

  #unlink(end: number): void {
    const node = this.#nodes[end] as number
    const previous = this.#previous[end] as number
    const next = this.#next[end] as number
    this.#counts[node] = (this.#counts[node] as number) - 1
    if (previous === none) {
      this.#first[node] = next
    } else {
      this.#next[previous] = next
    }

    if (next === none) {
      this.#last[node] = previous
    } else {
      this.#previous[next] = previous
    }
  }

  #slotOfPair(pair: number): number {
    return this.#slotOf(this.#nodes[2 * pair] as number, this.#nodes[2 * pair + 1] as number)
  }

  /** Where in the hash table a pair stands, or would. */
  #slotOf(one: number, other: number): number {
    const mask = this.#slots.length - 1
    let slot = hashOf(one, other) & mask
    for (let pair = this.#slots[slot] as number; pair !== 0; pair = this.#slots[slot] as number) {
      const end = 2 * pair - 2
      const first = this.#nodes[end]
      const second = this.#nodes[end + 1]
      if ((first === one && second === other) || (first === other && second === one)) {
        break
      }

      slot = (slot + 1) & mask
    }

    return slot
  }

  /** Empties a slot, and moves those after it that it kept from their place. */
  #vacate(slot: number): void {
    const mask = this.#slots.length - 1
    let hole = slot
    for (let at = (hole + 1) & mask; this.#slots[at] !== 0; at = (at + 1) & mask) {
      const pair = this.#slots[at] as number
      const home = hashOf(this.#nodes[2 * pair - 2] as number, this.#nodes[2 * pair - 1] as number)
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        this.#slots[hole] = pair
        hole = at
      }
    }

    this.#slots[hole] = 0
  }

  /** There is room for as many again. All numbers are in use. */
  #grow(): void {
    this.#capacity *= 2
    const length = 2 * this.#capacity
    this.#nodes = copied(this.#nodes, new Int32Array(length))
    this.#next = copied(this.#next, new Int32Array(length))
    this.#previous = copied(this.#previous, new Int32Array(length))
    this.#slots = new Int32Array(length)
    for (let pair = 0; pair < this.#used; pair++) {
      this.#slots[this.#slotOfPair(pair)] = pair + 1
    }
  }
}

const none = -1

/** The same in either order; its lowest bits depend on all of both numbers. */
function hashOf(one: number, other: number): number {
  const low = Math.min(one, other)
  const high = Math.max(one, other)
  const mixed = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca77)
  const folded = Math.imul(mixed ^ (mixed >>> 16), 0x2c1b3c6d)
  return folded ^ (folded >>> 15)
}
