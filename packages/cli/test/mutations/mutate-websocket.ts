/** Mutations that know the frames of RFC 6455: each of the ways in which a frame can be wrong. */
import { joinBytes } from './yamux.ts'
import type { Rng } from '@vicinity/kademlia'

interface WebSocketFrame {
  /** FIN, RSV and the opcode. */
  readonly first: number
  readonly mask: Uint8Array | undefined
  /** Unmasked. */
  readonly payload: Uint8Array
  /** The declared length when it lies. */
  readonly declared?: number
}

export function writeWebSocketFrame({ first, mask, payload, declared = payload.length }: WebSocketFrame): Uint8Array {
  const bit = mask === undefined ? 0 : 0x80
  const header =
    declared < 126
      ? Uint8Array.of(first, bit | declared)
      : declared < 65_536
        ? Uint8Array.of(first, bit | 126, declared >> 8, declared & 255)
        : Uint8Array.of(first, bit | 127, ...eightBytes(declared))
  const body = mask === undefined ? payload : payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0))
  return joinBytes([header, mask ?? new Uint8Array(0), body])
}

function eightBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

/** The first frame of the bytes and what comes after it; undefined when they do not begin with a whole one. */
export function readWebSocketFrame(bytes: Uint8Array): { frame: WebSocketFrame; rest: Uint8Array } | undefined {
  const [first, second] = bytes
  if (first === undefined || second === undefined) {
    return undefined
  }

  const short = second & 127
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0
  const masked = (second & 128) !== 0
  const start = 2 + extended + (masked ? 4 : 0)
  if (bytes.length < start || short === 127) {
    return undefined
  }

  const length = short === 126 ? ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0) : short
  if (bytes.length < start + length) {
    return undefined
  }

  const mask = masked ? bytes.slice(start - 4, start) : undefined
  const body = bytes.slice(start, start + length)
  const payload = mask === undefined ? body : body.map((byte, at) => byte ^ (mask[at % 4] ?? 0))
  return { frame: { first, mask, payload }, rest: bytes.subarray(start + length) }
}

/** One wrong frame in place of the first, before it, or after it. */
export function mutateWebSocket(rng: Rng, bytes: Uint8Array): Uint8Array {
  const read = readWebSocketFrame(bytes)
  // The HTTP upgrade has no frame: a wrong one follows it.
  const frame = read?.frame ?? { first: 0x82, mask: undefined, payload: Uint8Array.of(1, 2, 3, 4) }
  const mask = frame.mask ?? (isRequest(bytes) ? Uint8Array.of(1, 2, 3, 4) : undefined)
  const wrong = writeWebSocketFrame(wrongFrame(rng, { ...frame, mask }))
  if (read === undefined) {
    return joinBytes([bytes, wrong])
  }

  const after = rng.below(3)
  const first = writeWebSocketFrame(frame)
  return joinBytes(after === 0 ? [wrong, read.rest] : after === 1 ? [wrong, first, read.rest] : [first, wrong, read.rest])
}

/** A client's upgrade begins with GET, and a client masks its frames. */
function isRequest(bytes: Uint8Array): boolean {
  return bytes[0] === 0x47
}

const badText = Uint8Array.of(0xc3, 0x28, 0xff, 0xfe)

function wrongFrame(rng: Rng, frame: WebSocketFrame): WebSocketFrame {
  switch (rng.below(9)) {
    case 0:
      return { ...frame, first: frame.first | (0x10 << rng.below(3)) }
    case 1:
      return { ...frame, mask: frame.mask === undefined ? Uint8Array.of(1, 2, 3, 4) : undefined }
    case 2:
      return { ...frame, declared: [2 ** 40, 2 ** 53 - 1, 2 ** 31, 2 ** 20 * 101, 0, 125, 126, 65_535][rng.below(8)] ?? 0 }
    case 3:
      return { ...frame, first: 0x80 | rng.below(16) }
    case 4:
      // A control frame that is fragmented or has more than 125 bytes.
      return rng.below(2) === 0
        ? { ...frame, first: 0x09 }
        : { ...frame, first: 0x88 + rng.below(3), payload: new Uint8Array(126 + rng.below(400)) }
    case 5: {
      const code = [0, 1, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535, 1000][rng.below(11)] ?? 0
      return { ...frame, first: 0x88, payload: Uint8Array.of(code >> 8, code & 255).subarray(0, 1 + rng.below(2)) }
    }
    case 6:
      return { ...frame, first: 0x81, payload: badText }
    case 7:
      return { ...frame, first: 0x88, payload: Uint8Array.of(0x03, 0xe8, ...badText) }
    default:
      // A continuation of nothing, or a message within a message.
      return { ...frame, first: rng.below(2) === 0 ? 0x80 : 0x02 }
  }
}
