/** Mutations that know the first bytes of STUN, DTLS and QUIC datagrams. */
import { joinBytes } from './yamux.ts'
import type { Rng } from '@vicinity/kademlia'

export function mutateDatagram(rng: Rng, bytes: Uint8Array): Uint8Array {
  const first = bytes[0] ?? 0
  return first < 2 ? mutateStun(rng, bytes) : first >= 20 && first < 64 ? mutateDtls(rng, bytes) : mutateQuic(rng, bytes)
}

const odd = [0, 1, 3, 4, 20, 255, 256, 0x7fff, 0xffff] as const

function oddNumber(rng: Rng): number {
  return odd[rng.below(odd.length)] ?? 0
}

function withUint16(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = joinBytes([bytes, new Uint8Array(Math.max(0, at + 2 - bytes.length))])
  new DataView(copy.buffer, copy.byteOffset).setUint16(at, value)
  return copy
}

/** The offsets of the attributes after the header of 20 bytes. */
function attributes(bytes: Uint8Array): number[] {
  const found: number[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 20; at + 4 <= bytes.length; at += 4 + ((view.getUint16(at + 2) + 3) & ~3)) {
    found.push(at)
  }
  return found
}

function mutateStun(rng: Rng, bytes: Uint8Array): Uint8Array {
  const offsets = attributes(bytes)
  const at = offsets[rng.below(Math.max(1, offsets.length))] ?? 0
  switch (rng.below(6)) {
    case 0:
      // The message type: request, indication, answer, error; and methods that do not exist.
      return withUint16(bytes, 0, [0x0001, 0x0011, 0x0101, 0x0111, 0x0003, 0x3fff][rng.below(6)] ?? 0)
    case 1:
      return withUint16(bytes, 2, oddNumber(rng))
    case 2:
      return withUint16(bytes, at + 2, oddNumber(rng))
    case 3:
      return withUint16(bytes, at, [0x0006, 0x0008, 0x0020, 0x0024, 0x0025, 0x8028, 0x8029, 0x802a][rng.below(8)] ?? 0)
    case 4:
      return bytes.slice(0, at)
    default:
      return joinBytes([bytes.subarray(0, at), bytes.subarray(at), bytes.subarray(at)])
  }
}

/** Content type, version, epoch, sequence number, length; then the type, length and fragment of a handshake message. */
function mutateDtls(rng: Rng, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  switch (rng.below(5)) {
    case 0:
      copy[0] = 20 + rng.below(44)
      return copy
    case 1:
      return withUint16(bytes, 11, oddNumber(rng))
    case 2:
      return withUint16(bytes, 15, oddNumber(rng))
    case 3:
      return withUint16(bytes, 19 + rng.below(6), oddNumber(rng))
    default:
      copy[13] = rng.below(256)
      return copy
  }
}

/** The first byte, the version, and the lengths of the connection ids. */
function mutateQuic(rng: Rng, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  switch (rng.below(5)) {
    case 0:
      copy[0] = rng.below(256)
      return copy
    case 1:
      return withUint16(bytes, 1 + rng.below(3), oddNumber(rng))
    case 2:
      copy[5] = [0, 1, 20, 21, 255][rng.below(5)] ?? 0
      return copy
    case 3:
      copy[6 + (bytes[5] ?? 0)] = [0, 1, 20, 21, 255][rng.below(5)] ?? 0
      return copy
    default:
      // Two packets in one datagram.
      return joinBytes([bytes, bytes])
  }
}
