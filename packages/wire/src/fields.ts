/**
 * The tags of every field that is read or written: field number and wire type in one number, as on the wire.
 *
 * Decoding compares whole tags, so a known field number with a foreign wire type is an unknown field and is skipped,
 * as go and rust do.
 */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const

export const messageTag = {
  type: tag(1, wireType.varint),
  key: tag(2, wireType.bytes),
  record: tag(3, wireType.bytes),
  closer: tag(8, wireType.bytes),
  providers: tag(9, wireType.bytes)
}

export const peerTag = {
  id: tag(1, wireType.bytes),
  address: tag(2, wireType.bytes),
  connection: tag(3, wireType.varint)
}

export const recordTag = {
  key: tag(1, wireType.bytes),
  value: tag(2, wireType.bytes),
  timeReceived: tag(5, wireType.bytes),
  publisher: tag(666, wireType.bytes),
  ttl: tag(777, wireType.varint)
}

function tag(field: number, type: number): number {
  return field * 8 + type
}
