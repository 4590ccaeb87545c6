import type { Uint8ArrayList } from 'uint8arraylist'
import { WireError } from './errors.ts'
import { varintBytes } from './limits.ts'
import { varintLength } from './varint.ts'

/** A buffer of our own is never smaller, so that a stream that trickles byte by byte does not allocate for each. */
const smallestBuffer = 64

const nothing = new Uint8Array(0)

/**
 * Cuts a stream of chunks into frames, each an unsigned varint length and that many bytes.
 *
 * Inputs: `push` takes chunks as the transport delivers them, cut anywhere. Outputs: `next` gives the content of one
 * frame at a time until it gives undefined, and throws a `WireError` when the stream cannot be followed any further; it
 * then throws the same again, and the stream should be reset. An empty frame is an empty array.
 *
 * Memory: a frame that lies inside one chunk is a view of that chunk. Otherwise what is there is copied into a buffer
 * of our own, which grows with what really arrives, never with what a prefix announces: it is at most twice as large as
 * what was buffered when it last grew. A transport's buffer is never kept for the few bytes of an unfinished frame, and
 * bytes that were handed out are never written again. The caller bounds `buffered`: by draining after each push, or by
 * pausing the stream.
 */
export class FrameReader {
  /** The longest frame accepted, prefix not counted. May be changed at any time: `next` compares it. */
  maxFrameBytes: number

  // Received and not yet handed out is what lies from #from to #to. Unless #owned, the bytes are the transport's.
  #bytes: Uint8Array = nothing
  #from = 0
  #to = 0
  #owned = false

  // What the unfinished frame in front weighs with its prefix; 0 while that is not known.
  #wanted = 0

  constructor(maxFrameBytes: number) {
    this.maxFrameBytes = maxFrameBytes
  }

  /** Bytes received and not yet handed out. Above 0 where a stream ends, it ended in the middle of a frame. */
  get buffered(): number {
    return this.#to - this.#from
  }

  push(chunk: Uint8Array | Uint8ArrayList): void {
    if (chunk instanceof Uint8Array) {
      this.#append(chunk)
      return
    }

    for (const part of chunk) {
      this.#append(part)
    }
  }

  /** The content of the next frame that is complete, or undefined until more is pushed. */
  next(): Uint8Array | undefined {
    const length = this.#announced()
    const prefix = length === undefined ? 0 : varintLength(length)
    if (length === undefined || this.buffered < prefix + length) {
      this.#wanted = length === undefined ? 0 : prefix + length
      this.#settle()
      return undefined
    }

    const start = this.#from + prefix
    this.#from = start + length
    this.#wanted = 0
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length)
  }

  /** The length that the frame in front announces, or undefined while its prefix is not complete. */
  #announced(): number | undefined {
    let length = 0
    let scale = 1
    for (let count = 1; count <= varintBytes; count++) {
      if (count > this.buffered) {
        return undefined
      }

      const byte = this.#bytes[this.#from + count - 1] as number
      length += (byte & 0x7f) * scale
      scale *= 0x80
      if (byte >= 0x80) {
        continue
      }

      if (byte === 0 && count > 1) {
        throw new WireError('ERR_VARINT', 'a frame starts with a length that is not in its shortest form')
      }

      if (length > this.maxFrameBytes) {
        throw new WireError('ERR_FRAME_TOO_LARGE', `a frame of ${length} bytes is over the limit of ${this.maxFrameBytes}`)
      }

      return length
    }

    throw new WireError('ERR_VARINT', `a frame starts with a length of more than ${varintBytes} bytes`)
  }

  #append(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) {
      return
    }

    if (this.buffered === 0) {
      this.#bytes = chunk
      this.#from = 0
      this.#to = chunk.byteLength
      this.#owned = false
      return
    }

    const needed = this.buffered + chunk.byteLength
    // A transport's chunk has no room behind its end, so what is appended always goes into a buffer of our own.
    if (this.#to + chunk.byteLength > this.#bytes.byteLength) {
      this.#move(needed)
    }

    this.#bytes.set(chunk, this.#to)
    this.#to += chunk.byteLength
  }

  /** Lets go of the transport's buffer, and of our own once it is empty. */
  #settle(): void {
    if (this.buffered === 0) {
      this.#bytes = nothing
      this.#from = 0
      this.#to = 0
    } else if (!this.#owned) {
      this.#move(this.buffered)
    }
  }

  /** Moves what is there to a buffer of our own that holds `needed` bytes. Doubling keeps many small chunks cheap. */
  #move(needed: number): void {
    const beyond = Math.max(0, needed - this.#wanted)
    const capacity = beyond > 0 ? this.#wanted + 2 * beyond : Math.min(2 * needed, this.#wanted)
    const bytes = new Uint8Array(Math.max(capacity, smallestBuffer))
    bytes.set(this.#bytes.subarray(this.#from, this.#to))
    this.#to -= this.#from
    this.#from = 0
    this.#bytes = bytes
    this.#owned = true
  }
}
