import type { Millis } from '@vicinity/kademlia'
import { copied } from '../world/columns.ts'
import { DueQueue } from './due-queue.ts'
import { Pairs } from './pairs.ts'

/**
 * Who is connected to whom, and since when a connection has not been used. One that has been idle for too long is closed, as
 * any connection manager does; a dial to a peer costs round trips only where there is none.
 */
export class Connections {
  readonly #idle: Millis
  // bounded by the connections used within the idle time
  readonly #pairs = new Pairs()
  /** By the number of a pair: when something went over it last. */
  #used = new Float64Array(this.#pairs.capacity)
  // bounded by the connections there are, and those that were hung up within the idle time; roughly in the order of what is due
  readonly #queue = new DueQueue()

  /** @param idle - after how long without use a connection is closed. */
  constructor(idle: Millis) {
    this.#idle = idle
  }

  add(): void {
    this.#pairs.addNode()
  }

  has(one: number, other: number): boolean {
    return this.#pairs.find(one, other) >= 0
  }

  /** Whether there is any connection, or was within the idle time. */
  get any(): boolean {
    return this.#queue.size > 0
  }

  /** How many connections a node has. */
  count(node: number): number {
    return this.#pairs.count(node)
  }

  /** Those a node is connected to. */
  peers(node: number): number[] {
    return this.#pairs.of(node)
  }

  /** @returns false when there is one already. */
  open(one: number, other: number, now: Millis): boolean {
    const known = this.#pairs.find(one, other)
    if (known >= 0) {
      this.#used[known] = now
      return false
    }

    const pair = this.#pairs.add(one, other)
    if (this.#used.length < this.#pairs.capacity) {
      this.#used = copied(this.#used, new Float64Array(this.#pairs.capacity))
    }

    this.#used[pair] = now
    this.#queue.push(one, other, now + this.#idle)
    return true
  }

  /** Notes that something went over a connection, if there is one still. */
  use(one: number, other: number, now: Millis): void {
    const pair = this.#pairs.find(one, other)
    if (pair >= 0) {
      this.#used[pair] = now
    }
  }

  close(one: number, other: number): void {
    const pair = this.#pairs.find(one, other)
    if (pair >= 0) {
      this.#pairs.delete(pair)
    }
  }

  /**
   * Closes what has been idle for too long, and tells of each pair that was connected.
   *
   * @param most - how many connections to look at.
   * @returns whether that was all.
   */
  closeIdle(now: Millis, most: number, closed: (one: number, other: number) => void): boolean {
    for (let looked = 0; looked < most && this.#queue.due <= now; looked++) {
      const { one, other } = this.#queue
      this.#queue.shift()
      const pair = this.#pairs.find(one, other)
      if (pair < 0) {
        continue
      }

      const due = (this.#used[pair] as number) + this.#idle
      if (due <= now) {
        this.#pairs.delete(pair)
        closed(one, other)
      } else {
        this.#queue.push(one, other, due)
      }
    }

    return this.#queue.due > now
  }
}
