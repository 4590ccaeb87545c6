import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import type { RequestHandler, ResetReason } from '../../src/streams/index.ts'
import { ask, echo, framed, ManualClock, openRaw, poolOf, protocol, serve, startNode, text, until } from './support.ts'
import type { Over } from './support.ts'

for (const over of ['tcp', 'memory', 'quic'] satisfies Over[]) {
  test(`a requester that closes its side after asking is answered, and the stream ends (${over})`, async t => {
    const [server, client] = await Promise.all([startNode(t, over), startNode(t, over)])
    const served = await serve(t, server)
    const raw = await openRaw(client, server)
    raw.stream.send(framed('one'))
    raw.stream.send(framed('two'))
    await raw.stream.close()

    assert.equal(await raw.closed, 'closed')
    assert.equal(raw.received(), text(framed('re: one')) + text(framed('re: two')))
    await until(() => served.counters.streams === 0)
    assert.deepEqual(served.counters.resets, noResets)
    assert.equal(served.budgets, 0)
    assert.equal(served.waiting, false)
  })
}

test('requests are answered in order however the bytes are cut', async t => {
  const [server, client] = await Promise.all([startNode(t, 'memory'), startNode(t, 'memory')])
  const served = await serve(t, server)
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.string({ minLength: 1, maxLength: 300 }).map(message => `m${message}`),
        { minLength: 1, maxLength: 8 }
      ),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
      async (messages, cuts) => {
        const raw = await openRaw(client, server)
        const bytes = new Uint8ArrayList(...messages.map(framed)).subarray()
        for (let from = 0, cut = 0; from < bytes.length; cut++) {
          const length = cuts[cut % cuts.length] ?? 1
          raw.stream.send(bytes.subarray(from, from + length))
          from += length
        }

        await raw.stream.close()
        assert.equal(await raw.closed, 'closed')
        assert.equal(raw.received(), messages.map(message => text(framed(`re: ${message}`))).join(''))
      }
    ),
    { numRuns: 30 }
  )
  await until(() => served.counters.streams === 0)
})

test('an answer that is promised is waited for, and keeps its place', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  const promises = new Map<string, (answer: Uint8Array) => void>()
  const handler: RequestHandler<string> = {
    ...echo,
    answer: (message, from) =>
      message.startsWith('later')
        ? new Promise(resolve => {
            promises.set(message, resolve)
          })
        : echo.answer(message, from)
  }
  const served = await serve(t, server, { handler })
  const raw = await openRaw(client, server)
  for (const message of ['a', 'later b', 'c', 'later d']) {
    raw.stream.send(framed(message))
  }

  await raw.stream.close()
  await until(() => promises.has('later b'))
  promises.get('later b')?.(framed('re: b'))
  await until(() => promises.has('later d'))
  assert.equal(raw.received(), ['re: a', 're: b', 're: c'].map(answer => text(framed(answer))).join(''))
  promises.get('later d')?.(framed('re: d'))
  assert.equal(await raw.closed, 'closed')
  await until(() => served.counters.streams === 0)
})

test('bytes that are no request reset their stream, and the others live', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  const rejected = new Error('no')
  const handler: RequestHandler<string> = {
    ...echo,
    answer: (message, from) => (message === 'reject' ? Promise.reject(rejected) : echo.answer(message, from))
  }
  const served = await serve(t, server, { handler, limits: { frameBytes: 1_000 } })
  const healthy = await openRaw(client, server)
  const hostile: Array<[string, Uint8Array, ResetReason]> = [
    ['a length over the limit', Uint8Array.of(0xe9, 0x07), 'malformed'],
    ['a length that never ends', new Uint8Array(10).fill(0xff), 'malformed'],
    ['a length not in its shortest form', Uint8Array.of(0x81, 0x00), 'malformed'],
    ['a message that does not decode', framed('?'), 'malformed'],
    ['a message that is refused', framed('!'), 'refused'],
    ['a message whose answer fails', framed('reject'), 'refused']
  ]
  for (const [name, bytes, reason] of hostile) {
    await t.test(name, async () => {
      const before = served.counters.resets[reason]
      const raw = await openRaw(client, server)
      raw.stream.send(framed('first'))
      raw.stream.send(bytes)
      assert.equal(await raw.closed, 'reset')
      await until(() => served.counters.streams === 1)
      assert.equal(served.counters.resets[reason], before + 1)
    })
  }

  await t.test('an end within a request', async () => {
    const before = served.counters.resets.malformed
    const raw = await openRaw(client, server)
    raw.stream.send(framed('half').subarray(0, 3))
    await raw.stream.close()
    assert.equal(await raw.closed, 'reset')
    assert.equal(served.counters.resets.malformed, before + 1)
  })
  await t.test('anything', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async bytes => {
        const raw = await openRaw(client, server)
        try {
          raw.stream.send(bytes)
          await raw.stream.close()
        } catch {
          // reset while sending
        }

        await raw.closed
      }),
      { numRuns: 100 }
    )
  })
  healthy.stream.send(framed('still there'))
  await until(() => healthy.received() === text(framed('re: still there')))
  await until(() => served.counters.streams === 1)
})

test('a peer has so many streams over all its connections, and everybody so many together', async t => {
  const [server, one, two] = await Promise.all([startNode(t), startNode(t), startNode(t)])
  const served = await serve(t, server, { limits: { streamsPerPeer: 3, streams: 5 } })
  const first = await one.libp2p.dial(server.addresses)
  const second = await one.libp2p.dial(server.addresses, { force: true })
  assert.notEqual(first.id, second.id)
  const streams = [
    await first.newStream(protocol),
    await first.newStream(protocol),
    await second.newStream(protocol),
    await second.newStream(protocol)
  ]
  await until(() => served.counters.resets.crowded === 1)
  await until(() => streams[3]?.status === 'reset')
  assert.equal(served.counters.streams, 3)

  const others = await Promise.all([0, 1, 2].map(async () => openRaw(two, server)))
  await until(() => served.counters.resets.crowded === 2)
  assert.equal(served.counters.streams, 5)

  streams[0]?.abort(new Error('done'))
  await until(() => served.counters.streams === 4)
  const again = await openRaw(two, server)
  again.stream.send(framed('room'))
  await until(() => again.received() === text(framed('re: room')))
  assert.equal(others.filter(other => other.stream.status === 'open').length, 2)
})

test('a stream is ended when it is idle, or has been served enough', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  const clock = new ManualClock()
  const served = await serve(t, server, { clock, limits: { messages: 3 } })

  await t.test('idle', async () => {
    const raw = await openRaw(client, server)
    raw.stream.send(framed('x'))
    await until(() => raw.received() !== '')
    clock.advance(9_000)
    assert.equal(served.counters.retired, 0)
    clock.advance(2_000)
    assert.equal(served.counters.retired, 1)
    await until(() => raw.stream.remoteWriteStatus === 'closed')
    await raw.stream.close()
    await until(() => served.counters.streams === 0)
  })
  await t.test('idle within a request', async () => {
    const raw = await openRaw(client, server)
    raw.stream.send(framed('xyz').subarray(0, 2))
    await until(() => served.counters.streams === 1)
    // the bytes may come after the stream: a second one proves that they were read
    const other = await openRaw(client, server)
    other.stream.send(framed('x'))
    await until(() => other.received() !== '')
    await other.stream.close()
    await until(() => served.counters.streams === 1)
    clock.advance(11_000)
    assert.equal(await raw.closed, 'reset')
    assert.equal(served.counters.resets.stalled, 1)
  })
  await t.test('idle, but within a request that has just begun', async () => {
    const raw = await openRaw(client, server)
    raw.stream.send(framed('x'))
    await until(() => raw.received() !== '')
    clock.advance(9_000)
    const requests = served.counters.requests
    raw.stream.send(framed('xyz').subarray(0, 2))
    const other = await openRaw(client, server)
    other.stream.send(framed('x'))
    await until(() => served.counters.requests === requests + 1)
    clock.advance(5_000)
    raw.stream.send(framed('xyz').subarray(2))
    await until(() => raw.received() === text(framed('re: x')) + text(framed('re: xyz')))
    await raw.stream.close()
    await other.stream.close()
    await until(() => served.counters.streams === 0)
  })
  await t.test('served enough: a client that reuses streams does not notice', async () => {
    const pool = poolOf(t, client)
    for (let i = 0; i < 10; i++) {
      assert.equal(await ask(pool, server, `${i}`), `re: ${i}`)
    }

    assert.equal(pool.counters.opened, 4)
  })
  await t.test('and the asker does not close after us', async () => {
    const raw = await openRaw(client, server)
    raw.stream.send(framed('x'))
    await until(() => raw.received() !== '')
    clock.advance(11_000)
    await until(() => raw.stream.remoteWriteStatus === 'closed')
    const stalled = served.counters.resets.stalled
    clock.advance(6_000)
    assert.equal(served.counters.resets.stalled, stalled + 1)
  })
})

test('a stream is ended when it is old, however busy', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  const clock = new ManualClock()
  const served = await serve(t, server, { clock })
  const raw = await openRaw(client, server)
  for (let i = 0; i < 60; i++) {
    assert.equal(served.counters.retired, 0)
    raw.stream.send(framed('x'))
    await until(() => served.counters.answers === i + 1)
    clock.advance(5_000)
  }

  assert.equal(served.counters.retired, 1)
  await until(() => raw.stream.remoteWriteStatus === 'closed')
  assert.equal(raw.received(), text(framed('re: x')).repeat(60))
  assert.deepEqual(served.counters.resets, noResets)
})

test('an asker that does not read is not answered on', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  const clock = new ManualClock()
  const answer = framed('a'.repeat(16_000))
  const served = await serve(t, server, { clock, handler: { ...echo, answer: () => answer } })
  const stream = await client.libp2p.dialProtocol(server.addresses, protocol)
  const closed = Promise.withResolvers<void>()
  stream.addEventListener('close', () => {
    closed.resolve()
  })
  stream.pause()
  for (let i = 0; i < 900; i++) {
    stream.send(framed('x'))
  }

  // the window of a yamux stream is 256 KiB at first and does not grow while nothing is read
  await until(() => served.counters.answers > 10)
  await assert.doesNotReject(settled(() => served.counters.answers))
  assert.ok(served.counters.answers < 900, `${served.counters.answers} answers`)
  clock.advance(11_000)
  await closed.promise
  assert.equal(served.counters.resets.stalled, 1)
  assert.equal(served.counters.streams, 0)
})

test('an asker that reads late gets everything', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  const served = await serve(t, server, { handler: { ...echo, answer: () => framed('a'.repeat(16_000)) } })
  const stream = await client.libp2p.dialProtocol(server.addresses, protocol)
  let received = 0
  stream.addEventListener('message', event => {
    received += event.data.byteLength
  })
  stream.pause()
  for (let i = 0; i < 100; i++) {
    stream.send(framed('x'))
  }

  await until(() => served.counters.answers > 10)
  await settled(() => served.counters.answers)
  stream.resume()
  await until(() => received === 100 * 16_003 - 100)
  await stream.close()
  await until(() => served.counters.streams === 0)
  assert.deepEqual(served.counters.resets, noResets)
})

test('stopping resets every stream and leaves nothing', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  const served = await serve(t, server, { handler: { ...echo, answer: async () => new Promise(() => {}) } })
  const raws = await Promise.all(Array.from({ length: 10 }, async () => openRaw(client, server)))
  for (const raw of raws) {
    raw.stream.send(framed('x'))
  }

  await until(() => served.counters.requests === 10)
  served.stop()
  for (const raw of raws) {
    assert.equal(await raw.closed, 'reset')
  }

  assert.equal(served.counters.streams, 0)
  assert.equal(served.budgets, 0)
  assert.equal(served.waiting, false)
  const late = await openRaw(client, server)
  assert.equal(await late.closed, 'reset')
})

const noResets = { malformed: 0, refused: 0, crowded: 0, throttled: 0, stalled: 0, flooded: 0, stopped: 0 }

/** Waits until a number has not changed for many turns of the event loop and a few round trips. */
async function settled(read: () => number): Promise<void> {
  for (let last = read(), same = 0; same < 50; same++) {
    await new Promise(resolve => {
      // waits: one turn of many, until nothing changes any more
      setTimeout(resolve, 1)
    })
    if (read() !== last) {
      last = read()
      same = 0
    }
  }
}
