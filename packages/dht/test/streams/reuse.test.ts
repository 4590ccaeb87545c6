import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { RequestError } from '../../src/streams/index.ts'
import { ask, framed, ManualClock, openRaw, poolOf, serve, serveRaw, startNode, until } from './support.ts'
import type { Node, Over } from './support.ts'

/** Answers each message with itself and lets `after` see to the stream. */
async function serveEcho(node: Node, after: (stream: Stream, answers: number) => void): Promise<{ streams: number }> {
  const counts = { streams: 0 }
  await serveRaw(node, stream => {
    counts.streams++
    let answers = 0
    stream.addEventListener('message', event => {
      if (stream.writeStatus === 'writable') {
        stream.send(event.data)
        after(stream, ++answers)
      }
    })
  })
  return counts
}

for (const over of ['tcp', 'quic'] satisfies Over[]) {
  test(`a peer that closes after each answer is asked on a new stream each time (${over})`, async t => {
    const [server, client] = await Promise.all([startNode(t, over), startNode(t, over)])
    const counts = await serveEcho(server, stream => {
      void stream.close()
    })
    const pool = poolOf(t, client)
    for (let i = 0; i < 10; i++) {
      assert.equal(await ask(pool, server, `${i}`), `${i}`)
    }

    assert.equal(counts.streams, 10)
    // at most two requests met a stream that was already closed there; then it was known
    assert.ok(pool.counters.retried <= 2, `${pool.counters.retried} retries`)
    await until(() => pool.sizes.peers === 0)
    assert.equal(pool.waiting, false)
  })

  test(`a request that meets a stream its peer has let go of is sent again (${over})`, async t => {
    const [server, client] = await Promise.all([startNode(t, over), startNode(t, over)])
    // it goes on reading, so that only the second request shows that it will not answer
    await serveRaw(server, stream => {
      let asked = 0
      stream.addEventListener('message', event => {
        asked++
        if (asked === 4) {
          stream.abort(new Error('enough'))
        } else {
          stream.send(event.data)
        }
      })
    })
    const pool = poolOf(t, client)
    for (let i = 0; i < 12; i++) {
      assert.equal(await ask(pool, server, `${i}`), `${i}`)
    }

    assert.equal(pool.counters.retried, 3)
  })
}

test('a request is sent again only once', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  let streams = 0
  await serveRaw(server, stream => {
    const first = ++streams === 1
    let asked = 0
    stream.addEventListener('message', event => {
      if (first && ++asked === 1) {
        stream.send(event.data)
      } else {
        stream.abort(new Error('no'))
      }
    })
  })
  const pool = poolOf(t, client)
  await ask(pool, server, 'x')
  await assert.rejects(ask(pool, server, 'y'), { reason: 'reset' })
  assert.equal(streams, 2)
})

test('an answer that has begun is not asked for again', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  let streams = 0
  await serveRaw(server, stream => {
    let asked = 0
    streams++
    stream.addEventListener('message', event => {
      if (++asked === 1) {
        stream.send(event.data)
      } else {
        stream.send(event.data.subarray(0, 3))
        void stream.close()
      }
    })
  })
  const pool = poolOf(t, client)
  await ask(pool, server, 'first')
  await assert.rejects(ask(pool, server, 'second'), { reason: 'reset' })
  assert.equal(streams, 1)
  assert.equal(pool.counters.retried, 0)
})

test('a peer that sends more than it was asked for is not asked on that stream again', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  await serveRaw(server, stream => {
    stream.addEventListener('message', event => {
      const frame = event.data.subarray()
      stream.send(Uint8Array.from([...frame, ...framed('and more')]))
    })
  })
  const pool = poolOf(t, client)
  for (let i = 0; i < 5; i++) {
    assert.equal(await ask(pool, server, `${i}`), `${i}`)
  }

  assert.equal(pool.counters.opened, 5)
  await until(() => pool.sizes.peers === 0)
})

test('a peer is taken for one that closes after each answer no longer than said', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  let closing = true
  await serveEcho(server, stream => {
    if (closing) {
      void stream.close()
    }
  })
  const clock = new ManualClock()
  const pool = poolOf(t, client, {}, clock)
  for (let i = 0; i < 4; i++) {
    await ask(pool, server, 'x')
  }

  closing = false
  const reused = pool.counters.reused
  await ask(pool, server, 'x')
  await ask(pool, server, 'x')
  assert.equal(pool.counters.reused, reused)
  clock.advance(pool.limits.oneShot)
  await ask(pool, server, 'x')
  await ask(pool, server, 'x')
  assert.equal(pool.counters.reused, reused + 1)
})

test('an unused stream is closed after a while, one above the usual number sooner, and then nothing runs', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  const served = await serve(t, server)
  const clock = new ManualClock()
  const pool = poolOf(t, client, {}, clock)
  assert.equal(clock.timers, 0)
  await Promise.all(Array.from({ length: 10 }, async () => ask(pool, server, 'x')))
  await until(() => pool.sizes.openings === 0)
  const most = pool.sizes.idle
  assert.ok(most > 4, `${most} streams`)
  assert.equal(clock.timers, 1)

  clock.advance(1_000)
  assert.equal(pool.sizes.idle, 4)
  await until(() => served.counters.streams === 4)
  clock.advance(3_000)
  assert.equal(pool.sizes.idle, 4)
  assert.equal(await ask(pool, server, 'x'), 're: x')
  clock.advance(1_000)
  assert.equal(pool.sizes.idle, 1)
  clock.advance(5_000)
  await until(() => pool.sizes.peers === 0)
  assert.equal(clock.timers, 0)
  assert.equal(served.counters.streams, 0)
})

test('a peer that does not close its side after us is reset', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  let resets = 0
  await serveRaw(server, stream => {
    stream.addEventListener('message', event => {
      stream.send(event.data)
    })
    stream.addEventListener('close', event => {
      resets += event.error === undefined ? 0 : 1
    })
  })
  const clock = new ManualClock()
  const pool = poolOf(t, client, {}, clock)
  await ask(pool, server, 'x')
  clock.advance(6_000)
  assert.deepEqual(pool.sizes, { peers: 1, streams: 1, idle: 0, openings: 0, waiting: 0 })
  clock.advance(11_000)
  assert.equal(pool.sizes.peers, 0)
  await until(() => resets === 1)
  assert.equal(clock.timers, 0)
})

test('streams that only wait for their peer to close make room for requests', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  let ended = 0
  await serveRaw(server, stream => {
    stream.addEventListener('message', event => {
      stream.send(event.data)
    })
    stream.addEventListener('close', () => {
      ended++
    })
  })
  const clock = new ManualClock()
  const pool = poolOf(t, client, { streamsPerPeer: 2, idlePerPeer: 2 }, clock)
  await Promise.all([ask(pool, server, 'a'), ask(pool, server, 'b')])
  clock.advance(6_000)
  assert.deepEqual(pool.sizes, { peers: 1, streams: 2, idle: 0, openings: 0, waiting: 0 })
  assert.deepEqual(await Promise.all([ask(pool, server, 'c'), ask(pool, server, 'd')]), ['c', 'd'])
  await until(() => ended === 2)
})

test('only so many streams are kept for all peers together', async t => {
  const client = await startNode(t)
  const servers = await Promise.all(Array.from({ length: 4 }, async () => startNode(t)))
  for (const server of servers) {
    await serve(t, server)
  }

  const pool = poolOf(t, client, { idleStreams: 2 })
  for (const server of servers) {
    await ask(pool, server, 'x')
  }

  assert.equal(pool.sizes.idle, 2)
  await until(() => pool.sizes.peers === 2)
})

for (const over of ['tcp', 'memory', 'quic'] satisfies Over[]) {
  test(`a lost connection takes its streams along, on both sides, and the next request dials (${over})`, async t => {
    const [server, client] = await Promise.all([startNode(t, over), startNode(t, over)])
    const served = await serve(t, server)
    const pool = poolOf(t, client)
    await Promise.all(Array.from({ length: 10 }, async () => ask(pool, server, 'x')))
    await until(() => pool.sizes.openings === 0)
    assert.ok(pool.sizes.idle > 1)

    for (const connection of server.libp2p.getConnections()) {
      connection.abort(new Error('gone'))
    }

    await until(() => pool.sizes.peers === 0)
    await until(() => served.counters.streams === 0)
    assert.equal(pool.waiting, false)
    assert.equal(await ask(pool, server, 'again'), 're: again')

    await client.libp2p.hangUp(server.peer)
    await until(() => pool.sizes.peers === 0 && served.counters.streams === 0)
    assert.equal(await ask(pool, server, 'once more'), 're: once more')
    assert.equal(pool.counters.retried, 0)
  })

  test(`requests in flight when the connection is lost fail as reset (${over})`, async t => {
    const [server, client] = await Promise.all([startNode(t, over), startNode(t, over)])
    let asked = 0
    await serveRaw(server, stream => {
      stream.addEventListener('message', () => {
        asked++
      })
    })
    const pool = poolOf(t, client)
    const requests = Promise.allSettled(Array.from({ length: 10 }, async () => ask(pool, server, 'x')))
    await until(() => asked === 10)
    for (const connection of server.libp2p.getConnections()) {
      connection.abort(new Error('gone'))
    }

    for (const result of await requests) {
      assert.ok(result.status === 'rejected' && result.reason instanceof RequestError)
      assert.equal(result.reason.reason, 'reset')
    }

    await until(() => pool.sizes.peers === 0)
  })
}

test('stopping over QUIC leaves nothing either', async t => {
  const [server, client] = await Promise.all([startNode(t, 'quic'), startNode(t, 'quic')])
  const served = await serve(t, server)
  const pool = poolOf(t, client)
  const raw = await openRaw(client, server)
  raw.stream.send(framed('?'))
  await until(() => raw.stream.remoteWriteStatus === 'closed' && served.counters.streams === 0)
  assert.equal(served.counters.resets.malformed, 1)
  await Promise.all(Array.from({ length: 10 }, async () => ask(pool, server, 'x')))
  const requests = Promise.allSettled(Array.from({ length: 10 }, async () => ask(pool, server, 'y')))
  pool.stop()
  served.stop()
  for (const result of await requests) {
    assert.ok(result.status === 'rejected' && result.reason instanceof RequestError)
    assert.equal(result.reason.reason, 'local')
  }

  assert.equal(pool.sizes.peers, 0)
  assert.equal(served.counters.streams, 0)
})
