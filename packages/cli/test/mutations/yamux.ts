/** Yamux frames as an attacker needs them: written with any content, read without judgement. */

export const dataType = 0
export const windowType = 1
export const pingType = 2
export const goAwayType = 3

export const syn = 1
export const ack = 2
export const fin = 4
export const rst = 8

const headerBytes = 12

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  /** The header's value; for data frames the length of the body unless it lies. */
  readonly length: number
  readonly body: Uint8Array
}

const nothing = new Uint8Array(0)

export function writeFrame({ type, flags, stream, length, body }: Frame): Uint8Array {
  const bytes = new Uint8Array(headerBytes + body.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(1, type)
  view.setUint16(2, flags)
  view.setUint32(4, stream)
  view.setUint32(8, length)
  bytes.set(body, headerBytes)
  return bytes
}

export function dataFrame(stream: number, body: Uint8Array, flags = 0): Uint8Array {
  return writeFrame({ type: dataType, flags, stream, length: body.length, body })
}

export function windowFrame(stream: number, length: number, flags = 0): Uint8Array {
  return writeFrame({ type: windowType, flags, stream, length, body: nothing })
}

export function pingFrame(length: number, flags: number): Uint8Array {
  return writeFrame({ type: pingType, flags, stream: 0, length, body: nothing })
}

/** The whole frames at the start of the bytes, and what is left after them. */
export function readFrames(bytes: Uint8Array): { readonly frames: Frame[]; readonly rest: Uint8Array } {
  const frames: Frame[] = []
  let at = 0
  while (bytes.length - at >= headerBytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, headerBytes)
    const type = view.getUint8(1)
    const length = view.getUint32(8)
    const end = at + headerBytes + (type === dataType ? length : 0)
    if (end > bytes.length) {
      break
    }

    const body = bytes.subarray(at + headerBytes, end)
    frames.push({ type, flags: view.getUint16(2), stream: view.getUint32(4), length, body })
    at = end
  }

  return { frames, rest: bytes.subarray(at) }
}

/** The bytes with the stream ids of their whole frames replaced. */
export function withStreams(bytes: Uint8Array, change: (stream: number) => number): Uint8Array {
  const { frames, rest } = readFrames(bytes)
  return joinBytes([...frames.map(frame => writeFrame({ ...frame, stream: change(frame.stream) })), rest])
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
