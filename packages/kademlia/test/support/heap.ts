/** Events in virtual time, the earliest first; those of one moment in the order in which they came. */
export class EventHeap {
  // bounded by what the test schedules
  readonly #events: Array<{ time: number; order: number; run: () => void }> = []
  #order = 0

  get next(): number {
    return this.#events[0]?.time ?? Infinity
  }

  push(time: number, run: () => void): void {
    const event = { time, order: this.#order++, run }
    let at = this.#events.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#before(parent, at)) {
        break
      }
      this.#swap(parent, at)
      at = parent
    }
  }

  pop(): (() => void) | undefined {
    const first = this.#events[0]
    const last = this.#events.pop()
    if (first === undefined || last === undefined || first === last) {
      return first?.run
    }

    this.#events[0] = last
    for (let at = 0; ; ) {
      const child = this.#before(2 * at + 2, 2 * at + 1) ? 2 * at + 2 : 2 * at + 1
      if (!this.#before(child, at)) {
        return first.run
      }
      this.#swap(child, at)
      at = child
    }
  }

  #before(a: number, b: number): boolean {
    const [one, other] = [this.#events[a], this.#events[b]]
    if (one === undefined || other === undefined) {
      return one !== undefined
    }

    return one.time < other.time || (one.time === other.time && one.order < other.order)
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#events[a], this.#events[b]]
    if (one !== undefined && other !== undefined) {
      this.#events[a] = other
      this.#events[b] = one
    }
  }
}
