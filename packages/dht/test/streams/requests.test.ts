import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { RequestError } from '../../src/streams/index.ts'
import { ask, framed, poolOf, protocol, serve, serveRaw, startNode, until } from './support.ts'
import type { Over } from './support.ts'

for (const over of ['tcp', 'memory', 'quic'] satisfies Over[]) {
  test(`requests to one peer share a stream (${over})`, async t => {
    const [server, client] = await Promise.all([startNode(t, over), startNode(t, over)])
    const served = await serve(t, server)
    const pool = poolOf(t, client)

    for (let i = 0; i < 20; i++) {
      assert.equal(await ask(pool, server, `request ${i}`), `re: request ${i}`)
    }

    assert.equal(pool.counters.opened, 1)
    assert.equal(pool.counters.reused, 19)
    assert.equal(served.counters.opened, 1)
    assert.deepEqual(pool.sizes, { peers: 1, streams: 1, idle: 1, openings: 0, waiting: 0 })
  })

  test(`requests at the same time get their own answers (${over})`, async t => {
    const [server, client] = await Promise.all([startNode(t, over), startNode(t, over)])
    const served = await serve(t, server)
    const pool = poolOf(t, client, { streamsPerPeer: 8 })

    const answers = await Promise.all(Array.from({ length: 100 }, async (_, i) => ask(pool, server, `${i}`)))

    assert.deepEqual(
      answers,
      Array.from({ length: 100 }, (_, i) => `re: ${i}`)
    )
    assert.ok(served.counters.opened <= 8, `${served.counters.opened} streams were opened`)
    assert.equal(served.counters.requests, 100)
  })
}

test('the caller hears when the stream is open, for new and for reused streams', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  await serve(t, server)
  const pool = poolOf(t, client)
  let opened = 0
  const options = {
    maxReplyBytes: 1_000,
    onOpened: () => {
      opened++
    }
  }

  const first = pool.request(server.peer, server.addresses, framed('a'), options)
  assert.equal(opened, 0)
  await first
  assert.equal(opened, 1)
  const second = pool.request(server.peer, server.addresses, framed('b'), options)
  assert.equal(opened, 2)
  await second
  assert.equal(opened, 2)
})

test('a peer is dialled with the addresses given, completed with its id', async t => {
  const [server, client, stranger] = await Promise.all([startNode(t), startNode(t), startNode(t)])
  await serve(t, server)
  const pool = poolOf(t, client)
  const bare = server.addresses.map(address => address.decapsulate('/p2p'))

  const body = await pool.request(server.peer, [...stranger.addresses, ...bare], framed('x'), { maxReplyBytes: 100 })
  assert.equal(new TextDecoder().decode(body), 're: x')
  assert.equal(client.libp2p.getConnections().length, 1)
})

test('without addresses the peer store is asked, and nobody is looked up', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  await serve(t, server)
  const pool = poolOf(t, client)
  const options = { maxReplyBytes: 100 }

  await assert.rejects(pool.request(server.peer, [], framed('x'), options), failsWith('dial'))
  await client.libp2p.peerStore.merge(server.peer, { multiaddrs: server.addresses })
  await pool.request(server.peer, [], framed('x'), options)
})

test('what goes wrong is told apart', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  const pool = poolOf(t, client)
  const request = async (addresses = server.addresses, peer = server.peer): Promise<Uint8Array> =>
    pool.request(peer, addresses, framed('x'), { maxReplyBytes: 100 })

  await t.test('no such address', async () => {
    const gone = await startNode(t)
    await gone.libp2p.stop()
    await assert.rejects(request(gone.addresses, gone.peer), failsWith('dial'))
  })
  await t.test('somebody else answers there', async () => {
    const other = await startNode(t)
    const addresses = other.addresses.map(address => address.decapsulate('/p2p'))
    await assert.rejects(request(addresses, (await startNode(t)).peer), failsWith('dial'))
  })
  await t.test('no transport for it', async () => {
    await assert.rejects(request([multiaddr('/ip4/127.0.0.1/udp/1/webrtc-direct')]), failsWith('dial'))
  })
  await t.test('ourselves', async () => {
    await assert.rejects(request(client.addresses, client.peer), failsWith('local'))
  })
  await t.test('another protocol', async () => {
    await assert.rejects(request(), failsWith('unsupported'))
  })
  await until(() => pool.sizes.peers === 0)
  assert.equal(pool.waiting, false)
})

test('what is no answer is told apart', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  const pool = poolOf(t, client)
  const request = async (): Promise<Uint8Array> =>
    pool.request(server.peer, server.addresses, framed('x'), { maxReplyBytes: 100 })

  await t.test('reset instead of an answer', async () => {
    await serveRaw(server, stream => {
      stream.abort(new Error('no'))
    })
    await assert.rejects(request(), failsWith('reset'))
    await server.libp2p.unhandle(protocol)
  })
  await t.test('closed instead of an answer', async () => {
    await serveRaw(server, stream => {
      void stream.close()
    })
    await assert.rejects(request(), failsWith('reset'))
    await server.libp2p.unhandle(protocol)
  })
  await t.test('closed within an answer', async () => {
    await serveRaw(server, stream => {
      stream.send(framed('an answer').subarray(0, 5))
      void stream.close()
    })
    await assert.rejects(request(), failsWith('reset'))
    await server.libp2p.unhandle(protocol)
  })
  await t.test('an answer too long', async () => {
    await serveRaw(server, stream => {
      stream.send(framed('a'.repeat(101)))
    })
    await assert.rejects(request(), failsWith('malformed'))
    await server.libp2p.unhandle(protocol)
  })
  await t.test('not an answer at all', async () => {
    await serveRaw(server, stream => {
      stream.send(new Uint8Array(20).fill(255))
    })
    await assert.rejects(request(), failsWith('malformed'))
    await server.libp2p.unhandle(protocol)
  })
  await t.test('the connection is lost', async () => {
    await serveRaw(server, (_, connection) => {
      connection.abort(new Error('gone'))
    })
    await assert.rejects(request(), failsWith('reset'))
    await server.libp2p.unhandle(protocol)
  })

  await until(() => pool.sizes.peers === 0)
  assert.equal(pool.waiting, false)
})

test('an aborted request fails as our own, resets its stream and spares the others', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  let resets = 0
  await serveRaw(server, stream => {
    stream.addEventListener('message', event => {
      const message = new TextDecoder().decode(event.data.subarray().subarray(1))
      if (message !== 'hold') {
        stream.send(framed(message))
      }
    })
    stream.addEventListener('close', event => {
      resets += event.error === undefined ? 0 : 1
    })
  })
  const pool = poolOf(t, client)
  await ask(pool, server, 'warm')

  const controller = new AbortController()
  const held = ask(pool, server, 'hold', controller.signal)
  const other = ask(pool, server, 'other')
  controller.abort(new Error('enough'))
  await assert.rejects(held, failsWith('local'))
  assert.equal(await other, 'other')
  await until(() => resets === 1)
  assert.equal(await ask(pool, server, 'again'), 'again')
  await assert.rejects(ask(pool, server, 'late', controller.signal), failsWith('local'))
})

test('a request that is aborted while dialling leaves nothing', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  await serve(t, server)
  const pool = poolOf(t, client)
  const controller = new AbortController()
  const request = ask(pool, server, 'x', controller.signal)
  controller.abort()
  await assert.rejects(request, failsWith('local'))
  assert.deepEqual(pool.sizes, { peers: 0, streams: 0, idle: 0, openings: 0, waiting: 0 })
  assert.equal(pool.waiting, false)
})

test('stopping during a hundred requests settles them all and leaves nothing', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  let asked = 0
  await serveRaw(server, stream => {
    stream.addEventListener('message', () => {
      asked++
    })
  })
  const pool = poolOf(t, client)
  const requests = Array.from({ length: 100 }, async () => ask(pool, server, 'x'))
  const settled = Promise.allSettled(requests)
  await until(() => asked === pool.limits.streamsPerPeer)

  pool.stop()
  for (const result of await settled) {
    assert.equal(result.status, 'rejected')
    assert.ok(failsWith('local')(result.reason))
  }

  assert.deepEqual(pool.sizes, { peers: 0, streams: 0, idle: 0, openings: 0, waiting: 0 })
  assert.equal(pool.waiting, false)
  await until(() => streamsOf(client.libp2p.getConnections()) === 0)
  await until(() => streamsOf(server.libp2p.getConnections()) === 0)
  await assert.rejects(ask(pool, server, 'late'), failsWith('local'))
})

test('no more requests wait for a stream than allowed', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  await serveRaw(server, () => {})
  const pool = poolOf(t, client, { streamsPerPeer: 1, waitingPerPeer: 2 })
  const requests = Array.from({ length: 3 }, async () => ask(pool, server, 'x'))
  await assert.rejects(async () => requests[2], failsWith('local'))
  assert.equal(pool.sizes.waiting, 2)
  pool.stop()
  await Promise.allSettled(requests)
})

test('a message that is not answered has a stream of its own, closed by us', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  const served = await serve(t, server)
  const pool = poolOf(t, client)
  await ask(pool, server, 'x')
  await pool.send(server.peer, server.addresses, framed('+ provide'))
  await until(() => served.counters.requests === 2 && served.counters.streams === 1)
  assert.equal(served.counters.answers, 1)
  await until(() => pool.sizes.streams === 1)

  await t.test('even to a peer that answers it', async () => {
    const talkative = await startNode(t)
    await serveRaw(talkative, stream => {
      stream.addEventListener('message', () => {
        stream.send(framed('thanks'))
        void stream.close()
      })
    })
    await pool.send(talkative.peer, talkative.addresses, framed('+ provide'))
    await until(() => pool.sizes.peers === 1)
  })
  await t.test('and fails when there is nobody', async () => {
    const gone = await startNode(t)
    await gone.libp2p.stop()
    await assert.rejects(pool.send(gone.peer, gone.addresses, framed('+ provide')), failsWith('dial'))
  })
})

function failsWith(reason: RequestError['reason']): (error: unknown) => true {
  return error => {
    assert.ok(error instanceof RequestError, String(error))
    assert.equal(error.reason, reason, error.message)
    assert.equal(error.code, `ERR_REQUEST_${reason.toUpperCase()}`)
    return true
  }
}

function streamsOf(connections: ReadonlyArray<{ readonly streams: ReadonlyArray<{ readonly protocol: string }> }>): number {
  return connections.flatMap(connection => connection.streams).filter(stream => stream.protocol === protocol).length
}
