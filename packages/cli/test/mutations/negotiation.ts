/** Multistream-select 1.0 lines, as far as recordings and attackers need them. */
import { joinBytes } from './yamux.ts'

const multistream = '/multistream/1.0.0'

function line(text: string): Uint8Array {
  return joinBytes([Uint8Array.of(text.length + 1), Buffer.from(`${text}\n`)])
}

/** Both sides of a negotiation send the same bytes when the first proposal is taken. */
export function negotiation(protocol: string): Uint8Array {
  return joinBytes([line(multistream), line(protocol)])
}

/** The first protocol that the bytes name, whose length fits in one byte; undefined until it is complete. */
export function protocolIn(bytes: Uint8Array): string | undefined {
  const start = line(multistream).length
  const length = bytes[start]
  if (length === undefined || bytes.length < start + 1 + length) {
    return undefined
  }

  return Buffer.from(bytes.subarray(start + 1, start + length)).toString('latin1')
}
