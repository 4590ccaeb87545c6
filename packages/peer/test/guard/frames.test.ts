/** Frames at a pace: whole, in order, and no faster than the budget allows. */
import assert from 'node:assert/strict'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import fc from 'fast-check'
import type { Uint8ArrayList } from 'uint8arraylist'
import { pacedFrames } from '../../src/guard/frames.ts'
import type { Pace } from '../../src/guard/frames.ts'
import { Tokens } from '../../src/guard/tokens.ts'
import { lengthPrefixed } from '../../src/payload/protobuf.ts'
import { settle } from '../support.ts'

const plenty = { perSecond: 1e9, burst: 1e9 }

function pace(init: Partial<Pace> = {}): Pace {
  return { frameBytesMax: 1_000, frames: new Tokens(plenty), bytes: new Tokens(plenty), empty() {}, ...init }
}

async function all(frames: AsyncIterable<Uint8ArrayList>): Promise<string[]> {
  const texts: string[] = []
  for await (const frame of frames) {
    texts.push(Buffer.from(frame.subarray()).toString('hex'))
  }
  return texts
}

/** The written bytes, in chunks of these sizes, the rest last. */
function chunked(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let at = 0
  for (const size of [...sizes, bytes.length]) {
    if (at < bytes.length) {
      chunks.push(bytes.subarray(at, at + size))
    }
    at += size
  }
  return chunks
}

test('frames come whole and in order, however they were cut on their way, and empty ones are told', async () => {
  const frames = fc.array(fc.uint8Array({ maxLength: 300, size: 'max' }), { maxLength: 40 })
  const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 40, size: 'max' })
  await fc.assert(
    fc.asyncProperty(frames, cuts, async (sent, sizes) => {
      const [theirs, ours] = await streamPair({ delay: 0 })
      let empty = 0
      const received = all(pacedFrames(ours, pace({ empty: () => empty++ })))
      for (const chunk of chunked(Buffer.concat(sent.map(lengthPrefixed)), sizes)) {
        theirs.send(chunk)
      }
      await theirs.close()
      assert.deepEqual(
        await received,
        sent.filter(({ length }) => length > 0).map(frame => Buffer.from(frame).toString('hex'))
      )
      assert.equal(empty, sent.filter(({ length }) => length === 0).length)
    }),
    { numRuns: 50 }
  )
})

test('a frame at the limit is given, and one above it ends the frames before it has come', async () => {
  for (const [length, fits] of [
    [1_000, true],
    [1_001, false]
  ] as const) {
    const [theirs, ours] = await streamPair({ delay: 0 })
    const frames = pacedFrames(ours, pace())
    const frame = lengthPrefixed(new Uint8Array(length))
    theirs.send(fits ? frame : frame.subarray(0, 2))
    await (fits ? assert.doesNotReject(frames.next()) : assert.rejects(frames.next(), /too long/i))
  }
})

test('a stream that is reset ends its frames with the reason', async () => {
  const [theirs, ours] = await streamPair({ delay: 0 })
  const frames = pacedFrames(ours, pace())
  theirs.send(lengthPrefixed(Uint8Array.of(1)))
  assert.equal((await frames.next()).value?.get(0), 1)
  const last = frames.next()
  theirs.abort(new Error('enough'))
  await assert.rejects(last, /reset/)
})

test('a stream that was ended already gives what had come, and then ends', async () => {
  const [theirs, ours] = await streamPair({ delay: 0 })
  theirs.send(Buffer.concat([Uint8Array.of(1), Uint8Array.of(2)].map(lengthPrefixed)))
  await theirs.close()
  await new Promise(resolve => {
    ours.addEventListener('remoteCloseWrite', resolve)
  })
  assert.deepEqual(await all(pacedFrames(ours, pace())), ['01', '02'])
})

/** Frames of a stream into which these have come, with a clock of the test. */
async function paced(t: TestContext, sent: readonly Uint8Array[], init: (now: () => number) => Partial<Pace>) {
  const [theirs, ours] = await streamPair({ delay: 0 })
  theirs.send(Buffer.concat(sent.map(lengthPrefixed)))
  await theirs.close()
  await new Promise(resolve => {
    ours.addEventListener('remoteCloseWrite', resolve)
  })
  t.mock.timers.enable({ apis: ['setTimeout'] })
  // The source imports its timer by name.
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.timers.reset()
    syncBuiltinESMExports()
  })
  let now = 0
  const given: number[] = []
  const reading = (async () => {
    for await (const frame of pacedFrames(ours, pace(init(() => now)))) {
      given.push(frame.byteLength)
    }
  })()
  const pass = async (ms: number): Promise<void> => {
    await settle()
    for (let passed = 0; passed < ms; passed += 50) {
      now += 50
      t.mock.timers.tick(50)
      await settle()
    }
  }
  return { given, pass, reading }
}

test('more frames than the budget allows wait for their time', async t => {
  const sent = Array.from({ length: 10 }, () => new Uint8Array(5))
  const { given, pass, reading } = await paced(t, sent, now => ({ frames: new Tokens({ perSecond: 1, burst: 4 }, now) }))
  await pass(0)
  assert.equal(given.length, 3)
  await pass(950)
  assert.equal(given.length, 3)
  await pass(2_050)
  assert.equal(given.length, 6)
  await pass(4_000)
  await reading
  assert.equal(given.length, 10)
})

test('more bytes than the budget allows wait for their time', async t => {
  const sent = Array.from({ length: 4 }, () => new Uint8Array(500))
  const { given, pass, reading } = await paced(t, sent, now => ({ bytes: new Tokens({ perSecond: 100, burst: 1_000 }, now) }))
  await pass(0)
  assert.equal(given.length, 1)
  await pass(12_000)
  await reading
  assert.equal(given.length, 4)
})

test('a stream is paused while its frames are not taken, and gives them all later', async () => {
  const [theirs, ours]: [Stream, Stream] = await streamPair({ delay: 0 })
  const frames = pacedFrames(ours, pace())
  const frame = lengthPrefixed(new Uint8Array(1_000))
  const first = frames.next()
  for (let sent = 0; sent < 200; sent++) {
    theirs.send(frame)
  }
  await first
  await new Promise<void>(resolve => {
    const look = (): void => {
      if (ours.readStatus === 'paused') {
        resolve()
      } else {
        setImmediate(look)
      }
    }
    look()
  })
  for (let sent = 0; sent < 50; sent++) {
    theirs.send(frame)
  }
  const closed = theirs.close()
  assert.equal((await all(frames)).length, 249)
  await closed
})
