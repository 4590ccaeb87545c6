import { copied } from './columns.ts'

/**
 * What happens next: events ordered by (time, sequence), in typed arrays, because a run holds hundreds of thousands at once
 * and handles hundreds of millions.
 *
 * An event is a kind, two small whole numbers, a number and any one value; what they mean is the world's to know. Of two
 * events at the same time the one scheduled first comes first.
 */
export class EventHeap {
  #capacity: number
  #size = 0
  #scheduled = 0
  // the heap itself, in order of (time, sequence)
  #times: Float64Array
  #sequences: Float64Array
  #slots: Int32Array
  // what each slot holds; the slots not in use stand in #slots beyond #size
  #kinds: Uint8Array
  #as: Int32Array
  #bs: Int32Array
  #numbers: Float64Array
  #values: unknown[]
  /** The event that `pop` took out last. */
  kind = 0
  a = 0
  b = 0
  number = 0
  value: unknown = undefined

  constructor(capacity = 1_024) {
    this.#capacity = capacity
    this.#times = new Float64Array(capacity)
    this.#sequences = new Float64Array(capacity)
    this.#slots = Int32Array.from({ length: capacity }, (_, slot) => slot)
    this.#kinds = new Uint8Array(capacity)
    this.#as = new Int32Array(capacity)
    this.#bs = new Int32Array(capacity)
    this.#numbers = new Float64Array(capacity)
    this.#values = Array.from({ length: capacity }, () => undefined)
  }

  get size(): number {
    return this.#size
  }

  /** How many events were ever scheduled. */
  get scheduled(): number {
    return this.#scheduled
  }

  /** When the next event happens; `Infinity` when there is none. */
  get next(): number {
    return this.#size === 0 ? Infinity : (this.#times[0] as number)
  }

  push(time: number, kind: number, a: number, b: number, number: number, value: unknown): void {
    if (this.#size === this.#capacity) {
      this.#grow()
    }

    const slot = this.#slots[this.#size] as number
    this.#kinds[slot] = kind
    this.#as[slot] = a
    this.#bs[slot] = b
    this.#numbers[slot] = number
    this.#values[slot] = value
    this.#rise(this.#size++, time, this.#scheduled++, slot)
  }

  /** Takes the next event out, into `kind`, `a`, `b`, `number` and `value`. @returns its time; `Infinity` when there is none. */
  pop(): number {
    if (this.#size === 0) {
      return Infinity
    }

    const time = this.#times[0] as number
    const slot = this.#slots[0] as number
    this.kind = this.#kinds[slot] as number
    this.a = this.#as[slot] as number
    this.b = this.#bs[slot] as number
    this.number = this.#numbers[slot] as number
    this.value = this.#values[slot]
    this.#values[slot] = undefined

    const last = --this.#size
    if (last > 0) {
      this.#sink(this.#times[last] as number, this.#sequences[last] as number, this.#slots[last] as number)
    }

    this.#slots[last] = slot
    return time
  }

  /** Moves the hole at a place up to where an event belongs. */
  #rise(place: number, time: number, sequence: number, slot: number): void {
    let at = place
    while (at > 0) {
      const parent = (at - 1) >> 2
      // a parent scheduled at the same time came earlier
      if ((this.#times[parent] as number) <= time) {
        break
      }

      this.#move(parent, at)
      at = parent
    }

    this.#set(at, time, sequence, slot)
  }

  /** Moves the hole at the top down to where an event belongs. */
  #sink(time: number, sequence: number, slot: number): void {
    const size = this.#size
    let at = 0
    for (;;) {
      const first = 4 * at + 1
      if (first >= size) {
        break
      }

      let least = first
      const end = Math.min(first + 4, size)
      for (let child = first + 1; child < end; child++) {
        if (this.#precedes(child, this.#times[least] as number, this.#sequences[least] as number)) {
          least = child
        }
      }

      if (!this.#precedes(least, time, sequence)) {
        break
      }

      this.#move(least, at)
      at = least
    }

    this.#set(at, time, sequence, slot)
  }

  #precedes(place: number, time: number, sequence: number): boolean {
    const other = this.#times[place] as number
    return other < time || (other === time && (this.#sequences[place] as number) < sequence)
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from] as number
    this.#sequences[to] = this.#sequences[from] as number
    this.#slots[to] = this.#slots[from] as number
  }

  #set(place: number, time: number, sequence: number, slot: number): void {
    this.#times[place] = time
    this.#sequences[place] = sequence
    this.#slots[place] = slot
  }

  #grow(): void {
    const before = this.#capacity
    const capacity = before * 2
    this.#capacity = capacity
    this.#times = copied(this.#times, new Float64Array(capacity))
    this.#sequences = copied(this.#sequences, new Float64Array(capacity))
    this.#slots = copied(this.#slots, new Int32Array(capacity))
    this.#kinds = copied(this.#kinds, new Uint8Array(capacity))
    this.#as = copied(this.#as, new Int32Array(capacity))
    this.#bs = copied(this.#bs, new Int32Array(capacity))
    this.#numbers = copied(this.#numbers, new Float64Array(capacity))
    for (let slot = before; slot < capacity; slot++) {
      this.#slots[slot] = slot
      this.#values.push(undefined)
    }
  }
}
