/**
 * The Rust workshop's protobuf of lessons 06 and 07 and of their checkers: `{1 string from, 2 string message,
 * 3 int64 timestamp in seconds, 4 enum type}`, the types being chat 0, file 1, browser peer discovery 2.
 *
 * Any short text is a well-formed protobuf of some unknown fields, so this is believed only when `from` is a peer id
 * and a message is there.
 */
import { isPeerId } from './claims.ts'
import type { PayloadCodec, PayloadKind } from './payload.ts'
import { bytesField, joined, readFields, stringOf, varintField } from './protobuf.ts'
import type { Field } from './protobuf.ts'

const kinds: readonly PayloadKind[] = ['chat', 'file', 'discovery']

export const flat: PayloadCodec = {
  read(bytes) {
    const fields = readFields(bytes)
    if (fields === undefined || !fields.every(hasItsType)) {
      return undefined
    }

    // As protobuf has it, the last of several equal fields counts.
    const from = stringOf(fields.findLast(({ number }) => number === 1))
    const message = stringOf(fields.findLast(({ number }) => number === 2))
    if (from === undefined || message === undefined || !isPeerId(from)) {
      return undefined
    }

    const type = fields.findLast(({ number }) => number === 4)
    const kind = kinds[type?.wire === 'varint' ? Number(type.value) : 0]
    return kind === undefined ? undefined : { kind, text: message }
  },

  write(message, sender) {
    return joined([
      bytesField(1, sender.peer),
      bytesField(2, message),
      // The type is chat, which is 0, which protobuf leaves out.
      varintField(3, BigInt(Math.floor(sender.now / 1_000)))
    ])
  }
}

function hasItsType(field: Field): boolean {
  switch (field.number) {
    case 1:
    case 2:
      return field.wire === 'bytes'
    case 3:
    case 4:
      return field.wire === 'varint'
    default:
      return true
  }
}
