/**
 * The JavaScript workshop's JSON of lesson 08: `{"type":1,"chat":{"message":…}}`, type 2 with a `file`
 * `{name,size,data}`, type 3 with a `discovery` `{peerId,multiaddrs}`. Believed only with a numeric type and the body that belongs to it.
 */
import type { Payload, PayloadCodec } from './payload.ts'
import { decodeUtf8 } from './text.ts'

const openingBrace = 0x7b
const bodies: Readonly<Record<number, { readonly kind: Payload['kind']; readonly body: string; readonly shown: string }>> = {
  1: { kind: 'chat', body: 'chat', shown: 'message' },
  2: { kind: 'file', body: 'file', shown: 'name' },
  3: { kind: 'discovery', body: 'discovery', shown: 'peerId' }
}

export const json: PayloadCodec = {
  read(bytes) {
    if (bytes[0] !== openingBrace) {
      return undefined
    }

    const value = parse(bytes)
    if (!isObject(value) || typeof value.type !== 'number') {
      return undefined
    }

    const form = bodies[value.type]
    const body = form === undefined ? undefined : value[form.body]
    const text = form !== undefined && isObject(body) ? body[form.shown] : undefined
    return form !== undefined && typeof text === 'string' ? { kind: form.kind, text } : undefined
  },

  write(message) {
    return new TextEncoder().encode(JSON.stringify({ type: 1, chat: { message } }))
  }
}

function parse(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes)
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
