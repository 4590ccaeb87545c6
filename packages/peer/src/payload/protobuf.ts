/**
 * As much of protobuf as the chat payloads need: the fields of one message, read strictly, and written.
 *
 * Nothing is copied while reading, and a message of more than 256 fields is refused, so the work is bounded by the
 * payload's size, which the caller bounds.
 */
import { decodeUtf8 } from './text.ts'

export type Field =
  | { readonly number: number; readonly wire: 'varint'; readonly value: bigint }
  | { readonly number: number; readonly wire: 'bytes'; readonly value: Uint8Array }
  /** Of either fixed width; none of the formats uses them, but a stranger's extra field may. */
  | { readonly number: number; readonly wire: 'fixed'; readonly value: Uint8Array }

/** Fields of one message: the formats have a few each. A message with more is refused. */
const fieldsMaxDefault = 256
/** Bytes of one varint: a number of 64 bits takes 10. */
const varintBytesMax = 10

/** All fields in their order, or `undefined` when the bytes are not one whole, well-formed message of `fieldsMax` fields at most. */
export function readFields(bytes: Uint8Array, fieldsMax = fieldsMaxDefault): Field[] | undefined {
  const fields: Field[] = []
  const reader = new Reader(bytes)

  while (!reader.ended) {
    const field = readField(reader)
    if (field === undefined || fields.length === fieldsMax) {
      return undefined
    }

    fields.push(field)
  }

  return fields
}

function readField(reader: Reader): Field | undefined {
  const tag = reader.varint()
  if (tag === undefined || tag < 8n || tag > 0xffff_ffffn) {
    return undefined
  }

  const number = Number(tag >> 3n)
  switch (tag & 7n) {
    case 0n: {
      const value = reader.varint()
      return value === undefined ? undefined : { number, wire: 'varint', value }
    }
    case 1n:
      return fixed(number, reader.take(8n))
    case 2n: {
      const length = reader.varint()
      const value = length === undefined ? undefined : reader.take(length)
      return value === undefined ? undefined : { number, wire: 'bytes', value }
    }
    case 5n:
      return fixed(number, reader.take(4n))
    default:
      return undefined
  }
}

function fixed(number: number, value: Uint8Array | undefined): Field | undefined {
  return value === undefined ? undefined : { number, wire: 'fixed', value }
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** An unsigned 64-bit number; `undefined` when it is cut off or too long. */
  varint(): bigint | undefined {
    let value = 0n
    for (let i = 0; i < varintBytesMax; i++) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined) {
        return undefined
      }

      this.#at++
      value |= BigInt(byte & 0x7f) << BigInt(7 * i)
      if (byte < 0x80) {
        return value < 1n << 64n ? value : undefined
      }
    }

    return undefined
  }

  take(length: bigint): Uint8Array | undefined {
    if (length > BigInt(this.#bytes.length - this.#at)) {
      return undefined
    }

    const from = this.#at
    this.#at += Number(length)
    return this.#bytes.subarray(from, this.#at)
  }
}

/** The field's text, or `undefined` when it is no valid UTF-8 string. */
export function stringOf(field: Field | undefined): string | undefined {
  return field?.wire === 'bytes' ? decodeUtf8(field.value) : undefined
}

/** A length-delimited field: bytes, or a text as UTF-8. */
export function bytesField(number: number, value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
  return joined([varint(BigInt((number << 3) | 2)), lengthPrefixed(bytes)])
}

/** The bytes behind their length, as in a field and on a stream. */
export function lengthPrefixed(bytes: Uint8Array): Uint8Array {
  return joined([varint(BigInt(bytes.length)), bytes])
}

export function varintField(number: number, value: bigint): Uint8Array {
  return joined([varint(BigInt(number << 3)), varint(value)])
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }

  return bytes
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))

  return Uint8Array.from(bytes)
}
