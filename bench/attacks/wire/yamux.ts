/** Frames of yamux. */

export const frameType = { data: 0, window: 1, ping: 2, goAway: 3 } as const
export const flag = { none: 0, syn: 1, ack: 2, fin: 4, rst: 8 } as const

/** A frame of yamux: 12 bytes of header, then the data, whose length the header may tell otherwise. */
export function yamuxFrame(
  type: number,
  flags: number,
  stream: number,
  length: number,
  data: Uint8Array = Buffer.alloc(0)
): Buffer {
  const header = Buffer.alloc(12)
  header[1] = type
  header.writeUInt16BE(flags, 2)
  header.writeUInt32BE(stream, 4)
  header.writeUInt32BE(length, 8)
  return Buffer.concat([header, data])
}
