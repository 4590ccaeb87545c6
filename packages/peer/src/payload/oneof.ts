/**
 * The Rust workshop's protobuf of lesson 08: one of `1 {1 string message}`, `2 {1 string name, 2 uint64 size,
 * 3 bytes data}`, `3 {1 string data}`, `4 {1 string peer id, 2 repeated bytes multiaddr}`.
 *
 * It carries no mark of its own, so it is believed only when there is exactly one field and the nested message parses
 * whole: every field known, of its type, and strings valid.
 */
import type { Payload, PayloadCodec } from './payload.ts'
import { bytesField, readFields, stringOf } from './protobuf.ts'
import type { Field } from './protobuf.ts'

interface Shape {
  readonly kind: Payload['kind']
  /** The field that a line shows. */
  readonly shown: number
  /** The wire form of each field that may be there; `string` means bytes that are valid UTF-8. */
  readonly fields: Readonly<Record<number, 'string' | Field['wire']>>
}

const shapes: Readonly<Record<number, Shape>> = {
  1: { kind: 'chat', shown: 1, fields: { 1: 'string' } },
  2: { kind: 'file', shown: 1, fields: { 1: 'string', 2: 'varint', 3: 'bytes' } },
  3: { kind: 'data', shown: 1, fields: { 1: 'string' } },
  4: { kind: 'discovery', shown: 1, fields: { 1: 'string', 2: 'bytes' } }
}

export const oneof: PayloadCodec = {
  read(bytes) {
    const [field, ...others] = readFields(bytes) ?? []
    if (field?.wire !== 'bytes' || others.length > 0) {
      return undefined
    }

    const shape = shapes[field.number]
    const nested = readFields(field.value)
    if (shape === undefined || nested === undefined || !nested.every(inner => fits(inner, shape))) {
      return undefined
    }

    // An empty string is left out by protobuf.
    return { kind: shape.kind, text: stringOf(nested.findLast(({ number }) => number === shape.shown)) ?? '' }
  },

  write(message) {
    return bytesField(1, bytesField(1, message))
  }
}

function fits(field: Field, shape: Shape): boolean {
  const wanted = shape.fields[field.number]
  return wanted === 'string' ? stringOf(field) !== undefined : field.wire === wanted
}
