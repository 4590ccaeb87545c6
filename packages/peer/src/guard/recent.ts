import { trim } from '../duplicates.ts'

/** A value for each of so many names; the one that was asked for least recently is forgotten first. */
export class Recent<Value> {
  readonly #max: number
  readonly #make: () => Value
  readonly #values = new Map<string, Value>()

  constructor(max: number, make: () => Value) {
    this.#max = max
    this.#make = make
  }

  get size(): number {
    return this.#values.size
  }

  of(name: string): Value {
    const value = this.#values.get(name) ?? this.#make()
    this.#values.delete(name)
    this.#values.set(name, value)
    trim(this.#values, this.#max)
    return value
  }
}
