/** The same messages through protobufjs and through us, in both directions. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeMessage, decodeRecord, encodeMessage, encodePeer, encodeRecord } from '@vicinity/wire'
import * as fc from 'fast-check'
import { messages, records } from './support/arbitraries.ts'
import { referenceDecode, referenceEncode, referenceEncodeRecord } from './support/protobufjs.ts'
import { readable, readableRecord, toHex } from './support/readable.ts'

describe('against protobufjs', () => {
  it('what we encode, it decodes to the same message', () => {
    fc.assert(
      fc.property(messages, message => {
        assert.deepEqual(referenceDecode(encodeMessage(message)), readable(message))
      })
    )
  })

  it('what it encodes, we decode to the same message', () => {
    fc.assert(
      fc.property(messages, message => {
        assert.deepEqual(readable(decodeMessage(referenceEncode(message))), readable(message))
      })
    )
  })

  it('both encode to the same bytes', () => {
    fc.assert(
      fc.property(messages, message => {
        assert.equal(toHex(encodeMessage(message)), toHex(referenceEncode(message)))
      })
    )
  })

  it('peers that were encoded before come out the same', () => {
    fc.assert(
      fc.property(messages, fc.func(fc.boolean()), (message, cached) => {
        const mixed = {
          ...message,
          closer: message.closer.map(peer => (cached(peer) ? encodePeer(peer) : peer)),
          providers: message.providers.map(peer => (cached(peer) ? encodePeer(peer) : peer))
        }
        assert.equal(toHex(encodeMessage(mixed)), toHex(referenceEncode(message)))
      })
    )
  })

  it('fields that are not ours are stepped over, negative numbers included', () => {
    const foreign = fc.record({
      clusterLevelRaw: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      senderRecord: fc.uint8Array({ maxLength: 300 }),
      future32: fc.nat(),
      future64: fc.integer()
    })
    fc.assert(
      fc.property(messages, foreign, (message, fields) => {
        assert.deepEqual(readable(decodeMessage(referenceEncode(message, fields))), readable(message))
      })
    )
  })

  it('records on their own agree in both directions', () => {
    fc.assert(
      fc.property(records, record => {
        const bytes = referenceEncodeRecord(record)
        assert.deepEqual(readableRecord(decodeRecord(bytes)), readableRecord(record))
        assert.equal(toHex(encodeRecord(record)), toHex(bytes))
      })
    )
  })
})
