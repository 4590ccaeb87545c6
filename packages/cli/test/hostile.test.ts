/** Bytes of any content on any protocol that a node offers: that stream ends, the node lives. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { multiaddr } from '@multiformats/multiaddr'
import { startNode } from './fixtures/node.ts'
import { createStockPeer, kademliaProtocol } from './fixtures/stock-peer.ts'
import type { Connection } from '@libp2p/interface'

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

/** Opens a stream, throws the bytes in, half-closes, and reads until the other side ends it. */
async function throwAt(connection: Connection, protocol: string, bytes: Uint8Array): Promise<void> {
  const stream = await connection.newStream(protocol)
  const ended = new Promise<void>(resolve => {
    stream.addEventListener('close', () => {
      resolve()
    })
    stream.addEventListener('remoteCloseWrite', () => {
      resolve()
    })
  })
  try {
    stream.send(bytes)
    await stream.close()
  } catch {
    // It was reset while we wrote, which is an end too.
  }
  await ended
  stream.abort(new Error('done'))
}

test('hostile bytes on every protocol that identify names', async t => {
  const node = await startNode(t)
  const stranger = await createStockPeer([])
  t.after(async () => {
    await stranger.stop()
  })
  await stranger.start()
  const connection = await stranger.dial(multiaddr(node.address))
  const { protocols } = await stranger.services.identify.identify(connection)
  assert.ok(protocols.includes(kademliaProtocol))
  assert.ok(protocols.length >= 4, protocols.join(' '))

  for (const protocol of protocols) {
    await fc.assert(
      fc.asyncProperty(junk, async bytes => {
        // A peer may be disconnected for what it did; the node is there for a new connection.
        const open = await stranger.dial(multiaddr(node.address))
        await throwAt(open, protocol, bytes).catch(error => {
          assert.notEqual(open.status, 'open', `${protocol}: ${String(error)}`)
        })
      }),
      { numRuns: 20 }
    )
  }

  await stranger.services.ping.ping(multiaddr(node.address))
  const again = await stranger.dial(multiaddr(node.address))
  const answer = await stranger.services.identify.identify(again)
  assert.equal(answer.agentVersion, 'universal-connectivity/0.1.0')
  assert.deepEqual(
    node.process.stdout.filter(line => line.startsWith('error,')),
    []
  )
  node.process.signal('SIGTERM')
  assert.equal((await node.process.ended()).code, 0)
})

test('a length that nobody may send resets a DHT stream at once', async t => {
  const node = await startNode(t)
  const stranger = await createStockPeer([])
  t.after(async () => {
    await stranger.stop()
  })
  await stranger.start()
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
