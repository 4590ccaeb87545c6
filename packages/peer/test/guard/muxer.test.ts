/** The muxer's bounds, over real connections of strangers. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { MultiaddrConnection, Stream } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { guardLimits } from '../../src/guard/limits.ts'
import { guardMuxers } from '../../src/guard/muxer.ts'
import { startedPeer } from '../network.ts'
import { settle } from '../support.ts'
import {
  answered,
  belowMuxer,
  bytesOf,
  ended,
  link,
  startStranger,
  write,
  yamuxFlags,
  yamuxFrame,
  yamuxTypes
} from './strangers.ts'

const { data, window, ping, goAway } = yamuxTypes
const { syn, rst } = yamuxFlags
const open = (stream: number): Uint8Array => yamuxFrame(window, syn, stream, 0)
/** A stream id that the stranger, who dialled, has not used. */
const unused = (index: number): number => 100_001 + 2 * index
const many = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

describe('a connection ends', () => {
  test('when too many streams agree on no protocol, and not before', async t => {
    const peer = await startedPeer(t, { greet: false })
    const { stranger, theirs, ours } = await link(t, peer)
    const end = ended(ours)
    // Streams of other protocols may be under way.
    const harmless = guardLimits.unnegotiatedStreams - 8
    await write(belowMuxer(theirs), Buffer.concat(many(harmless).map(index => open(unused(index)))))
    await answered(stranger, peer.addresses)
    assert.equal(ours.status, 'open')

    await write(belowMuxer(theirs), Buffer.concat(many(9).map(index => open(unused(harmless + index)))))
    assert.match(await end, /agree on no protocol/)
  })

  test('when streams are opened without end, even if each is reset at once', async t => {
    const peer = await startedPeer(t, { greet: false })
    const { theirs, ours } = await link(t, peer)
    const end = ended(ours)
    const openAndReset = (index: number): Uint8Array =>
      Buffer.concat([open(unused(index)), yamuxFrame(window, rst, unused(index), 0)])
    for (let index = 0; ours.status === 'open'; index += 100) {
      await write(belowMuxer(theirs), Buffer.concat(many(100).map(offset => openAndReset(index + offset))))
    }
    assert.match(await end, /opened too fast/)
  })

  test('when a frame is declared that is longer than any window', async t => {
    const peer = await startedPeer(t, { greet: false })
    const { theirs, ours } = await link(t, peer)
    const end = ended(ours)
    await write(belowMuxer(theirs), yamuxFrame(data, syn, unused(0), guardLimits.windowBytes + 1, new Uint8Array(10)))
    assert.match(await end, /longer than the window/)
  })

  test('when a peer proposes protocols without end', async t => {
    const peer = await startedPeer(t, { greet: false })
    const { theirs, ours } = await link(t, peer)
    const end = ended(ours)
    const hello = Buffer.from('\u0013/multistream/1.0.0\n')
    const proposal = Buffer.from(`\u0064/${'x'.repeat(98)}\n`)
    const stream = unused(0)
    await write(belowMuxer(theirs), yamuxFrame(data, syn, stream, hello.length, hello))
    for (let sent = 0; sent <= guardLimits.negotiationBytes && ours.status === 'open'; sent += 1_000) {
      const proposals = Buffer.concat(many(10).map(() => proposal))
      await write(belowMuxer(theirs), yamuxFrame(data, 0, stream, proposals.length, proposals))
    }
    assert.match(await end, /protocol was agreed on/)
  })

  test('when its frames are rubbish', async t => {
    const peer = await startedPeer(t, { greet: false })
    const { theirs, ours } = await link(t, peer)
    const end = ended(ours)
    await write(belowMuxer(theirs), Buffer.alloc(12, 0xff))
    assert.match(await end, /Invalid frame/)
    await answered(await startStranger(t), peer.addresses)
  })
})

test('a stream carries any amount of bytes once its protocol is agreed on', async t => {
  const peer = await startedPeer(t, { greet: false })
  const received = Promise.withResolvers<Uint8Array>()
  await peer.libp2p.handle('/taken', stream => received.resolve(bytesOf(stream)))
  const { theirs, ours } = await link(t, peer)
  const sent = Buffer.alloc(8 * guardLimits.negotiationBytes).map((_, index) => index % 251)
  const stream = await theirs.newStream('/taken')
  for (let at = 0; at < sent.length; at += 16_384) {
    await write(stream, sent.subarray(at, at + 16_384))
  }
  await stream.close()
  assert.deepEqual(Buffer.from(await received.promise), sent)
  assert.equal(ours.status, 'open')
})

test('frames that are sent right before the muxer goes away arrive, however many', async t => {
  const peer = await startedPeer(t, { greet: false })
  const handled = Promise.withResolvers<{ readonly bytes: Promise<Uint8Array> }>()
  await peer.libp2p.handle('/taken', stream => handled.resolve({ bytes: bytesOf(stream) }))
  const { theirs } = await link(t, peer)
  const stream = await theirs.newStream('/taken')
  const { bytes } = await handled.promise
  const sent = many(8 * guardLimits.framesPerTurn).map(index => index % 251)
  const frames = sent.map(byte => yamuxFrame(data, 0, Number(stream.id), 1, Uint8Array.of(byte)))
  await write(belowMuxer(theirs), Buffer.concat([...frames, yamuxFrame(goAway, 0, 0, 0)]))
  assert.deepEqual([...(await bytes)], sent)
})

test('no more streams of one connection are open than the limit allows', async t => {
  const peer = await startedPeer(t, { greet: false })
  const limits = { maxInboundStreams: 1_000, maxOutboundStreams: 1_000 }
  await peer.libp2p.handle('/held', () => {}, limits)
  const { theirs, ours } = await link(t, peer)
  const held: Stream[] = []
  await assert.rejects(async () => {
    for (const _ of many(2 * guardLimits.streamsPerConnection)) {
      held.push(await theirs.newStream('/held', limits))
      assert.ok(ours.streams.length <= guardLimits.streamsPerConnection)
    }
  })
  assert.ok(held.length > guardLimits.streamsPerConnection / 2, `${held.length} streams`)
})

test('thousands of yamux pings are all answered, and so is everybody else', async t => {
  const peer = await startedPeer(t, { greet: false })
  const { theirs, ours } = await link(t, peer)
  const other = await startStranger(t)
  const count = 2 * guardLimits.frames.burst
  const encrypted = belowMuxer(theirs)
  let pongs = 0
  const all = new Promise<void>(resolve => {
    // Stock yamux takes an answer that it did not ask for as a fault.
    const muxer = (theirs as unknown as { readonly muxer: { handlePingResponse(id: number): void } }).muxer
    muxer.handlePingResponse = () => {
      pongs++
      if (pongs === count) {
        resolve()
      }
    }
  })
  for (let sent = 0; sent < count; sent += 1_000) {
    await write(encrypted, Buffer.concat(many(1_000).map(index => yamuxFrame(ping, syn, 0, sent + index))))
  }
  await answered(other, peer.addresses)
  await all
  assert.equal(ours.status, 'open')
})

test('sending on a connection that has ended does not throw', async t => {
  const peer = await startedPeer(t, { greet: false })
  const { ours } = await link(t, peer)
  // The muxer opens a stream in a microtask. An error there has nobody to catch it, and fails this test.
  const opened = ours.newStream('/ipfs/ping/1.0.0')
  const muxer = (ours as unknown as { readonly muxer: { ping(): Promise<number>; send(bytes: Uint8Array): boolean } }).muxer
  ;(ours as unknown as { readonly maConn: { abort(error: Error): void } }).maConn.abort(new Error('it broke'))
  assert.equal(muxer.send(new Uint8Array(12)), false)
  await assert.rejects(opened)
})

describe('a muxer over a connection in memory', () => {
  function muxed() {
    const [, inbound] = multiaddrConnectionPair({ delay: 0 })
    const muxer = guardMuxers(yamux({ enableKeepAlive: false })(), inbound, { muxed() {} }).createStreamMuxer(inbound)
    const receive = (bytes: Uint8Array): void => (muxer as unknown as { onData(bytes: Uint8Array): void }).onData(bytes)
    return { inbound: inbound as MultiaddrConnection & { readonly readStatus: string }, muxer, receive }
  }

  const pings = (count: number): Uint8Array => Buffer.concat(many(count).map(index => yamuxFrame(ping, syn, 0, index)))

  test('handles so many frames in one turn, and then lets others have theirs', t => {
    const { muxer, receive, inbound } = muxed()
    const handled = t.mock.method(muxer as unknown as { handleFrame(frame: unknown): void }, 'handleFrame')
    receive(pings(10 * guardLimits.framesPerTurn))
    assert.equal(handled.mock.callCount(), guardLimits.framesPerTurn)
    // Bytes that come meanwhile wait outside.
    assert.equal(inbound.readStatus, 'paused')
    receive(pings(1))
    assert.equal(handled.mock.callCount(), guardLimits.framesPerTurn)
    inbound.abort(new Error('enough'))
  })

  test('handles a burst, and then so many frames a second', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let now = 0
    t.mock.method(performance, 'now', () => now)
    const { muxer, receive, inbound } = muxed()
    const handled = t.mock.method(muxer as unknown as { handleFrame(frame: unknown): void }, 'handleFrame')
    const pass = (ms: number): void => {
      for (let passed = 0; passed < ms; passed++) {
        now++
        t.mock.timers.tick(1)
      }
    }
    const { burst, perSecond } = guardLimits.frames
    receive(pings(2 * (burst + perSecond)))
    pass(1_000)
    const first = handled.mock.callCount()
    assert.ok(first <= burst + perSecond && first > burst, `${first} frames in the first second`)
    pass(2_000)
    await settle()
    assert.equal(handled.mock.callCount(), 2 * (burst + perSecond))
    assert.equal(inbound.readStatus, 'readable')
    inbound.abort(new Error('enough'))
  })

  test('ends the connection at a bad frame that comes in a later turn', async () => {
    const { receive, inbound } = muxed()
    const end = ended(inbound)
    receive(Buffer.concat([pings(2 * guardLimits.framesPerTurn), Buffer.alloc(12, 0xff)]))
    assert.match(await end, /Invalid frame/)
  })

  test('handles no frame after the connection has ended', t => {
    const { muxer, receive, inbound } = muxed()
    const handled = t.mock.method(muxer as unknown as { handleFrame(frame: unknown): void }, 'handleFrame', () => {
      inbound.abort(new Error('enough'))
    })
    receive(pings(10))
    assert.equal(handled.mock.callCount(), 1)
  })

  test('reads on after it was paused as if nothing had been', async () => {
    const { muxer, receive } = muxed()
    const stream = new Promise<Stream>(resolve => {
      muxer.addEventListener('stream', ({ detail }) => resolve(detail))
    })
    const body = Buffer.from('all of it')
    const bytes = Buffer.concat([pings(3 * guardLimits.framesPerTurn), yamuxFrame(data, syn, 1, body.length, body)])
    for (const byte of bytes) {
      receive(Uint8Array.of(byte))
    }
    const message = await new Promise<string>(resolve => {
      void stream.then(opened =>
        opened.addEventListener('message', event => resolve(Buffer.from(event.data.subarray()).toString()))
      )
    })
    assert.equal(message, 'all of it')
  })
})
