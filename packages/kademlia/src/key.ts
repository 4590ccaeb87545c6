/**
 * Points of the keyspace and the XOR distance between them.
 *
 * A key is 256 bits as eight big-endian 32-bit words (word 0 is the most significant). Comparing two distances so
 * touches one word in nearly every case and costs a few nanoseconds; with BigInt it costs ten times that.
 */
export type Key = Uint32Array

export const keyWords = 8
export const keyBits = 256
export const keyBytes = 32

/** A key from the 32 bytes of a SHA2-256 digest. */
export function keyFromBytes(bytes: Uint8Array): Key {
  if (bytes.length !== keyBytes) {
    throw new RangeError(`a key has ${keyBytes} bytes, not ${bytes.length}`)
  }

  const key = new Uint32Array(keyWords)
  for (let i = 0; i < keyWords; i++) {
    const at = i * 4
    key[i] = (byte(bytes, at) << 24) | (byte(bytes, at + 1) << 16) | (byte(bytes, at + 2) << 8) | byte(bytes, at + 3)
  }

  return key
}

/** The 32 bytes of a key, most significant first. */
export function keyToBytes(key: Key): Uint8Array {
  const bytes = new Uint8Array(keyBytes)
  for (let i = 0; i < keyBytes; i++) {
    bytes[i] = word(key, i >> 2) >>> (24 - 8 * (i & 3))
  }

  return bytes
}

export function keyEquals(a: Key, b: Key): boolean {
  for (let i = 0; i < keyWords; i++) {
    if (a[i] !== b[i]) {
      return false
    }
  }

  return true
}

/** Negative when `a` is nearer to `target` than `b`, positive when farther, 0 when they are the same key. */
export function compareDistance(target: Key, a: Key, b: Key): number {
  for (let i = 0; i < keyWords; i++) {
    const wordA = word(a, i)
    const wordB = word(b, i)
    if (wordA !== wordB) {
      const t = word(target, i)
      return (wordA ^ t) >>> 0 < (wordB ^ t) >>> 0 ? -1 : 1
    }
  }

  return 0
}

/** The first 32 bits of a key, as a signed number: engines keep one in place, without an object of its own. */
export function keyHead(key: Key): number {
  return word(key, 0) | 0
}

/**
 * The first 32 bits of the XOR distance between two keys, from their heads: as a signed number, less by 2^31 than they say,
 * so that it orders as the distances do.
 */
export function headDistance(a: number, b: number): number {
  return a ^ b ^ 0x80000000
}

/**
 * The first 53 bits of the XOR distance between two keys, as a number that can be added and divided.
 */
export function leadingDistance(a: Key, b: Key): number {
  const high = (word(a, 0) ^ word(b, 0)) >>> 0
  const low = (word(a, 1) ^ word(b, 1)) >>> 0
  return high * 0x200000 + (low >>> 11)
}

/** How many leading bits two keys share: 0 to 256 (256 when they are equal). */
export function commonPrefixLength(a: Key, b: Key): number {
  for (let i = 0; i < keyWords; i++) {
    const difference = word(a, i) ^ word(b, i)
    if (difference !== 0) {
      return i * 32 + Math.clz32(difference)
    }
  }

  return keyBits
}

/** Bit `index` of a key, 0 being the most significant. */
export function keyBit(key: Key, index: number): 0 | 1 {
  return ((word(key, index >> 5) >>> (31 - (index & 31))) & 1) as 0 | 1
}

/** The keys that agree with this one up to bit `index` and differ there begin like this one. */
export function flipBit(key: Key, index: number): Key {
  const flipped = key.slice()
  flipped[index >> 5] = word(key, index >> 5) ^ (0x80000000 >>> (index & 31))
  return flipped
}

// Indexing a typed array within its length always gives a number; the type cannot say so.
function word(key: Key, index: number): number {
  return key[index] as number
}

function byte(bytes: Uint8Array, index: number): number {
  return bytes[index] as number
}
