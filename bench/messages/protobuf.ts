/** The messages that a stranger makes by hand, byte for byte. */

/** A field of bytes. */
export function field(number: number, content: Uint8Array | readonly number[]): Uint8Array {
  return concat([varint(number * 8 + 2), varint(content.length), Uint8Array.from(content)])
}

/** A field with a number. */
export function numberField(number: number, value: number): Uint8Array {
  return concat([varint(number * 8), varint(value)])
}

/** Bytes behind their length, as on a stream. */
export function framed(content: Uint8Array): Uint8Array {
  return concat([varint(content.length), content])
}

export function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
    bytes.push((rest % 0x80) | 0x80)
  }

  return Uint8Array.from([...bytes, rest])
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** As many pieces, one for each number from 0, as fit into the bytes. */
export function fill(bytesMax: number, piece: (index: number) => Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  let bytes = 0
  for (let index = 0; ; index++) {
    const part = piece(index)
    bytes += part.length
    if (bytes > bytesMax) {
      return concat(parts)
    }

    parts.push(part)
  }
}
