/** The applications' format: the text as UTF-8, nothing else. What no other format claims is this one. */
import type { PayloadCodec } from './payload.ts'

// A byte order mark is kept: it is part of what was sent.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** The text, or `undefined` when the bytes are not valid UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

export const text: PayloadCodec = {
  read(bytes) {
    const decoded = decodeUtf8(bytes)
    return decoded === undefined ? undefined : { kind: 'chat', text: decoded }
  },

  write(message) {
    return encoder.encode(message)
  }
}
