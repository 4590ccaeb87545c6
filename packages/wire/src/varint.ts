/**
 * Unsigned varints, written: seven bits a byte, least significant first, the high bit says that more follow.
 * How they are read, and how strictly, is the business of `Cursor` and `FrameReader`.
 */
const sevenBits = 0x80

/** Bytes that a non-negative integer takes. */
export function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= sevenBits; rest = Math.floor(rest / sevenBits)) {
    length++
  }

  return length
}

/** Writes a non-negative integer and gives the position behind it. */
export function writeVarint(into: Uint8Array, at: number, value: number): number {
  let rest = value
  while (rest >= sevenBits) {
    into[at++] = (rest % sevenBits) | 0x80
    rest = Math.floor(rest / sevenBits)
  }

  into[at++] = rest
  return at
}

/** Bytes that a length-delimited field takes: tag, length and content. */
export function bytesFieldLength(tag: number, length: number): number {
  return varintLength(tag) + varintLength(length) + length
}

/** Writes a length-delimited field and gives the position behind it. */
export function writeBytesField(into: Uint8Array, at: number, tag: number, content: Uint8Array): number {
  at = writeVarint(into, at, tag)
  at = writeVarint(into, at, content.byteLength)
  into.set(content, at)
  return at + content.byteLength
}

/** Bytes that a varint field takes. */
export function varintFieldLength(tag: number, value: number): number {
  return varintLength(tag) + varintLength(value)
}

/** Writes a varint field and gives the position behind it. */
export function writeVarintField(into: Uint8Array, at: number, tag: number, value: number): number {
  return writeVarint(into, writeVarint(into, at, tag), value)
}
