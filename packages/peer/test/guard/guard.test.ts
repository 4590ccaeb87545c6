/** The guard of a whole node: strangers in number, and what they cannot keep from others. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import type { MultiaddrConnection, PeerId } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { Guard } from '../../src/guard/guard.ts'
import { guardLimits } from '../../src/guard/limits.ts'
import { startedPeer } from '../network.ts'
import { answered, startStranger } from './strangers.ts'

test('sockets that never speak keep no newcomer out, and the oldest makes room', async t => {
  const peer = await startedPeer(t, { greet: false })
  const port = Number(/\/tcp\/(\d+)/.exec(peer.addresses.join())?.[1])
  const sockets: Socket[] = []
  t.after(() => {
    for (const socket of sockets) {
      socket.destroy()
    }
  })
  const first = connect(port, '127.0.0.1')
  first.on('error', () => {})
  const closed = new Promise(resolve => first.on('close', resolve))
  sockets.push(first)
  for (let number = 0; number < 2 * guardLimits.handshakes; number++) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    sockets.push(socket)
    await once(socket, 'connect')
  }
  const newcomers = await Promise.all(Array.from({ length: 10 }, async () => startStranger(t)))
  await Promise.all(newcomers.map(async newcomer => answered(newcomer, peer.addresses)))
  await closed
})

test('a peer has so many connections, and the oldest makes room', async t => {
  const peer = await startedPeer(t, { greet: false })
  const stranger = await startStranger(t)
  const opened = []
  for (let number = 0; number < guardLimits.connectionsPerPeer + 3; number++) {
    opened.push(await stranger.dial([...peer.addresses], { force: true }))
    await peer.event('connected')
  }
  await answered(stranger, peer.addresses)
  const last = opened.at(-1)
  assert.equal(last?.status, 'open')
  assert.ok(peer.libp2p.getConnections(stranger.peerId).length <= guardLimits.connectionsPerPeer)
})

const peerNamed = (name: string): PeerId => ({ toString: () => name }) as PeerId

function connectionFrom(host: string): MultiaddrConnection & { readonly ended: boolean } {
  const target = Object.assign(new EventTarget(), {
    remoteAddr: multiaddr(`/ip4/${host}/tcp/1`),
    ended: false,
    abort() {
      target.ended = true
    }
  })
  return target as unknown as MultiaddrConnection & { readonly ended: boolean }
}

test('the gater tells each arrival, and refuses a peer that was cut off at its identity and at its upgrade', () => {
  const guard = new Guard({ usefulness: () => 0 })
  const arrived: MultiaddrConnection[] = []
  const gater = guard.gater(connection => arrived.push(connection))
  const connection = connectionFrom('192.0.2.1')
  assert.equal(gater.denyInboundConnection?.(connection), false)
  assert.deepEqual(arrived, [connection])
  const bad = peerNamed('bad')
  assert.equal(gater.denyInboundEncryptedConnection?.(bad, connection), false)
  assert.equal(gater.denyInboundUpgradedConnection?.(bad, connection), false)

  guard.admission.ban('bad')
  assert.equal(connection.ended, true)
  const again = connectionFrom('192.0.2.1')
  assert.equal(gater.denyInboundConnection?.(again), false)
  assert.equal(gater.denyInboundEncryptedConnection?.(bad, again), true)
  assert.equal(gater.denyInboundUpgradedConnection?.(bad, again), true)
  assert.equal(gater.denyInboundEncryptedConnection?.(peerNamed('good'), again), false)
  assert.equal(gater.denyOutboundUpgradedConnection?.(bad, connectionFrom('192.0.2.1')), false)
})

test('the gater makes room among handshakes', () => {
  const gater = new Guard({ usefulness: () => 0 }).gater(() => {})
  const arrivals = Array.from({ length: guardLimits.handshakes + 1 }, () => connectionFrom('192.0.2.1'))
  for (const arrival of arrivals) {
    assert.equal(gater.denyInboundConnection?.(arrival), false)
  }
  assert.deepEqual(
    arrivals.map(({ ended }) => ended),
    arrivals.map((_, index) => index === 0)
  )
})
