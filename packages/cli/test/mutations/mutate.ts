/** Mutations of pieces of bytes, drawn from a seeded generator: the same draws give the same mutation. */
import { ack, dataFrame, fin, joinBytes, pingFrame, readFrames, rst, syn, windowFrame, writeFrame } from './yamux.ts'
import { mutateDatagram } from './mutate-datagram.ts'
import { mutateWebSocket } from './mutate-websocket.ts'
import type { Rng } from '@vicinity/kademlia'
import { ends } from './cases.ts'
import type { End, Piece } from './cases.ts'
import type { Frame } from './yamux.ts'

/** The form of the pieces, which decides the mutations that know it. */
export type Form = 'bytes' | 'yamux' | 'websocket' | 'datagrams'

const edges = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff] as const
const lengths = [0, 1, 11, 12, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 262_144, 262_145, 16_777_216] as const

export function pick<T>(rng: Rng, items: readonly T[]): T {
  const item = items[rng.below(items.length)]
  if (item === undefined) {
    throw new RangeError('nothing to pick from')
  }
  return item
}

export function chance(rng: Rng, part: number): boolean {
  return rng.float() < part
}

export function rubbish(rng: Rng, bytesMax: number): Uint8Array {
  const bytes = new Uint8Array(1 + rng.below(bytesMax))
  // Runs of one value pass for headers and lengths where noise does not.
  const value = chance(rng, 0.3) ? pick(rng, edges) : undefined
  return bytes.map(() => value ?? rng.below(256))
}

/** `breaks` is the part of the cases that end their connection, which costs more than a stream. */
export function pickEnd(rng: Rng, breaks: number): End {
  return chance(rng, breaks) ? 'break' : pick(rng, ends.slice(0, 3))
}

/** One to four mutations; `donors` are pieces of other recordings, to be spliced in. */
export function mutate(rng: Rng, pieces: readonly Piece[], form: Form, donors: readonly Piece[]): Piece[] {
  let mutated = [...pieces]
  for (let left = pick(rng, [1, 1, 1, 2, 2, 3, 4]); left > 0; left--) {
    mutated = mutateOnce(rng, mutated, form, donors)
  }
  return mutated
}

function mutateOnce(rng: Rng, pieces: Piece[], form: Form, donors: readonly Piece[]): Piece[] {
  if (pieces.length === 0) {
    return [{ bytes: rubbish(rng, 64), after: 0 }]
  }

  const knows = form === 'bytes' ? 0 : 0.5
  if (chance(rng, knows)) {
    switch (form) {
      case 'yamux':
        return atOne(rng, pieces, bytes => mutateFrames(rng, bytes, pieces))
      case 'websocket':
        return atOne(rng, pieces, bytes => mutateWebSocket(rng, bytes))
      case 'datagrams':
        return atOne(rng, pieces, bytes => mutateDatagram(rng, bytes))
      case 'bytes':
        break
    }
  }
  return chance(rng, 0.6) ? atOne(rng, pieces, bytes => mutateBytes(rng, bytes)) : rearrange(rng, pieces, donors)
}

function atOne(rng: Rng, pieces: readonly Piece[], change: (bytes: Uint8Array) => Uint8Array): Piece[] {
  const at = rng.below(pieces.length)
  return pieces.map((piece, index) => (index === at ? { ...piece, bytes: change(piece.bytes) } : piece))
}

/** One change within some bytes. */
export function mutateBytes(rng: Rng, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) {
    return rubbish(rng, 16)
  }

  const at = rng.below(bytes.length)
  const end = at + 1 + rng.below(Math.min(64, bytes.length - at))
  const [before, range, rest] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)]
  switch (rng.below(9)) {
    case 0:
      return withByte(bytes, at, (bytes[at] ?? 0) ^ (1 << rng.below(8)))
    case 1:
      return withByte(bytes, at, chance(rng, 0.5) ? pick(rng, edges) : rng.below(256))
    case 2:
      return withNumber(bytes, at, pick(rng, lengths))
    case 3:
      return joinBytes([before, rest])
    case 4:
      return joinBytes([before, range, range, rest])
    case 5:
      return joinBytes([before, rubbish(rng, 64), bytes.subarray(at)])
    case 6:
      return joinBytes([before, rubbish(rng, range.length)])
    case 7:
      return before
    default:
      return joinBytes([bytes, rubbish(rng, 64)])
  }
}

function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = value
  return copy
}

/** Four bytes, or the varint of the same number. */
function withNumber(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = joinBytes([bytes, new Uint8Array(Math.max(0, at + 4 - bytes.length))])
  new DataView(copy.buffer, copy.byteOffset).setUint32(at, value)
  return copy
}

function rearrange(rng: Rng, pieces: readonly Piece[], donors: readonly Piece[]): Piece[] {
  const at = rng.below(pieces.length)
  const other = rng.below(pieces.length)
  const [piece, swapped] = [pieces[at], pieces[other]]
  if (piece === undefined || swapped === undefined) {
    return [...pieces]
  }

  switch (rng.below(9)) {
    case 0:
      return pieces.toSpliced(at, 1)
    case 1:
      return pieces.toSpliced(at, 0, piece)
    case 2:
      return pieces.with(at, swapped).with(other, piece)
    case 3:
      return pieces.slice(0, at + 1)
    case 4: {
      const cut = rng.below(piece.bytes.length + 1)
      const halves = [piece.bytes.subarray(0, cut), piece.bytes.subarray(cut)]
      return pieces.toSpliced(at, 1, ...halves.map(bytes => ({ bytes, after: piece.after })))
    }
    case 5: {
      const joined = pieces.slice(at, at + 2 + rng.below(8))
      const bytes = joinBytes(joined.map(one => one.bytes))
      return pieces.toSpliced(at, joined.length, { bytes, after: joined.at(-1)?.after ?? 0 })
    }
    case 6:
      return pieces.toSpliced(at, 0, { bytes: pick(rng, [...donors, piece]).bytes, after: piece.after })
    case 7: {
      const bytes = Array.from(piece.bytes, byte => ({ bytes: Uint8Array.of(byte), after: piece.after }))
      return bytes.length > 256 ? [...pieces] : pieces.toSpliced(at, 1, ...bytes)
    }
    default:
      return [...pieces.slice(0, at), { bytes: joinBytes([piece.bytes, rubbish(rng, 64)]), after: piece.after }]
  }
}

/** A change that keeps the bytes a sequence of frames, or ends them in the middle of one. */
function mutateFrames(rng: Rng, bytes: Uint8Array, pieces: readonly Piece[]): Uint8Array {
  const { frames, rest } = readFrames(bytes)
  const at = frames.length === 0 ? 0 : rng.below(frames.length)
  const chosen = frames[at]
  const stream = chosen?.stream ?? pickStream(rng, pieces)
  switch (rng.below(3)) {
    case 0: {
      const added = oddFrame(rng, chance(rng, 0.7) ? stream : pickStream(rng, pieces))
      return joinBytes([...frames.slice(0, at).map(writeFrame), added, ...frames.slice(at).map(writeFrame), rest])
    }
    case 1:
      // A reset, and in the same read what ends the connection.
      return joinBytes([...frames.slice(0, at).map(writeFrame), windowFrame(stream, 0, rst), rubbish(rng, 24)])
    default:
      return chosen === undefined
        ? mutateBytes(rng, bytes)
        : joinBytes([...frames.with(at, oddHeader(rng, chosen)).map(writeFrame), rest])
  }
}

function pickStream(rng: Rng, pieces: readonly Piece[]): number {
  const streams = pieces.flatMap(({ bytes }) => readFrames(bytes).frames.map(frame => frame.stream))
  return streams.length > 0 && chance(rng, 0.8) ? pick(rng, streams) : pick(rng, [0, 1, 2, 3, 0xffff_ffff, 1_000])
}

function oddHeader(rng: Rng, frame: Frame): Frame {
  switch (rng.below(5)) {
    case 0:
      return { ...frame, flags: frame.flags ^ (1 << rng.below(5)) }
    case 1:
      return { ...frame, flags: rng.below(65_536) }
    case 2:
      return { ...frame, type: pick(rng, [0, 1, 2, 3, 4, 255]) }
    case 3:
      return { ...frame, stream: pick(rng, [0, 1, 2, 3, frame.stream + 1, frame.stream + 2, 0xffff_ffff]) }
    default:
      return { ...frame, length: pick(rng, [...lengths, frame.length + 1, Math.max(0, frame.length - 1)]) }
  }
}

function oddFrame(rng: Rng, stream: number): Uint8Array {
  const flags = pick(rng, [0, syn, ack, fin, rst, syn | fin, syn | rst, fin | rst, ack | rst, syn | ack | fin | rst])
  switch (rng.below(5)) {
    case 0:
      return windowFrame(stream, pick(rng, lengths), flags)
    case 1:
      return dataFrame(stream, rubbish(rng, 32), flags)
    case 2:
      return pingFrame(rng.uint32(), pick(rng, [syn, ack, 0, syn | ack]))
    case 3:
      return writeFrame({ type: 3, flags, stream: pick(rng, [0, 0, stream]), length: rng.below(4), body: new Uint8Array(0) })
    default:
      return windowFrame(stream, 0, rst)
  }
}
