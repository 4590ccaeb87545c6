/** Client and server: by option, by call, and by whether the world can reach us. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { MemoryDatastore } from 'datastore-core'
import { protocol, startOurs, startPlain } from './support/nodes.ts'
import type { Ours } from './support/nodes.ts'
import { eventually } from './support/waiting.ts'
import { openRaw } from './support/wire.ts'

const publicAddress = '/ip4/1.2.3.4/tcp/4001'

function state(node: Ours): [mode: string, serves: boolean] {
  return [node.services.dht.getMode(), node.getProtocols().includes(protocol)]
}

async function becomes(node: Ours, mode: 'client' | 'server'): Promise<void> {
  await eventually(() => state(node).join() === `${mode},${mode === 'server'}`)
}

describe('clientMode', () => {
  test('false makes a server at once, true a client', async t => {
    assert.deepEqual(state(await startOurs(t)), ['server', true])
    assert.deepEqual(state(await startOurs(t, { dht: { clientMode: true } })), ['client', false])
  })

  test('true and false stand whatever the addresses are', async t => {
    const libp2p = { addresses: { listen: ['/ip4/127.0.0.1/tcp/0'], announce: [publicAddress] } }
    const client = await startOurs(t, { dht: { clientMode: true }, libp2p })
    const server = await startOurs(t)
    for (const node of [client, server]) {
      await eventually(async () => (await node.peerStore.get(node.peerId)).addresses.length > 0)
    }

    assert.deepEqual(state(client), ['client', false])
    assert.deepEqual(state(server), ['server', true])
  })

  test('undefined serves while there is a public address', async t => {
    // startOurs makes servers unless told otherwise
    const node = await startOurs(t, { dht: { clientMode: undefined } as object })
    const { addressManager } = node.services.components
    assert.deepEqual(state(node), ['client', false])
    const address = multiaddr(publicAddress)
    addressManager.addObservedAddr(address)
    addressManager.confirmObservedAddr(address)
    await becomes(node, 'server')
    addressManager.removeObservedAddr(address)
    await becomes(node, 'client')
  })

  test('undefined stays a client behind a relay', async t => {
    const relayed = `${publicAddress}/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp/p2p-circuit`
    const libp2p = { addresses: { listen: ['/ip4/127.0.0.1/tcp/0'], announce: [relayed] } }
    const node = await startOurs(t, { dht: { clientMode: undefined } as object, libp2p })
    await eventually(async () => (await node.peerStore.get(node.peerId)).addresses.length > 0)
    assert.deepEqual(state(node), ['client', false])
  })

  test('undefined serves again after a crash, though the peer store has no news of the addresses', async t => {
    const privateKey = await generateKeyPair('Ed25519')
    // nothing to announce before it listens
    const addresses = {
      listen: ['/ip4/127.0.0.1/tcp/0'],
      announceFilter: (own: Multiaddr[]) => own.map(() => multiaddr(publicAddress))
    }
    let datastore = new MemoryDatastore()
    for (const time of ['before', 'after']) {
      const node = await startOurs(t, {
        dht: { clientMode: undefined } as object,
        libp2p: { privateKey, datastore, addresses }
      })
      await becomes(node, 'server')
      await eventually(async () => (await node.peerStore.get(node.peerId)).addresses.length === 1)
      const asker = await startPlain(t)
      // the node tells nobody where it listens
      await node.dial(asker.getMultiaddrs())
      await eventually(() => asker.getConnections(node.peerId).length === 1)
      const stream = await openRaw(asker, node)
      const { closer } = await stream.ask({ type: 'FIND_NODE', key: node.peerId.toMultihash().bytes })
      const named = closer.flatMap(peer => peer.addresses.map(bytes => multiaddr(bytes).toString()))
      assert.deepEqual(named, [publicAddress], time)
      datastore = await copyOf(datastore)
    }
  })
})

/** What a crash leaves. */
async function copyOf(datastore: MemoryDatastore): Promise<MemoryDatastore> {
  const copy = new MemoryDatastore()
  for await (const { key, value } of datastore.query({})) {
    await copy.put(key, value)
  }

  return copy
}

describe('setMode', () => {
  test('takes a node in and out of the tables of others', async t => {
    const [a, b] = [await startOurs(t, { dht: { clientMode: true } }), await startOurs(t)]
    await a.dial(b.getMultiaddrs())
    await eventually(() => a.services.dht.routingTable.size === 1)
    // b has greeted a in the meantime, or will: a client is no candidate whenever that is
    await b.services.identify.identify(b.getConnections(a.peerId)[0] ?? assert.fail('no connection'))
    assert.equal(b.services.dht.routingTable.size, 0)
    await a.services.dht.setMode('server')
    assert.deepEqual(state(a), ['server', true])
    await eventually(() => b.services.dht.routingTable.size === 1)
    await a.services.dht.setMode('client')
    assert.deepEqual(state(a), ['client', false])
    await eventually(() => b.services.dht.routingTable.size === 0)
    assert.equal(a.services.dht.routingTable.size, 1, 'a client has a table')
  })

  test('to client leaves what is open unanswered, and refuses what is new', async t => {
    const [node, asker] = [await startOurs(t), await startPlain(t)]
    const stream = await openRaw(asker, node)
    await stream.ask({ type: 'PING' })
    await node.services.dht.setMode('client')
    stream.send({ type: 'PING' })
    assert.equal(await stream.ended, 'reset')
    await assert.rejects(openRaw(asker, node), { name: 'UnsupportedProtocolError' })
  })

  test('does nothing for the mode that is set, unless forced', async t => {
    const { dht, components } = (await startOurs(t)).services
    const calls: string[] = []
    const { registrar } = components
    const [handle, unhandle] = [registrar.handle.bind(registrar), registrar.unhandle.bind(registrar)]
    registrar.handle = async (...args) => {
      calls.push('handle')
      await handle(...args)
    }
    registrar.unhandle = async (...args) => {
      calls.push('unhandle')
      await unhandle(...args)
    }
    await dht.setMode('server')
    assert.deepEqual(calls, [])
    await dht.setMode('server', { force: true })
    assert.deepEqual(calls, ['unhandle', 'handle'])
  })

  test('ends in what was asked last', async t => {
    const node = await startOurs(t)
    const { dht } = node.services
    for (const last of ['client', 'server'] as const) {
      const first = last === 'client' ? 'server' : 'client'
      await Promise.all([dht.setMode(last), dht.setMode(first), dht.setMode(last), dht.setMode(first), dht.setMode(last)])
      assert.deepEqual(state(node), [last, last === 'server'])
    }
  })

  test('of a stopped node is for its next start', async t => {
    const node = await startOurs(t)
    const { dht } = node.services
    await dht.stop()
    await dht.setMode('client')
    await dht.start()
    assert.deepEqual(state(node), ['client', false])
    await dht.stop()
    await dht.setMode('server')
    assert.deepEqual(state(node), ['server', false])
    await dht.start()
    assert.deepEqual(state(node), ['server', true])
  })

  test('changes nothing when it is aborted before, and says what is when it fails', async t => {
    const node = await startOurs(t)
    const { dht, components } = node.services
    await assert.rejects(dht.setMode('client', { signal: AbortSignal.abort() }), { name: 'AbortError' })
    assert.deepEqual(state(node), ['server', true])
    const { registrar } = components
    const unhandle = registrar.unhandle.bind(registrar)
    registrar.unhandle = async (protocols, options) => {
      await unhandle(protocols, options)
      throw new Error('the datastore is full')
    }
    await assert.rejects(dht.setMode('server', { force: true }), /the datastore is full/)
    assert.deepEqual(state(node), ['client', false])
    registrar.unhandle = unhandle
    await dht.setMode('server')
    assert.deepEqual(state(node), ['server', true])
  })
})
