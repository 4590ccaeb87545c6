/** The worst addresses there are: each costs the reader something else. */
import { concat, varint } from './protobuf.ts'

/** A `/p2p/` value of the length: base58 costs its square. */
export function longId(valueBytes: number): Uint8Array {
  return concat([Uint8Array.of(0xa5, 3), varint(valueBytes), new Uint8Array(valueBytes).fill(255)])
}

/** An address of three bytes, another one for each number: the most objects a byte buys. */
export function shortAddress(index: number): Uint8Array {
  return Uint8Array.of(6, (index >> 8) & 255, index & 255)
}

/** An address with as many ids as one may name, of the length that ids may have. */
export function twoIds(index: number): Uint8Array {
  const relay = longId(44)
  relay.set([index & 255, index >> 8], 10)
  return concat([Uint8Array.of(4, 1, 2, index >> 8, index & 255, 6, 1, 1), relay, Uint8Array.of(0xa2, 2), longId(44)])
}

/** An IPv6 address with everything that is looked at before it is believed. */
export function ip6(index: number): Uint8Array {
  return Uint8Array.of(41, 0x20, 1, 0x48, 0x60, index >> 8, index & 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 6, 1, 1)
}
