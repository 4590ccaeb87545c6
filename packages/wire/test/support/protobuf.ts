/** Protobuf written piece by piece, for bytes that no encoder of messages would make. */

/** A length-delimited field. */
export function field(number: number, content: ArrayLike<number>): Uint8Array {
  return join(varint(number * 8 + 2), varint(content.length), content)
}

export function varintField(number: number, value: number): Uint8Array {
  return join(varint(number * 8), varint(value))
}

/** A non-negative integer in its shortest form. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt(value)
  for (; rest > 127n; rest >>= 7n) {
    bytes.push(Number(rest & 127n) | 128)
  }

  return Uint8Array.from([...bytes, Number(rest)])
}

export function join(...parts: ReadonlyArray<ArrayLike<number>>): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }

  return joined
}

export function repeat(unit: Uint8Array, times: number): Uint8Array {
  const repeated = new Uint8Array(unit.length * times)
  for (let at = 0; at < repeated.length; at += unit.length) {
    repeated.set(unit, at)
  }

  return repeated
}
