import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import {
  AbortError,
  ConnectionClosedError,
  DialError,
  LimitedConnectionError,
  StreamResetError,
  TimeoutError
} from '@libp2p/interface'
import type { Connection, Stream } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { dialTargets, fromDial, fromNegotiation } from '../../src/streams/opening.ts'
import { StreamPool } from '../../src/streams/index.ts'
import type { RequestError } from '../../src/streams/index.ts'
import { framed, protocol, serve, startNode, text, until } from './support.ts'
import type { Node } from './support.ts'

const peer = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
const relay = '/ip4/8.8.4.4/tcp/4001/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5/p2p-circuit'

test('a connection that closes while a stream is opened is made again', async t => {
  const { server, client, pool } = await startPair(t, connection => ({
    newStream: async () => {
      throw new ConnectionClosedError(`${connection.id} is closed`)
    }
  }))
  assert.equal(text(await pool.request(server.peer, server.addresses, framed('x'), { maxReplyBytes: 100 })), 're: x')
  assert.equal(client.libp2p.getConnections().length, 1)
})

test('a limited connection is not used', async t => {
  let used = 0
  const { server, pool } = await startPair(t, () => ({
    limits: { bytes: 1_000n },
    newStream: async () => {
      used++
      throw new LimitedConnectionError('limited')
    }
  }))
  assert.equal(text(await pool.request(server.peer, server.addresses, framed('x'), { maxReplyBytes: 100 })), 're: x')
  assert.equal(used, 0)
})

test('a stream that comes after it was given up is ended', async t => {
  const gate = Promise.withResolvers<void>()
  let late: Stream | undefined
  const { server, pool, client } = await startPair(t, connection => ({
    // as over QUIC, where waiting for a place takes no signal
    newStream: async () => {
      const stream = await connection.newStream(protocol)
      await gate.promise
      late = stream
      return stream
    }
  }))
  const controller = new AbortController()
  const request = pool.request(server.peer, server.addresses, framed('x'), { maxReplyBytes: 100, signal: controller.signal })
  await until(() => client.libp2p.getConnections()[0]?.streams.some(stream => stream.protocol === protocol) === true)
  controller.abort()
  await assert.rejects(request, { reason: 'local' })
  assert.equal(pool.sizes.peers, 0)
  gate.resolve()
  await until(() => late?.status === 'aborted')
})

test('what libp2p says of a dial that failed', () => {
  const denied = Object.assign(new Error('our gater'), { name: 'DialDeniedError' })
  const system = (code: string): Error => Object.assign(new Error(code), { code })
  const cases: Array<[unknown, RequestError['reason']]> = [
    [system('ECONNREFUSED'), 'dial'],
    [system('EMFILE'), 'local'],
    [new TimeoutError(), 'dial'],
    [new DialError('Peer had more than maxPeerAddrsToDial'), 'dial'],
    [new DialError('Dial queue is full'), 'local'],
    [denied, 'local'],
    [new AbortError(), 'local'],
    [new AggregateError([system('ECONNREFUSED'), denied]), 'dial'],
    [new AggregateError([system('EMFILE'), system('EMFILE')]), 'local'],
    [new AggregateError([]), 'dial'],
    ['a string', 'dial']
  ]
  for (const [error, reason] of cases) {
    assert.equal(fromDial(error, peer).reason, reason, String(error))
  }

  assert.equal(fromNegotiation(new StreamResetError()).reason, 'reset')
  assert.equal(fromNegotiation(new LimitedConnectionError('limited')).reason, 'dial')
  assert.equal(fromNegotiation(undefined).reason, 'reset')
})

test('what is dialled ends in the peer, and is not too much', () => {
  const other = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
  const targets = (texts: string[], limit = 8): string[] =>
    dialTargets(
      peer,
      texts.map(address => multiaddr(address)),
      limit
    ).map(String)
  assert.deepEqual(targets(['/ip4/1.2.3.4/tcp/1']), [`/ip4/1.2.3.4/tcp/1/p2p/${peer}`])
  assert.deepEqual(targets([`/ip4/1.2.3.4/tcp/1/p2p/${peer}`]), [`/ip4/1.2.3.4/tcp/1/p2p/${peer}`])
  assert.deepEqual(targets([`/ip4/1.2.3.4/tcp/1/p2p/${other}`]), [])
  assert.deepEqual(targets([relay]), [`${relay}/p2p/${peer}`])
  const many = Array.from({ length: 20 }, (_, i) => `/ip4/1.2.3.${i}/tcp/1`)
  assert.equal(targets([`/ip4/1.2.3.4/tcp/1/p2p/${other}`, ...many]).length, 8)
})

/** A node to ask, and a pool whose connections to it are changed as the test wants. */
async function startPair(
  t: Parameters<typeof startNode>[0],
  change: (connection: Connection) => Partial<Connection>
): Promise<{ server: Node; client: Node; pool: StreamPool }> {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  await serve(t, server)
  await client.libp2p.dial(server.addresses)
  const { connectionManager } = client
  const pool = new StreamPool(
    {
      logger: client.libp2p.logger,
      peerStore: client.libp2p.peerStore,
      connectionManager: {
        getConnections: id =>
          connectionManager.getConnections(id).map(connection => {
            const changed = { status: connection.status, direct: connection.direct, id: connection.id, ...change(connection) }
            return changed as Connection
          }),
        openConnection: async (target, options) => await connectionManager.openConnection(target, options)
      }
    },
    { protocol }
  )
  t.after(() => {
    pool.stop()
  })
  return { server, client, pool }
}
