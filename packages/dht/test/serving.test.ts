/** What a server of ours does with what comes on the protocol's streams, right, wrong or hostile. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { encodeFrame } from '@vicinity/wire'
import type { OutgoingMessage, WireMessage } from '@vicinity/wire'
import fc from 'fast-check'
import { Key } from 'interface-datastore'
import type { KadDHTInit } from '../src/index.ts'
import { startOurs, startPlain, trueClosest } from './support/nodes.ts'
import type { Ours, Plain } from './support/nodes.ts'
import { eventually } from './support/waiting.ts'
import { openRaw, RawStream } from './support/wire.ts'

/** A server that knows two others, and a stranger who is connected to it. */
async function scene(t: TestContext, dht?: KadDHTInit): Promise<{ server: Ours; known: Ours[]; stranger: Plain }> {
  const server = await startOurs(t, dht === undefined ? {} : { dht })
  const [a, b, stranger] = [await startOurs(t), await startOurs(t), await startPlain(t)]
  await a.dial(server.getMultiaddrs())
  await b.dial(server.getMultiaddrs())
  await stranger.dial(server.getMultiaddrs())
  await eventually(() => server.services.dht.routingTable.size === 2)
  return { server, known: [a, b], stranger }
}

function idOf(node: { peerId: { toMultihash(): { bytes: Uint8Array } } }): Uint8Array {
  return node.peerId.toMultihash().bytes
}

function names(message: WireMessage): string[] {
  return message.closer.map(({ id }) => Buffer.from(id).toString('hex'))
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

describe('a server answers', () => {
  test('FIND_NODE with the nearest servers it knows, where they can be dialled, nearest first', async t => {
    const { server, known, stranger } = await scene(t)
    const stream = await openRaw(stranger, server)
    for (const key of [Uint8Array.of(1), new Uint8Array(128), idOf(stranger)]) {
      const answer = await stream.ask({ type: 'FIND_NODE', key })
      assert.equal(answer.type, 'FIND_NODE')
      const byId = new Map(known.map(node => [node.peerId.toString(), hex(idOf(node))]))
      const nearest = trueClosest(
        known.map(node => node.peerId),
        key,
        20
      ).map(id => byId.get(id))
      // the asker is a client whose addresses the server has by identify, and named only where it is the target
      const rest = names(answer).filter(id => id !== hex(idOf(stranger)))
      assert.deepEqual(rest, nearest)
      for (const { id, addresses } of answer.closer) {
        const node = known.find(other => hex(idOf(other)) === hex(id))
        const listening = node?.getMultiaddrs().map(address => address.decapsulate('/p2p').toString())
        assert.deepEqual(node && addresses.map(bytes => multiaddr(bytes).toString()), listening)
      }
    }
  })

  test('FIND_NODE for a peer it can name with that peer first: itself, the asker, a client', async t => {
    const { server, known, stranger } = await scene(t)
    const client = await startOurs(t, { dht: { clientMode: true } })
    await client.dial(server.getMultiaddrs())
    const stream = await openRaw(stranger, server)
    for (const node of [server, stranger, client, ...known]) {
      const first = async (): Promise<boolean> =>
        names(await stream.ask({ type: 'FIND_NODE', key: idOf(node) }))[0] === hex(idOf(node))
      // what a client says of itself comes with identify
      await eventually(first)
    }
  })

  test('PING with its type, GET_VALUE and GET_PROVIDERS with closer peers only', async t => {
    const { server, known, stranger } = await scene(t)
    const stream = await openRaw(stranger, server)
    const pong = await stream.ask({ type: 'PING' })
    assert.deepEqual([pong.type, pong.key.length, pong.closer.length], ['PING', 0, 0])
    for (const type of ['GET_VALUE', 'GET_PROVIDERS'] as const) {
      const answer = await stream.ask({ type, key: Uint8Array.of(1, 2, 3) })
      assert.equal(answer.type, type)
      assert.deepEqual(names(answer).toSorted(), known.map(node => hex(idOf(node))).toSorted())
      assert.deepEqual([answer.record, answer.providers], [undefined, []])
      assert.deepEqual(answer.key, Uint8Array.of(1, 2, 3))
    }
  })

  test('never ADD_PROVIDER, and goes on answering', async t => {
    const { server, stranger } = await scene(t)
    const stream = await openRaw(stranger, server)
    const providers = [
      { id: idOf(stranger), addresses: [multiaddr('/ip4/127.0.0.1/tcp/1').bytes], connection: 'CONNECTED' as const }
    ]
    for (let i = 0; i < 3; i++) {
      stream.send({ type: 'ADD_PROVIDER', key: Uint8Array.of(i + 1), providers })
      stream.send({ type: 'FIND_NODE', key: Uint8Array.of(i + 1) })
      const answer = await stream.answer()
      assert.deepEqual([answer.type, answer.key], ['FIND_NODE', Uint8Array.of(i + 1)])
    }

    assert.equal(stream.waiting, 0)
    // what somebody says of others is not read
    assert.equal(server.services.dht.routingTable.size, 2)
  })

  test('many requests that come at once, each in its turn', async t => {
    const { server, stranger } = await scene(t)
    const stream = await openRaw(stranger, server)
    const keys = Array.from({ length: 100 }, (_, i) => Uint8Array.of(1, i))
    stream.sendBytes(Buffer.concat(keys.map(key => encodeFrame({ type: 'FIND_NODE', key }))))
    for (const key of keys) {
      assert.deepEqual((await stream.answer()).key, key)
    }
  })
})

describe('a server resets the stream, lives, and serves the next one', () => {
  const key = Uint8Array.of(1)
  const long = new Uint8Array(129)
  const bad: Record<string, OutgoingMessage | Uint8Array> = {
    'a PUT_VALUE, which nothing would be stored of': { type: 'PUT_VALUE', key, record: { key, value: Uint8Array.of(1) } },
    'a PUT_VALUE without a record': { type: 'PUT_VALUE', key },
    'a FIND_NODE without a key': { type: 'FIND_NODE' },
    'a GET_VALUE without a key': { type: 'GET_VALUE' },
    'a GET_PROVIDERS without a key': { type: 'GET_PROVIDERS' },
    'an ADD_PROVIDER without a key': { type: 'ADD_PROVIDER' },
    'a FIND_NODE with a key of 129 bytes': { type: 'FIND_NODE', key: long },
    'a GET_VALUE with a key of 129 bytes': { type: 'GET_VALUE', key: long },
    'a GET_PROVIDERS with a key of 81 bytes': { type: 'GET_PROVIDERS', key: long.subarray(0, 81) },
    'an ADD_PROVIDER with a key of 81 bytes': { type: 'ADD_PROVIDER', key: long.subarray(0, 81) },
    'a type that the protocol does not have': Uint8Array.of(2, 0x08, 99),
    'a frame of more than 64 KiB, at its length': Uint8Array.of(0x81, 0x80, 0x04),
    'a length that is not in its shortest form': Uint8Array.of(0x80, 0x00),
    'a length of ten bytes': new Uint8Array(10).fill(0xff),
    'a field longer than its message': Uint8Array.of(3, 0x12, 0x7f, 0),
    'half a message, then the end': Uint8Array.of(100, 0x08, 0x04)
  }
  for (const [name, message] of Object.entries(bad)) {
    test(`for ${name}`, async t => {
      const [server, stranger] = [await startOurs(t), await startPlain(t)]
      const stream = await openRaw(stranger, server)
      if (message instanceof Uint8Array) {
        stream.sendBytes(message)
      } else {
        stream.send(message)
      }
      if (name.endsWith('the end')) {
        await stream.stream.close()
      }

      assert.equal(await stream.ended, 'reset')
      const another = await openRaw(stranger, server)
      assert.equal((await another.ask({ type: 'PING' })).type, 'PING')
      await eventually(() => server.services.dht.sizes['served'] === 1)
    })
  }

  test('for any bytes', async t => {
    const [server, stranger] = [await startOurs(t), await startPlain(t)]
    const connection = await stranger.dial(server.getMultiaddrs())
    const framed = fc.uint8Array({ maxLength: 120 }).map(bytes => Uint8Array.of(bytes.length, ...bytes))
    const field = fc.tuple(fc.constantFrom(0x08, 0x12, 0x1a, 0x42, 0x4a, 0x50), fc.uint8Array({ maxLength: 20 }))
    const alike = fc
      .array(field, { maxLength: 4 })
      .map(fields =>
        fields.flatMap(([tag, value]) => (tag === 0x08 || tag === 0x50 ? [tag, value[0] ?? 4] : [tag, value.length, ...value]))
      )
      .map(bytes => Uint8Array.of(bytes.length, ...bytes))
    await fc.assert(
      fc.asyncProperty(fc.oneof(framed, alike, fc.uint8Array({ maxLength: 300 })), async bytes => {
        const stream = new RawStream(await connection.newStream('/ipfs/kad/1.0.0'))
        stream.sendBytes(bytes)
        // whatever it is, it has an end
        stream.stream.close().catch(() => {})
        await stream.ended
      }),
      { numRuns: 200 }
    )
    const stream = await openRaw(stranger, server)
    assert.equal((await stream.ask({ type: 'PING' })).type, 'PING')
    assert.equal(server.services.dht.routingTable.size, 0)
  })
})

describe('what a server names', () => {
  test('is at most 16 addresses and 8 KiB of a peer, and 16 KiB in all, the nearest first', async t => {
    const server = await startOurs(t)
    const stranger = await startPlain(t)
    // 25 peers of a saved table with long addresses: more than an answer may carry
    const long = (i: number, j: number): string => `/dns4/${`${i}-${j}-`.padEnd(60, 'x')}.example.com/tcp/4001`
    const peers = await Promise.all(
      Array.from({ length: 25 }, async () => peerIdFromPrivateKey(await generateKeyPair('Ed25519')))
    )
    const saved = peers.map((peer, i) => ({
      id: peer.toString(),
      addresses: Array.from({ length: 30 }, (_, j) => long(i, j)),
      heard: Date.now(),
      roundTrip: 1
    }))
    const { dht, components } = server.services
    await dht.stop()
    await components.datastore.put(new Key('/dht/routing-table'), new TextEncoder().encode(JSON.stringify(saved)))
    await dht.start()
    assert.ok(dht.routingTable.size >= 20)
    const stream = await openRaw(stranger, server)
    const target = Uint8Array.of(5)
    const answer = await stream.ask({ type: 'FIND_NODE', key: target })
    assert.ok(answer.closer.length > 5 && answer.closer.length < 20, `${answer.closer.length} peers`)
    assert.ok(answer.closer.every(({ addresses }) => addresses.length === 16))
    const size = encodeFrame({ type: answer.type, key: answer.key, closer: answer.closer }).length
    assert.ok(size <= 16 * 1024 && size > 14 * 1024, `${size} bytes`)
    const byId = new Map(peers.map(peer => [peer.toString(), hex(peer.toMultihash().bytes)]))
    const nearest = trueClosest(peers, target, 25).map(id => byId.get(id))
    // those that did not fit in their buckets are not in the table
    const named = names(answer)
    assert.deepEqual(
      nearest.filter(id => named.includes(id ?? '')),
      named
    )
  })

  test('has no private address on the public network, nor a peer that has no other', async t => {
    const server = await startOurs(t, { dht: { peerInfoMapper: undefined } as object })
    const [client, stranger] = [await startPlain(t), await startPlain(t)]
    await client.dial(server.getMultiaddrs())
    const stream = await openRaw(stranger, server)
    assert.equal(server.services.dht.sizes['peers'], 2)
    await eventually(async () => (await server.peerStore.get(client.peerId)).addresses.length > 0)
    for (const node of [server, client]) {
      assert.deepEqual((await stream.ask({ type: 'FIND_NODE', key: idOf(node) })).closer, [])
    }
  })
})
