/** What encoding guarantees beyond the right bytes: one allocation, exact sizes, peers that every reader keeps. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeLimits, decodeMessage, encodeFrame, encodeMessage, encodePeer, encodeRecord, FrameReader } from '@vicinity/wire'
import type { WirePeer } from '@vicinity/wire'
import * as fc from 'fast-check'
import { countAllocations } from './support/allocations.ts'
import { connectionTypes, messages, peers } from './support/arbitraries.ts'
import { join, varint } from './support/protobuf.ts'
import { toHex } from './support/readable.ts'

const id = new Uint8Array(38).fill(3)

describe('frames', () => {
  it('are the length and the message', () => {
    fc.assert(
      fc.property(messages, message => {
        const body = encodeMessage(message)
        assert.equal(toHex(encodeFrame(message)), toHex(join(varint(body.length), body)))
      })
    )
  })

  for (const length of [0, 1, 79, 80, 123, 124, 125, 126, 127, 128]) {
    it(`are exact where the key has ${length} bytes and the prefix may grow`, () => {
      const reader = new FrameReader(1_000)
      reader.push(encodeFrame({ type: 'FIND_NODE', key: new Uint8Array(length) }))
      assert.equal(decodeMessage(reader.next() ?? new Uint8Array(1)).key.length, length)
      assert.equal(reader.buffered, 0)
    })
  }

  it('of cached peers are one allocation of exactly their size', () => {
    const cached = Array.from({ length: 20 }, () =>
      encodePeer({ id, addresses: [new Uint8Array(8), new Uint8Array(11)], connection: 'CONNECTED' })
    )
    const { result, arrays, bytes } = countAllocations(() => encodeFrame({ type: 'FIND_NODE', key: id, closer: cached }))
    assert.equal(arrays, 1)
    assert.equal(bytes, result.byteLength)
  })
})

describe('encoded peers', () => {
  it('add their own length and one byte to a message', () => {
    fc.assert(
      fc.property(fc.array(peers, { maxLength: 5 }), list => {
        const encoded = list.map(encodePeer)
        const weight = encoded.reduce((sum, peer) => sum + peer.byteLength + 1, 0)
        assert.equal(encodeMessage({ type: 'FIND_NODE', closer: encoded }).byteLength, 2 + weight)
      })
    )
  })

  for (const connection of connectionTypes) {
    it(`are of 8 KiB at most, in go's count too, when ${connection}`, () => {
      const room = 8 * 1024 - (id.length + 2) - 2
      // An address of n >= 128 bytes takes n + 3. Two that fill the room to the last byte, then two that exceed it by one.
      const fitting: WirePeer = {
        id,
        addresses: [new Uint8Array(1_000).fill(4), new Uint8Array(room - 1_003 - 3).fill(4)],
        connection
      }
      const exceeding: WirePeer = {
        id,
        addresses: [new Uint8Array(1_001).fill(4), new Uint8Array(room - 1_003 - 3).fill(4)],
        connection
      }
      // two addresses longer than the decoder keeps by default
      const readAll = { ...decodeLimits, addressBytes: 8 * 1024 }
      const counts = [fitting, exceeding].map(
        peer => decodeMessage(encodeMessage({ type: 'FIND_NODE', closer: [peer] }), readAll).closer[0]?.addresses.length
      )
      assert.deepEqual(counts, [2, 1])
    })
  }

  it('without an id, or with one that nobody would read, are a mistake of ours', () => {
    for (const length of [0, 65]) {
      assert.throws(() => encodePeer({ id: new Uint8Array(length), addresses: [], connection: 'CONNECTED' }), {
        name: 'AssertionError'
      })
    }
  })
})

describe('encoded records', () => {
  it('with a time to live that is no count of seconds are a mistake of ours', () => {
    for (const ttl of [-1, 0.5, 2 ** 32, Number.NaN]) {
      assert.throws(() => encodeRecord({ key: id, value: id, ttl }), { name: 'AssertionError' })
    }
  })
})
