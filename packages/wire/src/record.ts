/**
 * Value records, inside messages and in the datastore: 1 key, 2 value, 5 timeReceived; rust-libp2p adds 666 publisher
 * and 777 ttl. Fields 3 and 4 (author, signature) are retired and skipped.
 */
import { assert } from '@vicinity/kademlia'
import { Cursor, Span } from './cursor.ts'
import { WireError } from './errors.ts'
import { recordTag } from './fields.ts'
import { decodeLimits, timeReceivedBytes } from './limits.ts'
import type { DecodeLimits } from './limits.ts'
import type { WireRecord } from './messages.ts'
import { bytesFieldLength, varintFieldLength, writeBytesField, writeVarintField } from './varint.ts'

const noBytes = new Uint8Array(0)
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A record as bytes: the content of a message's field 3, and what the datastore holds. */
export function encodeRecord(record: WireRecord): Uint8Array {
  const time = record.timeReceived === undefined ? noBytes : encoder.encode(record.timeReceived)
  const fields: ReadonlyArray<readonly [number, Uint8Array]> = [
    [recordTag.key, record.key],
    [recordTag.value, record.value],
    [recordTag.timeReceived, time],
    [recordTag.publisher, record.publisher ?? noBytes]
  ]
  const ttl = record.ttl ?? 0
  assert(Number.isInteger(ttl) && ttl >= 0 && ttl <= 0xffff_ffff, `a record's ttl is whole seconds of 32 bits, not ${ttl}`)

  let size = ttl > 0 ? varintFieldLength(recordTag.ttl, ttl) : 0
  for (const [tag, content] of fields) {
    size += content.byteLength > 0 ? bytesFieldLength(tag, content.byteLength) : 0
  }

  const bytes = new Uint8Array(size)
  let at = 0
  for (const [tag, content] of fields) {
    at = content.byteLength > 0 ? writeBytesField(bytes, at, tag, content) : at
  }

  if (ttl > 0) {
    writeVarintField(bytes, at, recordTag.ttl, ttl)
  }

  return bytes
}

/**
 * A record from its bytes. Its byte fields are views of `bytes`.
 *
 * Throws a `WireError` where the bytes are broken or the key or value is over its limit.
 */
export function decodeRecord(bytes: Uint8Array, limits: DecodeLimits = decodeLimits): WireRecord {
  const cursor = new Cursor(bytes)
  const draft = new RecordDraft()
  draft.read(cursor)
  return draft.finish(cursor, limits)
}

/**
 * A record while it is read: the places of its fields, of which the last wins. A message that carries field 3 more
 * than once gets them merged into one record, as protobuf (and go) has it.
 */
export class RecordDraft {
  readonly #key = new Span()
  readonly #value = new Span()
  readonly #timeReceived = new Span()
  readonly #publisher = new Span()
  #ttl = 0

  /** Reads fields up to the cursor's end. */
  read(cursor: Cursor): void {
    while (!cursor.done) {
      const tag = cursor.tag()
      switch (tag) {
        case recordTag.key:
          this.#key.take(cursor)
          break
        case recordTag.value:
          this.#value.take(cursor)
          break
        case recordTag.timeReceived:
          this.#timeReceived.take(cursor)
          break
        case recordTag.publisher:
          this.#publisher.take(cursor)
          break
        case recordTag.ttl:
          this.#ttl = cursor.varint()
          break
        default:
          cursor.skip(tag)
      }
    }
  }

  /** The record, checked against its limits. */
  finish(cursor: Cursor, limits: DecodeLimits): WireRecord {
    if (this.#key.length > limits.keyBytes) {
      throw new WireError(
        'ERR_KEY_TOO_LONG',
        `a record's key of ${this.#key.length} bytes is over the limit of ${limits.keyBytes}`
      )
    }

    if (this.#value.length > limits.valueBytes) {
      throw new WireError(
        'ERR_VALUE_TOO_LARGE',
        `a value of ${this.#value.length} bytes is over the limit of ${limits.valueBytes}`
      )
    }

    return {
      key: this.#key.view(cursor),
      value: this.#value.view(cursor),
      timeReceived: this.#readTime(cursor),
      // An id that cannot be one, or a time to live beyond 32 bits, is as good as none: nothing depends on them.
      publisher:
        this.#publisher.length > 0 && this.#publisher.length <= limits.peerIdBytes ? this.#publisher.view(cursor) : undefined,
      ttl: this.#ttl > 0 && this.#ttl <= 0xffff_ffff ? this.#ttl : undefined
    }
  }

  // The one field that is copied, into a string: so the only one whose length has to be bounded before.
  #readTime(cursor: Cursor): string | undefined {
    if (this.#timeReceived.length === 0 || this.#timeReceived.length > timeReceivedBytes) {
      return undefined
    }

    try {
      return decoder.decode(this.#timeReceived.view(cursor))
    } catch {
      // Not UTF-8, so not a time: a hint less.
      return undefined
    }
  }
}
