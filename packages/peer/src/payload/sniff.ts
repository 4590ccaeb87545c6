/**
 * Reads a chat payload of any format in use, and writes one of a chosen format.
 *
 * The formats are tried from the most certain to the least; what none claims is plain text. Text that happens to be,
 * byte for byte, another format's message reads as that: nobody can tell them apart.
 */
import type { PayloadFormat } from '../options.ts'
import { flat } from './flat.ts'
import { json } from './json.ts'
import { oneof } from './oneof.ts'
import type { Payload, PayloadCodec, Sender } from './payload.ts'
import { pipe } from './pipe.ts'
import { text } from './text.ts'

const codecs: Readonly<Record<PayloadFormat, PayloadCodec>> = { flat, oneof, json, pipe, text }
const order: readonly PayloadFormat[] = ['flat', 'oneof', 'json', 'pipe', 'text']

/** The largest payload that is looked at, in bytes: the largest text that we send, in a format that escapes every byte of it. */
export const payloadBytesMax = 128 * 1024

/** The largest text that is sent, in bytes of UTF-8. */
export const textBytesMax = 64 * 1024

export type Sniffed =
  | { readonly ok: true; readonly format: PayloadFormat; readonly payload: Payload }
  | { readonly ok: false; readonly reason: string }

/** What the bytes say. Never throws. */
export function readPayload(bytes: Uint8Array): Sniffed {
  if (bytes.length > payloadBytesMax) {
    return { ok: false, reason: `${bytes.length} bytes are more than the ${payloadBytesMax} that are read` }
  }

  for (const format of order) {
    const payload = codecs[format].read(bytes)
    if (payload !== undefined) {
      return { ok: true, format, payload }
    }
  }

  return { ok: false, reason: 'neither a known format nor valid UTF-8' }
}

/** The bytes of a chat message. A lone surrogate, which UTF-8 cannot write, becomes U+FFFD. */
export function writePayload(format: PayloadFormat, message: string, sender: Sender): Uint8Array {
  return codecs[format].write(message, sender)
}
