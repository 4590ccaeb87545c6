/** QUIC connections of strangers: streams that give their credit back, and their bounds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quic } from '@chainsafe/libp2p-quic'
import type { Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { guardLimits } from '../../src/guard/limits.ts'
import { startedPeer } from '../network.ts'
import { answered, ended, link } from './strangers.ts'

const loopback = multiaddr('/ip4/127.0.0.1/udp/0/quic-v1')

for (const when of ['that it does not take', 'that comes too late'] as const) {
  test(`streams in a row that their opener aborts before an answer ${when}, twice as many as may be open, are all served`, async t => {
    const peer = await startedPeer(t, { listen: [loopback], greet: false })
    let served = 0
    await peer.libp2p.handle('/served', stream => {
      served++
      const answer = (): void => {
        if (stream.writeStatus === 'writable') {
          stream.send(Uint8Array.of(1))
          setImmediate(() => void stream.close().catch(() => {}))
        }
      }
      if (when === 'that comes too late') {
        stream.addEventListener('remoteCloseWrite', answer)
        stream.addEventListener('close', answer)
      } else {
        stream.addEventListener('message', answer)
      }
    })
    const { stranger, theirs, ours } = await link(t, peer, [quic()])
    const count = 2 * guardLimits.quicStreams - 24
    for (let number = 0; number < count; number++) {
      const stream = await theirs.newStream('/served')
      stream.send(Uint8Array.of(1))
      stream.abort(new Error('enough'))
    }
    await answered(stranger, peer.addresses)
    assert.ok(served > count / 2, `${served} streams were served`)
    assert.equal(ours.status, 'open')
  })
}

test('a connection ends when too many streams are open', async t => {
  const peer = await startedPeer(t, { listen: [loopback], greet: false })
  const limits = { maxInboundStreams: 1_000, maxOutboundStreams: 1_000 }
  await peer.libp2p.handle('/held', () => {}, limits)
  const { theirs, ours } = await link(t, peer, [quic()])
  const end = ended(ours)
  const held: Stream[] = []
  await assert.rejects(async () => {
    while (held.length < 2 * guardLimits.streamsPerConnection) {
      held.push(await theirs.newStream('/held', limits))
    }
  })
  assert.match(await end, /streams are open/)
  assert.ok(
    held.length > guardLimits.streamsPerConnection / 2 && held.length <= guardLimits.streamsPerConnection,
    `${held.length} streams`
  )
})

test('a connection ends when too many streams agree on no protocol', async t => {
  const peer = await startedPeer(t, { listen: [loopback], greet: false })
  const { theirs, ours } = await link(t, peer, [quic()])
  const end = ended(ours)
  const { muxer } = theirs as unknown as { readonly muxer: { createStream(): Promise<Stream> } }
  for (let number = 0; number <= guardLimits.unnegotiatedStreams && ours.status === 'open'; number++) {
    // A stream is seen when its first byte comes.
    const stream = await muxer.createStream()
    stream.send(Uint8Array.of(0x13))
  }
  assert.match(await end, /agree on no protocol/)
})
