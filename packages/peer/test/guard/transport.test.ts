/** The guard of a node's connections: what one may hold, in both directions, and whose fault an error is. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { guardLimits } from '../../src/guard/limits.ts'
import { culprit } from '../../src/guard/escapes.ts'
import { ConnectionGuard } from '../../src/guard/transport.ts'
import { startedPeer } from '../network.ts'
import { answered, ended, link, startStranger, write } from './strangers.ts'

test('a stream ends when its peer takes nothing of what it asked for', async t => {
  const peer = await startedPeer(t, { greet: false })
  const { stranger, ours } = await link(t, peer)
  await stranger.handle('/unread', stream => stream.pause())
  const stream = await ours.newStream('/unread')
  const end = ended(stream)
  let sent = 0
  while (stream.writeStatus === 'writable' && sent < 4 * guardLimits.connectionBufferBytes) {
    stream.send(new Uint8Array(65_536))
    sent += 65_536
  }
  assert.notEqual(await end, '')
  assert.ok(sent < 4 * guardLimits.connectionBufferBytes, `${sent} bytes were kept`)
  await answered(await startStranger(t), peer.addresses)
})

test('a connection ends when more waits in its streams than it may hold', async t => {
  const peer = await startedPeer(t, { greet: false })
  const limits = { maxInboundStreams: 100, maxOutboundStreams: 100 }
  await peer.libp2p.handle('/unread', stream => stream.pause(), limits)
  const { theirs, ours } = await link(t, peer)
  const end = ended(ours)
  const streams: Stream[] = []
  for (let number = 0; number < 16; number++) {
    streams.push(await theirs.newStream('/unread', limits))
  }
  // Each stream by itself stays within its window.
  void Promise.all(streams.map(async stream => write(stream, new Uint8Array(200_000))))
  assert.match(await end, /bytes wait in the connection/)
  await answered(await startStranger(t), peer.addresses)
})

test('a handshake ends whose stranger proposes protocols without end', async t => {
  const peer = await startedPeer(t, { greet: false })
  const socket = connect(Number(/\/tcp\/(\d+)/.exec(peer.addresses.join())?.[1]), '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  const closed = new Promise(resolve => socket.on('close', resolve))
  const answers: Buffer[] = []
  const propose = (): void => void socket.write('\u0003/x\n')
  socket.on('data', (chunk: Buffer) => {
    answers.push(chunk)
    propose()
  })
  socket.write('\u0013/multistream/1.0.0\n')
  await closed
  const refusals = Buffer.concat(answers).toString().split('na\n').length - 1
  assert.ok(refusals > 0 && refusals <= guardLimits.negotiationAnswers, `${refusals} refusals`)
  await answered(await startStranger(t), peer.addresses)
})

test('what the bytes of a connection cause runs on behalf of it, whichever side dialled', async t => {
  const peer = await startedPeer(t, { greet: false })
  const other = await startedPeer(t, { greet: false })
  for (const side of [peer, other]) {
    await side.libp2p.handle('/whose', stream => {
      stream.addEventListener('message', () => {
        setImmediate(() => {
          stream.send(Buffer.from(culprit()?.remoteAddr.toString() ?? 'nobody'))
        })
      })
    })
  }
  const asked = await other.libp2p.dial([...peer.addresses])
  await peer.event('connected')
  const [ours] = peer.libp2p.getConnections(other.id)
  assert.ok(ours !== undefined)

  for (const [connection, answering] of [
    [asked, ours],
    [ours, asked]
  ] as const) {
    const stream = await connection.newStream('/whose')
    const reply = new Promise<string>(resolve => {
      stream.addEventListener('message', ({ data }) => resolve(Buffer.from(data.subarray()).toString()))
    })
    stream.send(Uint8Array.of(1))
    const id = `/p2p/${answering.remotePeer}`
    assert.equal((await reply).replace(id, '') + id, answering.remoteAddr.toString())
  }
})

test('a muxer for a connection that no guarded transport made is refused', () => {
  const guard = new ConnectionGuard()
  const factory = guard.muxer({
    protocol: '/yamux/1.0.0',
    createStreamMuxer: () => assert.fail()
  })
  assert.equal(factory.protocol, '/yamux/1.0.0')
  assert.throws(() => factory.createStreamMuxer({} as never), /no guarded transport/)
})
