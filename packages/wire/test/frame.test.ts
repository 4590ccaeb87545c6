/** Frames come out as they went in however the stream is cut, and cost no more memory than what has arrived. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FrameReader } from '@vicinity/wire'
import * as fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { countAllocations } from './support/allocations.ts'
import { join, varint } from './support/protobuf.ts'
import { fromHex, toHex } from './support/readable.ts'

const maxFrameBytes = 64 * 1024

function framed(content: Uint8Array): Uint8Array {
  return join(varint(content.length), content)
}

function drain(reader: FrameReader): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
    frames.push(frame)
  }

  return frames
}

describe('any frames, cut anywhere', () => {
  const contents = fc.array(
    fc.oneof(fc.uint8Array({ maxLength: 40, size: 'max' }), fc.uint8Array({ minLength: 120, maxLength: 700, size: 'max' })),
    { maxLength: 8 }
  )
  // The length of each chunk; whether chunks are lists; whether frames are taken out after each.
  const cuts = fc.array(fc.record({ length: fc.oneof(fc.nat(3), fc.nat(300)), list: fc.boolean(), drain: fc.boolean() }), {
    maxLength: 60
  })

  it('are the same frames, and stay so', () => {
    fc.assert(
      fc.property(contents, cuts, (frames, pieces) => {
        const stream = join(...frames.map(framed))
        const reader = new FrameReader(maxFrameBytes)
        const taken: Uint8Array[] = []
        const copies: string[] = []
        const take = (): void => {
          for (const frame of drain(reader)) {
            taken.push(frame)
            copies.push(toHex(frame))
          }
        }

        let at = 0
        for (const piece of [...pieces, { length: stream.length, list: true, drain: true }]) {
          const chunk = stream.slice(at, at + piece.length)
          const half = chunk.length >> 1
          reader.push(piece.list ? new Uint8ArrayList(chunk.subarray(0, half), chunk.subarray(half)) : chunk)
          at += chunk.length
          if (piece.drain) {
            take()
          }
        }

        assert.deepEqual(copies, frames.map(toHex))
        assert.deepEqual(taken.map(toHex), copies, 'later chunks do not write into frames that were handed out')
        assert.equal(reader.buffered, 0)
      }),
      { numRuns: 500 }
    )
  })

  it('what is buffered is what was pushed and not taken', () => {
    const reader = new FrameReader(maxFrameBytes)
    assert.equal(reader.buffered, 0)
    reader.push(fromHex('03 0102'))
    assert.equal(reader.next(), undefined)
    assert.equal(reader.buffered, 3)
    reader.push(fromHex('03 01'))
    assert.deepEqual(reader.next(), Uint8Array.of(1, 2, 3))
    assert.equal(reader.buffered, 1)
    assert.equal(reader.next(), undefined)
    assert.equal(reader.buffered, 1, 'a prefix without content shows that the stream ended too early')
  })

  it('an empty frame is an empty array, an empty chunk is nothing', () => {
    const reader = new FrameReader(maxFrameBytes)
    reader.push(new Uint8Array(0))
    reader.push(new Uint8ArrayList())
    assert.equal(reader.next(), undefined)
    reader.push(fromHex('00 00 01 07'))
    assert.deepEqual(drain(reader), [new Uint8Array(0), new Uint8Array(0), Uint8Array.of(7)])
  })
})

describe('prefixes', () => {
  it('over the limit are refused before anything of that size is made, and remain so', () => {
    const reader = new FrameReader(1_000)
    const { bytes } = countAllocations(() => {
      reader.push(varint(1_001))
      assert.throws(() => reader.next(), { name: 'WireError', code: 'ERR_FRAME_TOO_LARGE' })
      reader.push(new Uint8Array(100))
      assert.throws(() => reader.next(), { name: 'WireError', code: 'ERR_FRAME_TOO_LARGE' })
    })
    assert.ok(bytes < 1_000, `${bytes} bytes`)
  })

  it('of 63 bits are refused', () => {
    const reader = new FrameReader(maxFrameBytes)
    reader.push(fromHex('ffffffffffffffff7f'))
    assert.throws(() => reader.next(), { code: 'ERR_FRAME_TOO_LARGE' })
  })

  it('at the limit are taken, and the limit may change between frames', () => {
    const reader = new FrameReader(3)
    reader.push(framed(Uint8Array.of(1, 2, 3)))
    reader.push(framed(Uint8Array.of(1, 2, 3, 4)))
    assert.deepEqual(reader.next(), Uint8Array.of(1, 2, 3))
    assert.throws(() => reader.next(), { code: 'ERR_FRAME_TOO_LARGE' })
    reader.maxFrameBytes = 4
    assert.deepEqual(reader.next(), Uint8Array.of(1, 2, 3, 4))
  })

  it('not in their shortest form are refused, a zero written in two bytes too', () => {
    for (const hex of ['8100 01', '8000', 'ff8000', '808080808080808000']) {
      const reader = new FrameReader(maxFrameBytes)
      reader.push(fromHex(hex))
      assert.throws(() => reader.next(), { name: 'WireError', code: 'ERR_VARINT' }, hex)
    }
  })

  it('are awaited byte by byte up to nine bytes, and no longer', () => {
    const reader = new FrameReader(maxFrameBytes)
    for (let count = 1; count < 9; count++) {
      reader.push(Uint8Array.of(0x80))
      assert.equal(reader.next(), undefined)
    }

    reader.push(Uint8Array.of(0x80))
    assert.throws(() => reader.next(), { name: 'WireError', code: 'ERR_VARINT' })
  })
})

describe('memory', () => {
  it('a frame inside one chunk is a view of it, a plain byte array also where the chunk is a Buffer', () => {
    const chunk = Buffer.from(join(framed(Uint8Array.of(1, 2)), framed(Uint8Array.of(3))))
    const reader = new FrameReader(maxFrameBytes)
    reader.push(chunk)
    const { result, bytes } = countAllocations(() => drain(reader))
    assert.deepEqual(result, [Uint8Array.of(1, 2), Uint8Array.of(3)])
    assert.equal(bytes, 0)
    assert.ok(result.every(frame => frame.buffer === chunk.buffer && frame.constructor === Uint8Array))
  })

  it('of an unfinished frame only what arrived is kept, and not the chunk it came in', () => {
    const reader = new FrameReader(4 * 1024 * 1024)
    const chunk = join(framed(new Uint8Array(50_000)), varint(4_000_000), [1, 2, 3])
    const { bytes } = countAllocations(() => {
      reader.push(chunk)
      assert.equal(drain(reader).length, 1)
    })
    assert.ok(bytes <= 64, `${bytes} bytes for 7 that are there`)
    assert.equal(reader.buffered, 7)

    chunk.fill(0xff)
    reader.push(new Uint8Array(3_999_997))
    assert.deepEqual(reader.next()?.subarray(0, 4), Uint8Array.of(1, 2, 3, 0))

    const later = Uint8Array.of(2, 7)
    reader.push(later)
    assert.equal(reader.next(), undefined)
    later.fill(0xff)
    reader.push(Uint8Array.of(8))
    assert.deepEqual(reader.next(), Uint8Array.of(7, 8), 'nor is one kept after a frame that was put together')
  })

  for (const [name, drained] of [
    ['taking frames out after each', true],
    ['taking frames out at the end', false]
  ] as const) {
    it(`a frame in single bytes costs a few times its size, ${name}`, () => {
      const content = new Uint8Array(maxFrameBytes).map((_, index) => index)
      const stream = join(framed(content), framed(content))
      const reader = new FrameReader(maxFrameBytes)
      const pieces = Array.from(stream, byte => Uint8Array.of(byte))
      const { result, bytes } = countAllocations(() => {
        const frames: Uint8Array[] = []
        for (const piece of pieces) {
          reader.push(piece)
          if (drained) {
            frames.push(...drain(reader))
          }
        }

        return [...frames, ...drain(reader)]
      })
      assert.deepEqual(result.map(toHex), [toHex(content), toHex(content)])
      assert.ok(bytes <= 4 * stream.length, `${bytes} bytes for ${stream.length}`)
    })
  }

  it('a large frame in large chunks is moved a few times only', () => {
    const content = new Uint8Array(4 * 1024 * 1024).fill(5)
    const stream = join(framed(content), framed(Uint8Array.of(9)))
    const reader = new FrameReader(content.length)
    const { result, bytes } = countAllocations(() => {
      const frames: Uint8Array[] = []
      for (let at = 0; at < stream.length; at += 65_536) {
        reader.push(stream.subarray(at, at + 65_536))
        frames.push(...drain(reader))
      }

      return frames
    })
    assert.deepEqual(
      result.map(frame => frame.length),
      [content.length, 1]
    )
    assert.ok(bytes <= 4 * stream.length, `${bytes} bytes for ${stream.length}`)
  })
})
