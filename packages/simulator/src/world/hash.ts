/**
 * A running hash of everything that happens in a world. Two runs with the same hash have handled the same events, in
 * the same order, at the same times; a change of behaviour anywhere changes it. 64 bits as two lanes of murmur3's
 * mixing: against chance, not against malice.
 */
export class TraceHash {
  #one = 0x9e3779b9
  #other = 0x85ebca6b

  /** Takes a whole number into account; of large ones all 53 bits count. */
  add(value: number): void {
    this.#mix(value | 0)
    if (value > 0x7fffffff || value < -0x80000000) {
      this.#mix(Math.floor(value / 4_294_967_296) | 0)
    }
  }

  text(value: string): void {
    this.add(value.length)
    for (let i = 0; i < value.length; i++) {
      this.#mix(value.charCodeAt(i))
    }
  }

  /** The hash so far: 16 hexadecimal digits. */
  toString(): string {
    return hex(finished(this.#one)) + hex(finished(this.#other ^ this.#one))
  }

  #mix(word: number): void {
    let k = Math.imul(word, 0xcc9e2d51)
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
    let h = this.#one ^ k
    h = (h << 13) | (h >>> 19)
    this.#one = (Math.imul(h, 5) + 0xe6546b64) | 0

    let k2 = Math.imul(word ^ this.#one, 0x239b961b)
    k2 = Math.imul((k2 << 16) | (k2 >>> 16), 0xab0e9789 | 0)
    let h2 = this.#other ^ k2
    h2 = (h2 << 17) | (h2 >>> 15)
    this.#other = (Math.imul(h2, 5) + 0x561ccd1b) | 0
  }
}

function finished(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}
