/** Queries as their callers see them: events, progress, results, and every way to end one. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { EventTypes } from '../src/index.ts'
import type { DHTProgressEvents, QueryEvent } from '../src/index.ts'
import { testnet } from '../src/testnet.ts'
import type { Testnet, TestnetNode } from '../src/testnet.ts'
import { startOurs, startPlain, startStock, trueClosest } from './support/nodes.ts'
import { all, eventually, next } from './support/waiting.ts'
import { answering } from './support/wire.ts'

let net: Testnet
let asker: TestnetNode

before(async () => {
  net = await testnet(12)
  asker = net.nodes[3] as TestnetNode
})

after(async () => {
  await net.stop()
})

async function somebody(): Promise<PeerId> {
  return peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
}

function namesOf(events: readonly QueryEvent[]): Set<string> {
  return new Set(events.map(({ name }) => name))
}

describe('the events of a query', () => {
  test('have the names, numbers and fields of the stock ones', async t => {
    const [a, b, c] = [await startStock(t), await startStock(t), await startStock(t)]
    await b.dial(c.getMultiaddrs())
    await a.dial(b.getMultiaddrs())
    await eventually(() => a.services.dht.routingTable.size > 0 && b.services.dht.routingTable.size > 0)
    const key = c.peerId.toMultihash().bytes
    const stock = await all(a.services.dht.getClosestPeers(key))
    const ours = await all(asker.services.dht.getClosestPeers(key))
    const shape = (event: object): string =>
      Object.entries(event)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${name}:${typeof value}`)
        .toSorted()
        .join()
    for (const name of ['SEND_QUERY', 'PEER_RESPONSE', 'FINAL_PEER', 'PATH_ENDED']) {
      const theirs = stock.find(event => event.name === name)
      const own = ours.find(event => event.name === name)
      assert.ok(theirs !== undefined && own !== undefined, name)
      assert.equal(own.type, theirs.type)
      assert.equal(shape(own), shape(theirs), name)
      assert.equal(shape(own.path), shape(theirs.path), name)
    }
  })

  test('come in order: each answer after its request, the results after all of them, nearest first', async () => {
    const key = Uint8Array.of(1, 2, 3)
    const events = await all(asker.services.dht.getClosestPeers(key))
    const asked = new Set<string>()
    let ended = false
    for (const event of events) {
      switch (event.name) {
        case 'SEND_QUERY':
          assert.equal(asked.has(event.to.toString()), false, 'asked twice')
          asked.add(event.to.toString())
          assert.deepEqual([event.messageName, event.messageType, event.type], ['FIND_NODE', 'FIND_NODE', EventTypes.SEND_QUERY])
          break
        case 'PEER_RESPONSE':
          assert.ok(asked.has(event.from.toString()))
          assert.deepEqual(event.providers, [])
          break
        case 'PATH_ENDED':
          ended = true
          assert.equal(event.path.total, asked.size)
          break
        case 'FINAL_PEER':
          assert.ok(ended)
          assert.ok(event.from.equals(asker.peerId))
          break
        default:
          assert.fail(event.name)
      }
      assert.equal(event.path.index, 0)
    }

    const others = net.nodes.filter(node => node !== asker).map(node => node.peerId)
    const final = events.flatMap(event => (event.name === 'FINAL_PEER' ? [event.peer.id.toString()] : []))
    assert.deepEqual(final, trueClosest(others, key, 20))
  })

  test('say when a connection must be made first', async t => {
    const [a, b] = [await startOurs(t), await startOurs(t)]
    await a.dial(b.getMultiaddrs())
    await a.services.dht.bootstrap()
    const connected = namesOf(await all(a.services.dht.getClosestPeers(Uint8Array.of(1))))
    assert.equal(connected.has('DIAL_PEER'), false)
    const gone = next(a.services.components.events, 'peer:disconnect')
    await Promise.all([gone, a.hangUp(b.peerId)])
    const events = await all(a.services.dht.getClosestPeers(Uint8Array.of(1)))
    const dial = events.findIndex(({ name }) => name === 'DIAL_PEER')
    assert.ok(dial >= 0 && dial < events.findIndex(({ name }) => name === 'SEND_QUERY'))
    assert.ok(namesOf(events).has('FINAL_PEER'))
  })

  test('say what failed, and the query goes on', async t => {
    const [a, b, mute] = [await startOurs(t), await startOurs(t), await startPlain(t)]
    let answers = true
    await answering(mute, () => (answers ? { type: 'FIND_NODE' } : 'reset'))
    await a.dial(b.getMultiaddrs())
    await a.dial(mute.getMultiaddrs())
    await eventually(() => a.services.dht.routingTable.size === 2)
    answers = false
    const events = await all(a.services.dht.getClosestPeers(Uint8Array.of(1)))
    const failed = events.flatMap(event => (event.name === 'QUERY_ERROR' ? [event] : []))
    assert.deepEqual(
      failed.map(({ from }) => from.toString()),
      [mute.peerId.toString()]
    )
    assert.deepEqual([failed[0]?.error.name, Reflect.get(failed[0]?.error ?? {}, 'code')], ['QueryError', 'ERR_REQUEST_FAILED'])
    const final = events.flatMap(event => (event.name === 'FINAL_PEER' ? [event.peer.id.toString()] : []))
    assert.deepEqual(final, [b.peerId.toString()])
  })

  test('are told to onProgress too, by the stock names', async () => {
    const progress: DHTProgressEvents[] = []
    const options = { onProgress: (event: DHTProgressEvents) => progress.push(event) }
    const events = await all(asker.services.dht.getClosestPeers(Uint8Array.of(9), options))
    assert.deepEqual(
      progress.map(({ detail }) => detail),
      events
    )
    assert.deepEqual(
      [...new Set(progress.map(({ type }) => type))].toSorted(),
      ['final-peer', 'path-ended', 'peer-response', 'send-query'].map(name => `kad-dht:query:${name}`)
    )
    const local: string[] = []
    const found = { onProgress: ({ type }: { type: string }) => local.push(type) }
    await all(asker.services.dht.findPeer(net.nodes[0]?.peerId as PeerId, found))
    assert.deepEqual(local, ['kad-dht:query:final-peer'])
  })

  test('that onProgress throws at end this query with what it threw, and no other', async () => {
    const other = all(asker.services.dht.getClosestPeers(Uint8Array.of(5)))
    const query = all(
      asker.services.dht.getClosestPeers(Uint8Array.of(4), {
        onProgress: () => {
          throw new TypeError('a mistake of the caller')
        }
      })
    )
    await assert.rejects(query, new TypeError('a mistake of the caller'))
    assert.ok(namesOf(await other).has('FINAL_PEER'))
  })
})

describe('findPeer', () => {
  test('finds whom the table knows without asking anybody', async () => {
    const wanted = net.nodes[7] as TestnetNode
    const events = await all(asker.services.dht.findPeer(wanted.peerId))
    assert.deepEqual(
      events.map(({ name, path }) => [name, path.index]),
      [['FINAL_PEER', -1]]
    )
    const [event] = events
    assert.ok(event?.name === 'FINAL_PEER' && event.peer.id.equals(wanted.peerId) && event.peer.multiaddrs.length > 0)
  })

  test('finds whom only the peer store knows', async t => {
    const a = await startOurs(t)
    const peer = await somebody()
    await a.peerStore.merge(peer, { multiaddrs: net.nodes[0]?.getMultiaddrs() ?? [] })
    const events = await all(a.services.dht.findPeer(peer))
    assert.deepEqual(
      events.map(({ name }) => name),
      ['FINAL_PEER']
    )
  })

  test('asks the network when it may not use what it knows, and says who named the peer', async () => {
    const wanted = net.nodes[7] as TestnetNode
    const events = await all(asker.services.dht.findPeer(wanted.peerId, { useCache: false }))
    const last = events.at(-1)
    assert.ok(last?.name === 'FINAL_PEER' && last.peer.id.equals(wanted.peerId))
    assert.ok(events.some(event => event.name === 'PEER_RESPONSE' && event.from.equals(last.from)))
  })

  test('finds a client by the server that it is connected to', async t => {
    const server = net.nodes[0] as TestnetNode
    const client = await startOurs(t, { dht: { clientMode: true } })
    await client.dial(server.getMultiaddrs())
    const found = async (): Promise<boolean> => {
      const events = await all(asker.services.dht.findPeer(client.peerId, { useCache: false })).catch(() => [])
      return events.some(event => event.name === 'FINAL_PEER' && event.peer.multiaddrs.length > 0)
    }
    await eventually(found)
  })

  test('throws NotFoundError for whom nobody knows, and without the network for whom we do not', async () => {
    await assert.rejects(all(asker.services.dht.findPeer(await somebody())), { name: 'NotFoundError' })
    const [event] = await all(asker.services.dht.findPeer(net.nodes[7]?.peerId as PeerId, { useNetwork: false }))
    assert.equal(event?.name, 'FINAL_PEER')
    await assert.rejects(all(asker.services.dht.findPeer(await somebody(), { useNetwork: false })), { name: 'NotFoundError' })
    const nothing = { useNetwork: false, useCache: false }
    await assert.rejects(all(asker.services.dht.findPeer(net.nodes[7]?.peerId as PeerId, nothing)), { name: 'NotFoundError' })
  })

  test('takes options that are given as undefined', async () => {
    const options = { useCache: undefined, useNetwork: undefined, signal: undefined, onProgress: undefined }
    // as a caller in JavaScript may pass them
    const events = await all(asker.services.dht.findPeer(net.nodes[7]?.peerId as PeerId, options as unknown as object))
    assert.deepEqual(
      events.map(({ name }) => name),
      ['FINAL_PEER']
    )
  })
})

describe('getClosestPeers', () => {
  test('takes any key of 1 to 128 bytes', async () => {
    for (const length of [1, 32, 34, 36, 128]) {
      const events = await all(asker.services.dht.getClosestPeers(new Uint8Array(length).fill(7)))
      assert.equal(events.filter(({ name }) => name === 'FINAL_PEER').length, 11, `${length} bytes`)
    }
  })

  test('refuses other keys before it asks anybody', async () => {
    for (const length of [0, 129, 100_000]) {
      await assert.rejects(all(asker.services.dht.getClosestPeers(new Uint8Array(length))), { code: 'ERR_INVALID_KEY' })
    }
  })

  test('does not mind that its caller goes on to use the key', async () => {
    const key = Uint8Array.of(1, 2, 3)
    const query = asker.services.dht.getClosestPeers(key)
    const first = await query.next()
    key.fill(0)
    const events = [first.value, ...(await all(query))]
    const final = events.flatMap(event => (event?.name === 'FINAL_PEER' ? [event.peer.id.toString()] : []))
    const others = net.nodes.filter(node => node !== asker).map(node => node.peerId)
    assert.deepEqual(final, trueClosest(others, Uint8Array.of(1, 2, 3), 20))
  })
})

describe('a query ends', () => {
  /** A server of ours that has one peer in its table, which answers the check and then nothing any more. */
  async function withSilentPeer(t: Parameters<typeof startOurs>[0]) {
    const [a, silent] = [await startOurs(t), await startPlain(t)]
    let answers = true
    const asked = await answering(silent, () => (answers ? { type: 'FIND_NODE' } : 'silence'))
    await a.dial(silent.getMultiaddrs())
    await eventually(() => a.services.dht.routingTable.size === 1)
    // the bootstrap that follows the first peer is over when nothing is in flight
    await eventually(() => a.services.dht.sizes['inFlight'] === 0)
    answers = false
    return { a, silent, asked }
  }

  test('when its caller breaks out of the loop, with every request in flight', async t => {
    const { a } = await withSilentPeer(t)
    for await (const event of a.services.dht.getClosestPeers(Uint8Array.of(1))) {
      if (event.name === 'SEND_QUERY') {
        assert.deepEqual([a.services.dht.sizes['lookups'], a.services.dht.sizes['inFlight']], [1, 1])
        break
      }
    }

    const { lookups, inFlight, requests, listeners, openings, waiting, streams, idle } = a.services.dht.sizes
    assert.deepEqual([lookups, inFlight, requests, listeners, openings, waiting], [0, 0, 0, 0, 0, 0])
    assert.equal(streams, idle, 'the stream of the request is gone')
  })

  test('with AbortError when its signal is aborted, however often', async t => {
    const { a, asked } = await withSilentPeer(t)
    const askedBefore = asked.length
    const controller = new AbortController()
    const { signal } = controller
    const { dht } = a.services
    const queries = [
      all(dht.getClosestPeers(Uint8Array.of(1), { signal })),
      all(dht.findPeer(await somebody(), { signal })),
      dht.bootstrap({ signal }),
      dht.refreshRoutingTable({ signal })
    ]
    const ends = Promise.allSettled(queries)
    await eventually(() => asked.length > askedBefore)
    controller.abort()
    controller.abort()
    for (const end of await ends) {
      assert.ok(end.status === 'rejected' && end.reason instanceof Error && end.reason.name === 'AbortError')
    }

    // what an upkeep runs by itself goes on: others may have joined it
    assert.equal(dht.sizes['listeners'], 0)
    assert.equal(dht.sizes['joined'], 0)
  })

  test('without asking anybody when its signal was aborted before', async t => {
    const { a, asked } = await withSilentPeer(t)
    const askedBefore = asked.length
    const signal = AbortSignal.abort()
    const { dht } = a.services
    await assert.rejects(all(dht.getClosestPeers(Uint8Array.of(1), { signal })), { name: 'AbortError' })
    await assert.rejects(all(dht.findPeer(await somebody(), { signal })), { name: 'AbortError' })
    await assert.rejects(dht.bootstrap({ signal }), { name: 'AbortError' })
    await assert.rejects(dht.refreshRoutingTable({ signal }), { name: 'AbortError' })
    assert.equal(asked.length, askedBefore)
  })

  test('and a signal that is aborted afterwards changes nothing', async () => {
    const controller = new AbortController()
    const events = await all(asker.services.dht.getClosestPeers(Uint8Array.of(1), { signal: controller.signal }))
    await asker.services.dht.refreshRoutingTable({ signal: controller.signal })
    controller.abort()
    assert.ok(namesOf(events).has('FINAL_PEER'))
  })

  test('without a warning of listeners when a hundred run with one signal', async () => {
    const warnings: Error[] = []
    const note = (warning: Error): void => {
      warnings.push(warning)
    }
    process.on('warning', note)
    const { signal } = new AbortController()
    const keys = Array.from({ length: 100 }, (_, i) => Uint8Array.of(i))
    const queries = await Promise.all(keys.map(async key => all(asker.services.dht.getClosestPeers(key, { signal }))))
    // warnings come in the next tick
    await new Promise(setImmediate)
    process.off('warning', note)
    assert.ok(queries.every(events => namesOf(events).has('FINAL_PEER')))
    assert.deepEqual(warnings, [])
    assert.equal(asker.services.dht.sizes['lookups'], 0)
  })

  test('at once when there are more than a node runs', async t => {
    const a = await startOurs(t)
    const { dht } = a.services
    const controller = new AbortController()
    const options = { signal: controller.signal }
    const waiting = Array.from({ length: 1_024 }, async (_, i) =>
      all(dht.getClosestPeers(Uint8Array.of(i >> 8, i & 255), options))
    )
    await assert.rejects(all(dht.getClosestPeers(Uint8Array.of(1))), { name: 'QueryError', code: 'ERR_TOO_MANY_QUERIES' })
    await assert.rejects(dht.bootstrap(options), { name: 'QueryError', code: 'ERR_TOO_MANY_QUERIES' })
    controller.abort()
    const ends = await Promise.allSettled(waiting)
    assert.ok(ends.every(({ status }) => status === 'rejected'))
    assert.equal(dht.sizes['lookups'], 0)
  })
})

describe('a query with nobody to ask', () => {
  test('waits for the first peer', async t => {
    const [a, b] = [await startOurs(t), await startOurs(t)]
    const query = all(a.services.dht.getClosestPeers(Uint8Array.of(1)))
    await eventually(() => a.services.dht.sizes['lookups'] === 1)
    await a.dial(b.getMultiaddrs())
    assert.ok((await query).some(event => event.name === 'FINAL_PEER' && event.peer.id.equals(b.peerId)))
  })

  test('ends at once where that is allowed', async t => {
    const a = await startOurs(t, { dht: { allowQueryWithZeroPeers: true } })
    assert.deepEqual(namesOf(await all(a.services.dht.getClosestPeers(Uint8Array.of(1)))), new Set(['PATH_ENDED']))
    await assert.rejects(all(a.services.dht.findPeer(await somebody())), { name: 'NotFoundError' })
  })
})
