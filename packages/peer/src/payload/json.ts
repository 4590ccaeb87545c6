/**
 * The JavaScript workshop's JSON of lesson 08: `{"type":1,"chat":{"message":…}}`, type 2 with a `file`
 * `{name,size,data}`, type 3 with a `discovery` `{peerId,multiaddrs}`. Believed only with a numeric type and the body that belongs to it.
 *
 * Values within values are bounded before the text is parsed: a mebibyte of opening brackets takes the parser 55 ms.
 */
import type { Payload, PayloadCodec } from './payload.ts'
import { decodeUtf8 } from './text.ts'

const openingBrace = 0x7b
const closingBrace = 0x7d
const openingBracket = 0x5b
const closingBracket = 0x5d
const quote = 0x22
const backslash = 0x5c

/** Values within values; the formats need three. */
const depthMax = 16
const bodies: Readonly<Record<number, { readonly kind: Payload['kind']; readonly body: string; readonly shown: string }>> = {
  1: { kind: 'chat', body: 'chat', shown: 'message' },
  2: { kind: 'file', body: 'file', shown: 'name' },
  3: { kind: 'discovery', body: 'discovery', shown: 'peerId' }
}

export const json: PayloadCodec = {
  read(bytes) {
    if (bytes[0] !== openingBrace || !isShallow(bytes)) {
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

/** Whether no more than `depthMax` braces and brackets are open anywhere, those within strings not counted. */
function isShallow(bytes: Uint8Array): boolean {
  let depth = 0
  let isString = false
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case quote:
        isString = !isString
        break
      case backslash:
        // outside of a string there is none in any JSON
        at++
        break
      case openingBrace:
      case openingBracket:
        depth += isString ? 0 : 1
        break
      case closingBrace:
      case closingBracket:
        depth -= isString ? 0 : 1
        break
      default:
    }

    if (depth > depthMax) {
      return false
    }
  }

  return true
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
