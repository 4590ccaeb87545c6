import type { Addresses, Contact, PeerInfo, Target } from '../contact.ts'
import { keyWords } from '../key.ts'
import type { Key } from '../key.ts'

/**
 * The fields of one object of a trace, each taken by its name and with the type that it has to have; `end` refuses what
 * nobody took. Throws SyntaxError, which names the field.
 */
export class Fields {
  readonly #record: Readonly<Record<string, unknown>>
  readonly #what: string
  // bounded by the fields of the object, which stands on one line
  readonly #left: Set<string>

  /** @param what - what the object is, for messages. */
  constructor(record: unknown, what: string) {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      throw new SyntaxError(`${what} is not an object`)
    }

    this.#record = record as Readonly<Record<string, unknown>>
    this.#what = what
    // bounded by the fields of the object, which stands on one line
    this.#left = new Set(Object.keys(record))
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#record, name)
  }

  /** All of them, as they are. */
  all(): Readonly<Record<string, unknown>> {
    return this.#record
  }

  take(name: string): unknown {
    this.#left.delete(name)
    return this.has(name) ? this.#record[name] : undefined
  }

  /** Gives `value` back once it is sure that no field is left over. */
  end<T>(value: T): T {
    for (const name of this.#left) {
      throw new SyntaxError(`${this.#what} has a field "${name}", which this version does not know`)
    }

    return value
  }

  text(name: string): string {
    return this.#checked(name, 'a text', value => (typeof value === 'string' ? value : undefined))
  }

  flag(name: string): boolean {
    return this.#checked(name, 'true or false', value => (typeof value === 'boolean' ? value : undefined))
  }

  whole(name: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
    return this.#checked(name, `a whole number from ${min} to ${max}`, value =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined
    )
  }

  /** Any number but NaN. */
  number(name: string): number {
    return this.#checked(name, 'a number', value => (typeof value === 'number' && !Number.isNaN(value) ? value : undefined))
  }

  oneOf<Word extends string>(name: string, words: readonly Word[]): Word {
    return this.#checked(name, `one of ${words.join(', ')}`, value => words.find(word => word === value))
  }

  bytes(name: string): Uint8Array {
    return this.#checked(name, 'bytes', value => (value instanceof Uint8Array ? value : undefined))
  }

  key(name: string): Key {
    return this.#checked(name, 'a key', value => (isKey(value) ? value : undefined))
  }

  target(name: string): Target {
    return this.#checked(name, 'a target', value => (isTarget(value) ? value : undefined))
  }

  contact(name: string): Contact {
    return this.#checked(name, 'a contact', value => (isTarget(value) && isNamed(value) ? value : undefined))
  }

  addresses(name: string): Addresses {
    return this.#checked(name, 'addresses', value => (isAddresses(value) ? value : undefined))
  }

  peer(name: string): PeerInfo {
    return this.#checked(name, 'a peer', value => (isPeer(value) ? value : undefined))
  }

  peers(name: string): PeerInfo[] {
    return this.list(name, value => (isPeer(value) ? value : undefined))
  }

  /** @param read - gives `undefined` for an item that does not belong there. */
  list<T>(name: string, read: (item: unknown) => T | undefined): T[] {
    const items = this.#checked(name, 'a list', value => (Array.isArray(value) ? (value as unknown[]) : undefined))
    return items.map((item, i) => {
      const value = read(item)
      if (value === undefined) {
        throw new SyntaxError(`item ${i} of the list "${name}" of ${this.#what} is not what belongs there`)
      }

      return value
    })
  }

  #checked<T>(name: string, kind: string, check: (value: unknown) => T | undefined): T {
    const value = check(this.take(name))
    if (value === undefined) {
      throw new SyntaxError(`${this.#what} has no field "${name}" that is ${kind}`)
    }

    return value
  }
}

function isKey(value: unknown): value is Key {
  return value instanceof Uint32Array && value.length === keyWords
}

function isTarget(value: unknown): value is Target {
  return isObject(value) && value['bytes'] instanceof Uint8Array && isKey(value['key'])
}

function isNamed(target: Target): target is Contact {
  return typeof target.id === 'string'
}

function isAddresses(value: unknown): value is Addresses {
  return isObject(value) && Number.isSafeInteger(value['count'])
}

function isPeer(value: unknown): value is PeerInfo {
  if (!isObject(value) || !isTarget(value['contact']) || !isNamed(value['contact']) || !isAddresses(value['addresses'])) {
    return false
  }

  const { groups } = value
  return Array.isArray(groups) && groups.every(group => typeof group === 'number')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
