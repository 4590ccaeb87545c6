/** Bytes as libp2p writes them: varints, protobuf fields, frames with a length; and randomness with a seed. */

export function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
    bytes.push((rest % 0x80) | 0x80)
  }

  return Buffer.from([...bytes, rest])
}

/** A protobuf field of bytes or text. */
export function bytesField(field: number, value: Uint8Array | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes])
}

export function varintField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)])
}

/** The bytes after their length as a varint: how the protocols of libp2p frame their messages. */
export function framed(...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([varint(body.length), body])
}

/** One line of multistream-select. */
export function protocolLine(protocol: string): Buffer {
  return framed(Buffer.from(`${protocol}\n`))
}

export function uint16(value: number): Buffer {
  return Buffer.from([value >>> 8, value & 0xff])
}

/** A multiaddr `/ip4/127.0.0.1/tcp/<port>`, in binary. */
export function tcpAddress(port: number): Buffer {
  return Buffer.concat([Buffer.from([4, 127, 0, 0, 1, 6]), uint16(port)])
}

/**
 * A multiaddr `/p2p/<value>`; its text takes time that grows with the square of the length. All ones, but for the last bytes if
 * there is a source for them: what was parsed before may be remembered.
 */
export function longPeerAddress(valueBytes: number, random?: Random): Buffer {
  const value = Buffer.alloc(valueBytes, 0xff)
  random?.bytes(4).copy(value, valueBytes - 4)
  return Buffer.concat([varint(421), varint(valueBytes), value])
}

/** Uniform random numbers from a seed (mulberry32 over a hash of the text). */
export class Random {
  #state: number

  constructor(seed: string) {
    this.#state = Buffer.from(seed).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5)
  }

  /** An integer below `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * end)
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    for (let i = 0; i < length; i++) {
      bytes[i] = this.below(256)
    }

    return bytes
  }

  /** Letters and digits. */
  text(length: number): string {
    const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
    return Array.from({ length }, () => alphabet.charAt(this.below(alphabet.length))).join('')
  }
}
