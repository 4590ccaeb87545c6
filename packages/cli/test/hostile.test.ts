/** Bytes of any content on any protocol that a node offers: that stream ends, the node lives. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createLibp2p } from 'libp2p'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { startNode } from './fixtures/node.ts'
import { kademliaProtocol } from './fixtures/stock-peer.ts'
import { startStock } from './fixtures/stock.ts'
import type { TestContext } from 'node:test'
import type { Identify } from '@libp2p/identify'
import type { IdentifyResult, Libp2p } from '@libp2p/interface'
import type { Ping } from '@libp2p/ping'
import type { Multiaddr } from '@multiformats/multiaddr'

/** An unsigned varint that promises more than any of the protocols takes. */
const endlessLength = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)
const hugeLength = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07)

const junk = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 4_096 }),
  // A frame that is whole but holds anything.
  fc.uint8Array({ minLength: 1, maxLength: 127 }).map(bytes => Uint8Array.of(bytes.length, ...bytes)),
  fc.constantFrom(
    endlessLength,
    hugeLength,
    Uint8Array.of(0),
    Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80)
  )
)

type Stranger = Libp2p<{ identify: Identify; ping: Ping }>

/** A peer that speaks none of the protocols it opens: whatever is on their streams is ours. */
async function startStranger(t: TestContext): Promise<Stranger> {
  const stranger = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping() }
  })
  t.after(async () => {
    await stranger.stop()
  })
  return stranger
}

/**
 * Throws the bytes at a protocol, then asks for a ping on the same connection, which the node answers after it was given the
 * bytes. Some end the stream there and then, some are a message that says nothing: either will do, as long as it lives.
 */
async function throwAt(stranger: Stranger, address: Multiaddr, protocol: string, bytes: Uint8Array): Promise<void> {
  // One that is open is taken; should the node have closed it for what it was sent, this is a new one.
  const connection = await stranger.dial(address)
  const stream = await connection.newStream(protocol)
  try {
    stream.send(bytes)
    await stream.close()
  } catch {
    // It was reset while we wrote.
  }
  await stranger.services.ping.ping(address)
  stream.abort(new Error('done with it'))
}

test('hostile bytes on every protocol that identify names', async t => {
  const node = await startNode(t)
  const stranger = await startStranger(t)
  const identified = once(stranger, 'peer:identify') as Promise<[CustomEvent<IdentifyResult>]>
  await stranger.dial(multiaddr(node.address))
  const [
    {
      detail: { protocols }
    }
  ] = await identified
  assert.ok(protocols.includes(kademliaProtocol))
  assert.ok(protocols.length >= 4, protocols.join(' '))

  for (const protocol of protocols) {
    await fc.assert(
      fc.asyncProperty(junk, async bytes => await throwAt(stranger, multiaddr(node.address), protocol, bytes)),
      { numRuns: 20 }
    )
  }

  const stock = await startStock(t, '/ip4/127.0.0.1/tcp/0', node.address)
  await stock.event('table-added', ({ peer }) => peer === node.id)
  stock.tell({ do: 'burst', peer: node.id, count: 10 })
  assert.equal((await stock.event('burst')).answered, 10)
  assert.deepEqual(
    node.process.stdout.filter(line => line.startsWith('error,')),
    []
  )
  node.process.signal('SIGTERM')
  assert.equal((await node.process.ended()).code, 0)
})

test('a length that nobody may send resets a DHT stream at once', async t => {
  const node = await startNode(t)
  const stranger = await startStranger(t)
  const connection = await stranger.dial(multiaddr(node.address))
  for (const bytes of [endlessLength, hugeLength]) {
    const stream = await connection.newStream(kademliaProtocol)
    const closed = new Promise<string>(resolve => {
      stream.addEventListener('close', () => {
        resolve(stream.status)
      })
    })
    stream.send(bytes)
    assert.equal(await closed, 'reset')
  }
  assert.equal(connection.status, 'open')
})
