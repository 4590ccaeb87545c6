/** The service as libp2p and its users see it: what it says of itself, its life, its modes' registration, its options. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as stock from '@libp2p/kad-dht'
import {
  contentRoutingSymbol,
  peerDiscoverySymbol,
  peerRoutingSymbol,
  serviceCapabilities,
  serviceDependencies
} from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { settingsOf } from '../src/init.ts'
import * as ours from '../src/index.ts'
import type { KadDHTInit } from '../src/index.ts'
import { startOurs, startPlain, startStock } from './support/nodes.ts'
import { all } from './support/waiting.ts'

describe('the module', () => {
  test('exports what the stock one does, but for records', () => {
    const missing = Object.keys(stock).filter(name => !(name in ours))
    assert.deepEqual(missing, ['Record'])
  })

  test('numbers events and names messages as the stock one does', () => {
    const numbers = Object.fromEntries(Object.entries(stock.EventTypes).filter(([, value]) => typeof value === 'number'))
    assert.deepEqual({ ...ours.EventTypes }, numbers)
    const names = Object.fromEntries(Object.entries(stock.MessageType).filter(([, value]) => typeof value === 'string'))
    assert.deepEqual({ ...ours.MessageType }, names)
  })
})

describe('the service', () => {
  test('presents itself as the stock one does, but for content routing', async t => {
    const { dht } = (await startOurs(t)).services
    const { dht: other } = (await startStock(t)).services
    const capabilities = (service: object): unknown => (service as { [serviceCapabilities]: unknown })[serviceCapabilities]
    const dependencies = (service: object): unknown => (service as { [serviceDependencies]: unknown })[serviceDependencies]
    assert.deepEqual(
      [...(capabilities(dht) as string[]), '@libp2p/content-routing'].toSorted(),
      [...(capabilities(other) as string[])].toSorted()
    )
    assert.deepEqual(dependencies(dht), dependencies(other))
    assert.equal(Object.prototype.toString.call(dht), '[object @libp2p/kad-dht]')
    assert.equal(dht[peerDiscoverySymbol], dht)
    assert.deepEqual(
      ['findPeer', 'getClosestPeers'].map(name => typeof Reflect.get(dht[peerRoutingSymbol], name)),
      ['function', 'function']
    )
    assert.equal(contentRoutingSymbol in dht, false)
    assert.deepEqual([dht.k, dht.a], [other.k, other.a])
  })

  test('has what the stock one has, but for values and providers', async t => {
    const { dht } = (await startOurs(t)).services
    const contract = ['k', 'a', 'd', 'findPeer', 'getClosestPeers', 'getMode', 'setMode', 'refreshRoutingTable', 'routingTable']
    assert.deepEqual(
      contract.filter(name => !(name in dht)),
      []
    )
    // Helia takes what has both for a store of values; calls that could only fail are not there either
    const later = ['validators', 'selectors', 'get', 'put', 'provide', 'findProviders', 'cancelReprovide']
    assert.deepEqual(
      later.filter(name => name in dht),
      []
    )
  })

  test('is offered to libp2p as a peer router', async t => {
    const [a, b] = [await startOurs(t), await startOurs(t)]
    await a.dial(b.getMultiaddrs())
    await a.services.dht.bootstrap()
    const closest = await all(a.peerRouting.getClosestPeers(b.peerId.toMultihash().bytes))
    assert.deepEqual(
      closest.map(({ id }) => id.toString()),
      [b.peerId.toString()]
    )
    assert.ok((await a.peerRouting.findPeer(b.peerId, { useCache: false })).multiaddrs.length > 0)
  })

  test('starts and stops, again and again', async t => {
    const [a, b] = [await startOurs(t), await startOurs(t)]
    const { dht } = a.services
    assert.equal(dht.isStarted(), true)
    await dht.start()
    for (let round = 0; round < 3; round++) {
      await dht.stop()
      assert.equal(dht.isStarted(), false)
      assert.deepEqual(dht.sizes, {})
      assert.equal(dht.routingTable.size, 0)
      assert.equal(a.getProtocols().includes(dht.protocol), false)
      await dht.stop()
      await dht.start()
      assert.equal(a.getProtocols().includes(dht.protocol), true)
      await a.dial(b.getMultiaddrs())
      assert.equal((await dht.bootstrap()).contacts, 1, `round ${round}`)
    }
  })

  test('leaves no listener behind when it is stopped while it starts', async t => {
    const node = await startOurs(t)
    const { dht, components } = node.services
    await dht.stop()
    const types = [
      'connection:open',
      'peer:disconnect',
      'peer:identify',
      'peer:update',
      'self:peer:update',
      'transport:listening'
    ]
    const listeners = (): number[] => types.map(type => components.events.listenerCount(type))
    const before = listeners()
    const starting = dht.start()
    await Promise.all([starting, dht.stop()])
    assert.deepEqual(listeners(), before)
    await dht.start()
    assert.ok(listeners().every((count, i) => count > (before[i] ?? 0)))
    await dht.stop()
    assert.deepEqual(listeners(), before)
  })

  test('refuses queries while it is not started', async t => {
    const { dht } = (await startOurs(t)).services
    await dht.stop()
    const notStarted = { name: 'QueryError', code: 'ERR_NOT_STARTED' }
    const { peerId } = await startPlain(t)
    await assert.rejects(all(dht.getClosestPeers(Uint8Array.of(1))), notStarted)
    await assert.rejects(all(dht.findPeer(peerId)), notStarted)
    await assert.rejects(dht.refreshRoutingTable(), notStarted)
    await assert.rejects(dht.bootstrap(), notStarted)
  })

  test('stops in order even when libp2p cannot say that the protocol is gone', async t => {
    const { dht, components } = (await startOurs(t)).services
    const { registrar } = components
    const unhandle = registrar.unhandle.bind(registrar)
    registrar.unhandle = async () => {
      throw new Error('the datastore is closed')
    }
    await assert.rejects(dht.stop(), /the datastore is closed/)
    registrar.unhandle = unhandle
    assert.equal(dht.isStarted(), false)
    await dht.start()
  })
})

describe('an option', () => {
  const names: Array<keyof KadDHTInit> = [
    'kBucketSize',
    'alpha',
    'protocol',
    'peerInfoMapper',
    'querySelfInterval',
    'logPrefix',
    'datastorePrefix',
    'metricsPrefix',
    'maxInboundStreams',
    'maxOutboundStreams',
    'incomingMessageTimeout',
    'allowQueryWithZeroPeers'
  ]

  test('that is given as undefined has its default', () => {
    const undefinedOnes = Object.fromEntries(names.map(name => [name, undefined])) as KadDHTInit
    assert.deepEqual(settingsOf(undefinedOnes), settingsOf({}))
  })

  test('that changes nothing is accepted and said to', async t => {
    const said: string[] = []
    const log = Object.assign((message: string, option: string) => said.push(`${message} ${option}`), {
      error() {},
      trace() {},
      enabled: true
    })
    const logger = defaultLogger()
    await startOurs(t, {
      dht: { disjointPaths: 4, prefixLength: 8, validators: {} },
      libp2p: {
        logger: {
          forComponent: name =>
            name === 'libp2p:kad-dht'
              ? Object.assign(log, { newScope: (scope: string) => logger.forComponent(scope) })
              : logger.forComponent(name)
        }
      }
    })
    for (const option of ['disjointPaths', 'prefixLength', 'validators']) {
      assert.ok(
        said.some(line => line.includes('no effect') && line.endsWith(option)),
        option
      )
    }
  })

  test('of a protocol of its own makes a network of its own', async t => {
    const dht = { protocol: '/test/kad/1.0.0' }
    const [a, b, stranger] = [await startOurs(t, { dht }), await startOurs(t, { dht }), await startOurs(t)]
    await a.dial(stranger.getMultiaddrs())
    await a.dial(b.getMultiaddrs())
    await a.services.dht.bootstrap()
    const closest = await all(a.peerRouting.getClosestPeers(Uint8Array.of(1)))
    assert.deepEqual(
      closest.map(({ id }) => id.toString()),
      [b.peerId.toString()]
    )
  })
})
