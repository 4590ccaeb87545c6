import { WireError } from './errors.ts'
import { wireType } from './fields.ts'
import { skippedVarintBytes, varintBytes } from './limits.ts'

/**
 * A position in protobuf bytes that never leaves them: the one place where hostile input is measured.
 *
 * Every read either stays inside the current message or throws a `WireError`. Nothing is allocated except by `view`.
 * A submessage is entered and left (`enter`, `leave`), so one cursor serves a whole message.
 */
export class Cursor {
  readonly bytes: Uint8Array
  /** The next byte to be read. */
  at = 0
  /** The end of the message or submessage that is being read. */
  end: number

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.end = bytes.byteLength
  }

  get done(): boolean {
    return this.at >= this.end
  }

  /**
   * An unsigned varint that matters: at most 9 bytes, in its shortest form. From 2^53 on the result is rounded, which
   * is harmless: it only gets compared to limits far below.
   */
  varint(): number {
    const first = this.#byte()
    if (first < 0x80) {
      return first
    }

    let value = first & 0x7f
    let scale = 0x80
    for (let count = 2; count <= varintBytes; count++) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (byte === 0) {
          throw new WireError('ERR_VARINT', `a varint of ${count} bytes at byte ${this.at - count} is not in its shortest form`)
        }

        return value
      }

      scale *= 0x80
    }

    throw new WireError('ERR_VARINT', `a varint at byte ${this.at - varintBytes} is longer than ${varintBytes} bytes`)
  }

  /** The tag of the next field. */
  tag(): number {
    const tag = this.varint()
    if (tag < 8 || tag > 0xffff_ffff) {
      throw new WireError('ERR_MALFORMED', `protobuf has no field with the tag ${tag}, found before byte ${this.at}`)
    }

    return tag
  }

  /** A length that fits into what is left of the current message. */
  length(): number {
    const length = this.varint()
    if (length > this.end - this.at) {
      throw this.#truncated(length)
    }

    return length
  }

  /** The value of an enum: NaN for a negative one, which takes 10 bytes and is no value of ours. */
  enumeration(): number {
    const start = this.at
    this.#skipVarint()
    if (this.at - start > varintBytes) {
      return Number.NaN
    }

    this.at = start
    return this.varint()
  }

  /** Steps over the content of a field that nobody reads. */
  skip(tag: number): void {
    switch (tag & 7) {
      case wireType.varint:
        return this.#skipVarint()
      case wireType.fixed64:
        return this.#skipBytes(8)
      case wireType.bytes:
        return this.#skipBytes(this.length())
      case wireType.fixed32:
        return this.#skipBytes(4)
      default:
        // Groups have been deprecated since before libp2p; no implementation sends one, and skipping them needs a stack.
        throw new WireError('ERR_MALFORMED', `wire type ${tag & 7} of field ${tag >>> 3} before byte ${this.at} is not supported`)
    }
  }

  /** Narrows the cursor to a submessage of the length that comes next. Gives what `leave` wants back. */
  enter(): number {
    const outerEnd = this.end
    this.end = this.length() + this.at
    return outerEnd
  }

  /** Goes behind the submessage, however much of it was read. */
  leave(outerEnd: number): void {
    this.at = this.end
    this.end = outerEnd
  }

  /** The bytes from `from` to `to`, not copied. A plain Uint8Array, also where the input is a Node.js Buffer. */
  view(from: number, to: number): Uint8Array {
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + from, to - from)
  }

  #byte(): number {
    if (this.at >= this.end) {
      throw this.#truncated(1)
    }

    return this.bytes[this.at++] as number
  }

  #skipVarint(): void {
    const limit = this.at + skippedVarintBytes
    while (this.#byte() >= 0x80) {
      if (this.at === limit) {
        throw new WireError(
          'ERR_VARINT',
          `a varint at byte ${limit - skippedVarintBytes} is longer than ${skippedVarintBytes} bytes`
        )
      }
    }
  }

  #skipBytes(length: number): void {
    if (length > this.end - this.at) {
      throw this.#truncated(length)
    }

    this.at += length
  }

  #truncated(length: number): WireError {
    return new WireError('ERR_TRUNCATED', `${length} bytes were announced at byte ${this.at}, but ${this.end - this.at} are left`)
  }
}

/**
 * The place of a bytes field that may be repeated, where the last one wins. Only places are kept while reading, so
 * that a million repetitions cost no million views.
 */
export class Span {
  #from = 0
  #to = 0

  /** 0 also where the field was absent. */
  get length(): number {
    return this.#to - this.#from
  }

  /** Reads the length that comes next and steps over the content. */
  take(cursor: Cursor): void {
    const length = cursor.length()
    this.#from = cursor.at
    this.#to = cursor.at += length
  }

  /** The content, not copied. */
  view(cursor: Cursor): Uint8Array {
    return cursor.view(this.#from, this.#to)
  }
}
