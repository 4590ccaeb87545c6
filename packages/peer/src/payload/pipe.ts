/**
 * The Python workshop's line of lesson 07: `from|message|timestamp|type` as UTF-8. The message may hold bars itself:
 * the first field and the last two are fixed. Believed only when the first is a peer id and the last two are integers.
 */
import { isPeerId } from './claims.ts'
import type { PayloadCodec } from './payload.ts'
import { decodeUtf8 } from './text.ts'

const shape = /^(?<from>[^|]+)\|(?<message>.*)\|-?\d{1,20}\|\d{1,10}$/s

export const pipe: PayloadCodec = {
  read(bytes) {
    const groups = shape.exec(decodeUtf8(bytes) ?? '')?.groups
    const { from, message } = groups ?? {}

    return from !== undefined && message !== undefined && isPeerId(from) ? { kind: 'chat', text: message } : undefined
  },

  write(message, sender) {
    return new TextEncoder().encode(`${sender.peer}|${message}|${Math.floor(sender.now / 1_000)}|0`)
  }
}
