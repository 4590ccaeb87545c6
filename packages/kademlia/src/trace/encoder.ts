import type { Addresses, Contact, PeerInfo, Target } from '../contact.ts'
import { keyToBytes } from '../key.ts'
import { limits } from '../limits.ts'
import { toHex } from './hex.ts'

/** What JSON has; a field that is `undefined` is left out by whoever writes it. */
export type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [name: string]: Json }

/**
 * Values of the machine as JSON, in the form that `format.ts` describes. It knows contacts, targets, peers, addresses, keys
 * and bytes, and writes anything else by its fields, so that a new field of an input, output or setting needs nothing here.
 *
 * Things are known by identity, and only for as long as somebody else holds them: nothing is kept alive by a trace.
 */
export class TraceEncoder {
  readonly #numbers = new WeakMap<object, number>()
  #next = 0

  encode(value: unknown): Json {
    switch (typeof value) {
      case 'string':
        return value.startsWith('*') ? `*${value}` : value
      case 'number':
        return Number.isFinite(value) ? value : `*${value}`
      case 'boolean':
      case 'undefined':
        return value
      case 'object':
        return value === null ? null : this.#object(value)
      default:
        throw new TypeError(`a trace has no ${typeof value}`)
    }
  }

  #object(value: object): Json {
    if (Array.isArray(value)) {
      return value.map(item => this.encode(item))
    }

    if (value instanceof Uint8Array) {
      return `*x${toHex(value)}`
    }

    if (value instanceof Uint32Array) {
      return `*k${toHex(keyToBytes(value))}`
    }

    if (isTarget(value)) {
      return (
        this.#known(value) ??
        this.#define(value, { id: this.encode(value.id), bytes: this.encode(value.bytes), key: this.encode(value.key) })
      )
    }

    return isPeer(value) ? this.#peer(value) : this.#fields(value)
  }

  #peer(peer: PeerInfo): Json {
    const { contact, addresses, groups } = peer
    return (
      this.#known(peer) ??
      this.#define(peer, { contact: this.encode(contact), addresses: this.#addresses(addresses), groups: [...groups] })
    )
  }

  #addresses(addresses: Addresses): Json {
    const known = this.#known(addresses)
    if (known !== undefined) {
      return known
    }

    const { count, text } = addresses
    return this.#define(addresses, { count, text: text === undefined ? undefined : this.encode(text) })
  }

  #fields(value: object): Json {
    const fields = Object.entries(value as Readonly<Record<string, unknown>>)
    return Object.fromEntries(
      fields.map(([name, field]) => [
        name,
        name === 'addresses' && isAddresses(field) ? this.#addresses(field) : this.encode(field)
      ])
    )
  }

  /** The reference to a thing that was written out, if a reader still knows it. */
  #known(thing: object): string | undefined {
    const number = this.#numbers.get(thing)
    return number === undefined || number < this.#next - limits.traceReferences ? undefined : `*${number}`
  }

  /** Called when the parts of a thing have been written out: a reader counts in the same order. */
  #define(thing: object, fields: { readonly [name: string]: Json }): Json {
    const number = this.#next++
    this.#numbers.set(thing, number)
    return { '*': number, ...fields }
  }
}

function isTarget(value: object): value is Target | Contact {
  return 'bytes' in value && value.bytes instanceof Uint8Array && 'key' in value && value.key instanceof Uint32Array
}

function isAddresses(value: unknown): value is Addresses {
  return typeof value === 'object' && value !== null && 'count' in value
}

function isPeer(value: object): value is PeerInfo {
  return 'contact' in value && 'addresses' in value && 'groups' in value
}
