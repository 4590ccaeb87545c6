import type { Millis } from '@vicinity/kademlia'

interface Connection {
  used: Millis
}

/**
 * Who is connected to whom, and since when a connection has not been used. One that has been idle for too long is closed, as
 * any connection manager does; a dial to a peer costs round trips only where there is none.
 */
export class Connections {
  readonly #idle: Millis
  // bounded by the connections used within the idle time; both ends share one record
  readonly #all: Array<Map<number, Connection>> = []
  // bounded by the connections there are, and those that were hung up within the idle time; roughly in the order of `due`
  #queue: Array<{ one: number; other: number; due: Millis }> = []
  #first = 0

  /** @param idle - after how long without use a connection is closed. */
  constructor(idle: Millis) {
    this.#idle = idle
  }

  add(): void {
    this.#all.push(new Map())
  }

  has(one: number, other: number): boolean {
    return this.#of(one).has(other)
  }

  /** Whether there is any connection, or was within the idle time. */
  get any(): boolean {
    return this.#first < this.#queue.length
  }

  /** How many connections a node has. */
  count(node: number): number {
    return this.#of(node).size
  }

  /** Those a node is connected to. */
  peers(node: number): number[] {
    return [...this.#of(node).keys()]
  }

  /** @returns false when there is one already. */
  open(one: number, other: number, now: Millis): boolean {
    if (this.has(one, other)) {
      this.use(one, other, now)
      return false
    }

    const connection = { used: now }
    this.#of(one).set(other, connection)
    this.#of(other).set(one, connection)
    this.#queue.push({ one, other, due: now + this.#idle })
    return true
  }

  /** Notes that something went over a connection, if there is one still. */
  use(one: number, other: number, now: Millis): void {
    const connection = this.#of(one).get(other)
    if (connection !== undefined) {
      connection.used = now
    }
  }

  close(one: number, other: number): void {
    this.#of(one).delete(other)
    this.#of(other).delete(one)
  }

  /** Closes what has been idle for too long. @returns the pairs that were connected. */
  closeIdle(now: Millis): Array<[one: number, other: number]> {
    const closed: Array<[number, number]> = []
    for (let next = this.#queue[this.#first]; next !== undefined && next.due <= now; next = this.#queue[this.#first]) {
      this.#first++
      const { one, other } = next
      const used = this.#of(one).get(other)?.used
      if (used === undefined) {
        continue
      }

      if (used + this.#idle <= now) {
        this.close(one, other)
        closed.push([one, other])
      } else {
        this.#queue.push({ one, other, due: used + this.#idle })
      }
    }

    if (this.#first > 1_024 && this.#first * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#first)
      this.#first = 0
    }

    return closed
  }

  #of(node: number): Map<number, Connection> {
    return this.#all[node] as Map<number, Connection>
  }
}
