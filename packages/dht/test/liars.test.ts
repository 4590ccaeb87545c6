/** Lookups among peers that answer wrongly, too much, about others, or not at all. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { encodeFrame } from '@vicinity/wire'
import type { WireMessage, WirePeer } from '@vicinity/wire'
import type { QueryEvent } from '../src/index.ts'
import { startOurs, startPlain } from './support/nodes.ts'
import type { Ours, Plain } from './support/nodes.ts'
import { all, eventually } from './support/waiting.ts'
import { answering } from './support/wire.ts'
import type { Reply } from './support/wire.ts'

interface Scene {
  asker: Ours
  /** An honest server that the asker knows. */
  honest: Ours
  /** Passes the check of those who enter the table, then answers what the test says. */
  liar: Plain
}

async function scene(t: TestContext, lie: (scene: Scene, request: WireMessage) => Reply): Promise<Scene> {
  const made: Scene = { asker: await startOurs(t), honest: await startOurs(t), liar: await startPlain(t) }
  const { asker, honest, liar } = made
  let lying = false
  await answering(liar, request => (lying ? lie(made, request) : { type: 'FIND_NODE', key: request.key }))
  await asker.dial(liar.getMultiaddrs())
  await asker.dial(honest.getMultiaddrs())
  const { dht } = asker.services
  await eventually(() => dht.routingTable.size === 2)
  // what follows the first peers is over when nothing is in flight
  await dht.bootstrap()
  lying = true
  return made
}

function named(id: Uint8Array, ...addresses: Uint8Array[]): WirePeer {
  return { id, addresses, connection: 'CONNECTED' }
}

function idOf({ peerId }: { peerId: PeerId }): Uint8Array {
  return peerId.toMultihash().bytes
}

function finals(events: readonly QueryEvent[]): string[] {
  return events.flatMap(event => (event.name === 'FINAL_PEER' ? [event.peer.id.toString()] : [])).toSorted()
}

function heardFrom(events: readonly QueryEvent[], peer: PeerId): Extract<QueryEvent, { name: 'PEER_RESPONSE' }> | undefined {
  return events.find(event => event.name === 'PEER_RESPONSE' && event.from.equals(peer)) as
    | Extract<QueryEvent, { name: 'PEER_RESPONSE' }>
    | undefined
}

function ids(...nodes: Array<{ peerId: PeerId }>): string[] {
  return nodes.map(({ peerId }) => peerId.toString()).toSorted()
}

const loopback = multiaddr('/ip4/127.0.0.1/tcp/1').bytes

describe('an answer that names', () => {
  test('the asker, the one who answers and the target does no harm', async t => {
    const { asker, honest, liar } = await scene(t, (made, { key }) => ({
      type: 'FIND_NODE',
      key,
      closer: [named(idOf(made.asker), loopback), named(idOf(made.liar), loopback), named(idOf(made.honest), loopback)]
    }))
    const events = await all(asker.services.dht.getClosestPeers(idOf(honest)))
    assert.deepEqual(finals(events), ids(honest, liar))
    assert.equal(events.filter(({ name }) => name === 'SEND_QUERY').length, 2)
    // where a peer of the table is, it says itself
    const [event] = await all(asker.services.dht.findPeer(honest.peerId))
    assert.ok(event?.name === 'FINAL_PEER')
    assert.deepEqual(
      event.peer.multiaddrs.map(address => address.toString()),
      honest.getMultiaddrs().map(address => address.decapsulate('/p2p').toString())
    )
  })

  test('thousands of peers is read to the fortieth', async t => {
    const peer = await generateKeyPair('Ed25519').then(peerIdFromPrivateKey)
    const crowd = Array.from({ length: 5_000 }, (_, i) => {
      const id = peer.toMultihash().bytes.slice()
      id[10] = i & 255
      id[11] = i >> 8
      return named(id)
    })
    const { asker, honest, liar } = await scene(t, (_, { key }) => ({ type: 'FIND_NODE', key, closer: crowd }))
    const events = await all(asker.services.dht.getClosestPeers(Uint8Array.of(1)))
    const { closer } = heardFrom(events, liar.peerId) ?? {}
    assert.ok(closer !== undefined && closer.length === 40)
    assert.deepEqual(finals(events), ids(honest, liar))
  })

  test('no peers at all but bytes is read as far as it can be', async t => {
    const third = await startOurs(t)
    const bad = Uint8Array.of(1, 2, 3)
    const { asker, honest, liar } = await scene(t, (_, { key }) => ({
      type: 'FIND_NODE',
      key,
      closer: [
        named(bad),
        named(new Uint8Array(64).fill(0x12)),
        named(idOf(third), bad, new Uint8Array(40), third.getMultiaddrs()[0]?.bytes ?? bad)
      ]
    }))
    const events = await all(asker.services.dht.getClosestPeers(Uint8Array.of(1)))
    const { closer } = heardFrom(events, liar.peerId) ?? {}
    assert.deepEqual(
      closer?.map(({ id, multiaddrs }) => [id.toString(), multiaddrs.length]),
      [[third.peerId.toString(), 1]]
    )
    assert.deepEqual(finals(events), ids(honest, liar, third))
  })

  test('peers where none are ends all the same, and they are not among the results', async t => {
    const ghosts = await Promise.all(
      Array.from({ length: 10 }, async () => peerIdFromPrivateKey(await generateKeyPair('Ed25519')))
    )
    const { asker, honest, liar } = await scene(t, (_, { key }) => ({
      type: 'FIND_NODE',
      key,
      closer: ghosts.map(ghost => named(ghost.toMultihash().bytes, loopback))
    }))
    const events = await all(asker.services.dht.getClosestPeers(Uint8Array.of(1)))
    assert.deepEqual(finals(events), ids(honest, liar))
    const failed = events.flatMap(event => (event.name === 'QUERY_ERROR' ? [event.from.toString()] : []))
    assert.deepEqual(failed.toSorted(), ghosts.map(String).toSorted())
    assert.equal(asker.services.dht.routingTable.size, 2)
  })

  test('another at the address of a peer does not reach that one in its place', async t => {
    const stranger = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    const { asker, honest, liar } = await scene(t, (made, { key }) => ({
      type: 'FIND_NODE',
      key,
      closer: [named(stranger.toMultihash().bytes, made.honest.getMultiaddrs()[0]?.bytes ?? loopback)]
    }))
    const events = await all(asker.services.dht.getClosestPeers(Uint8Array.of(1)))
    assert.deepEqual(finals(events), ids(honest, liar))
  })

  test('private addresses on the public network has them dropped before anybody sees them', async t => {
    const asker = await startOurs(t, { dht: { peerInfoMapper: undefined, allowQueryWithZeroPeers: true } as object })
    const liar = await startPlain(t)
    const stranger = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    await answering(liar, ({ key }) => ({
      type: 'FIND_NODE',
      key,
      closer: [
        named(
          stranger.toMultihash().bytes,
          loopback,
          multiaddr('/ip4/192.168.1.1/tcp/1').bytes,
          multiaddr('/ip6/fd00::1/tcp/1').bytes
        )
      ]
    }))
    // no peer with private addresses alone is taken in, so it is put there by hand: where it says it is on the network
    await asker.peerStore.merge(liar.peerId, { multiaddrs: [] })
    await asker.dial(liar.getMultiaddrs())
    asker.services.components.events.safeDispatchEvent('peer:identify', {
      detail: {
        peerId: liar.peerId,
        protocols: ['/ipfs/kad/1.0.0'],
        listenAddrs: [multiaddr('/ip4/1.2.3.4/tcp/4001')],
        connection: asker.getConnections(liar.peerId)[0] ?? assert.fail('no connection')
      }
    })
    await eventually(() => asker.services.dht.routingTable.size === 1)
    const dialled: string[] = []
    const { connectionManager } = asker.services.components
    const openConnection = connectionManager.openConnection.bind(connectionManager)
    connectionManager.openConnection = async (peer, options) => {
      dialled.push(String(peer))
      return await openConnection(peer, options)
    }
    const events = await all(asker.services.dht.getClosestPeers(Uint8Array.of(1)))
    assert.deepEqual(
      heardFrom(events, liar.peerId)?.closer.map(({ multiaddrs }) => multiaddrs),
      [[]]
    )
    assert.deepEqual(dialled, [])
    assert.equal(
      (await asker.peerStore.all()).some(({ id }) => id.equals(stranger)),
      false
    )
  })
})

describe('a peer that answers with', () => {
  const key = Uint8Array.of(1)
  const lies: Record<string, Reply> = {
    'another type': { type: 'GET_PROVIDERS', key },
    'a PING': { type: 'PING' },
    'bytes that are no message': Uint8Array.of(3, 0xff, 0xff, 0xff),
    'no bytes, which is a PUT_VALUE': Uint8Array.of(0),
    'an answer above the limit': Uint8Array.of(0x81, 0x80, 0x10),
    'a reset': 'reset'
  }
  for (const [name, lie] of Object.entries(lies)) {
    test(`${name} has failed, and is not among the results`, async t => {
      const { asker, honest, liar } = await scene(t, () => lie)
      const events = await all(asker.services.dht.getClosestPeers(key))
      assert.deepEqual(finals(events), ids(honest))
      assert.ok(events.some(event => event.name === 'QUERY_ERROR' && event.from.equals(liar.peerId)))
      const { lookups, inFlight, requests, listeners } = asker.services.dht.sizes
      assert.deepEqual([lookups, inFlight, requests, listeners], [0, 0, 0, 0])
    })
  }

  test('two answers to one request has its stream closed, and the second is nobody\u2019s answer', async t => {
    const { asker, honest, liar } = await scene(t, (made, request) => {
      const answer = encodeFrame({ type: 'FIND_NODE', key: request.key, closer: [named(idOf(made.asker), loopback)] })
      return Buffer.concat([answer, answer])
    })
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(finals(await all(asker.services.dht.getClosestPeers(Uint8Array.of(i + 1)))), ids(honest, liar))
    }
  })

  test('nothing after it has failed twice is out of the table', async t => {
    const { asker, liar } = await scene(t, () => 'reset')
    const gone = eventually(() => asker.services.dht.routingTable.size === 1)
    await all(asker.services.dht.getClosestPeers(key))
    await all(asker.services.dht.getClosestPeers(key))
    await gone
    const known = await all(asker.services.dht.findPeer(liar.peerId, { useNetwork: false }))
    assert.equal(known.length, 1, 'the peer store still knows it')
  })
})
