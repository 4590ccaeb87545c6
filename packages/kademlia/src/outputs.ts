/** What a machine has said and nobody has taken yet: first in, first out. */
export class Outputs<Out> {
  // bounded by what one input can cause: whoever calls handle drains the machine after it
  #queue: Out[] = []
  #read = 0

  get size(): number {
    return this.#queue.length - this.#read
  }

  push(output: Out): void {
    // not pushed to the empty list: V8 has seen those of many machines live long, and makes what they grow into where long-lived
    // things are; and mostly there is but one
    if (this.#queue.length === 0) {
      this.#queue = [output]
    } else {
      this.#queue.push(output)
    }
  }

  /** The oldest, or `undefined` when there is none left. */
  poll(): Out | undefined {
    const output = this.#queue[this.#read]
    if (output !== undefined) {
      this.#read++
    } else if (this.#read > 0) {
      this.#queue = []
      this.#read = 0
    }

    return output
  }
}
