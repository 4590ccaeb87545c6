/** Gossip of strangers: what is read, at which cost, and who is cut off. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { PrivateKey, Stream } from '@libp2p/interface'
import { guardLimits } from '../../src/guard/limits.ts'
import { generateIdentity } from '../../src/identity.ts'
import { chatTopic } from '../../src/options.ts'
import { bytesField, joined, lengthPrefixed } from '../../src/payload/protobuf.ts'
import { payloadBytesMax } from '../../src/payload/sniff.ts'
import { signedMessage, startedPeer, stockPeer, unsignedMessage } from '../network.ts'
import type { PubSubMessage, Recorded, StockPeer } from '../network.ts'
import { settle } from '../support.ts'
import { ended, write } from './strangers.ts'

/** An RPC with these messages, and its length before it. */
function rpcOf(...messages: readonly PubSubMessage[]): Uint8Array {
  const published = messages.map(({ from, data, seqno, topic, signature }) =>
    bytesField(
      2,
      joined([
        bytesField(1, from),
        bytesField(2, data),
        bytesField(3, seqno),
        bytesField(4, topic),
        ...(signature === undefined ? [] : [bytesField(5, signature)])
      ])
    )
  )
  return lengthPrefixed(joined(published))
}

interface Scene {
  readonly peer: Recorded
  readonly node: StockPeer
  readonly author: PrivateKey
  readonly stream: Stream
}

/** A stranger with a stream of its own to our peer's gossip. */
async function scene(t: TestContext): Promise<Scene> {
  const peer = await startedPeer(t, { greet: false })
  const node = await stockPeer(t, { subscribe: true })
  await node.dial([...peer.addresses])
  await peer.event('peer-subscribed', event => event.peer === node.peerId.toString() && event.topic === chatTopic)
  const stream = await node.dialProtocol(peer.id, '/meshsub/1.1.0')
  return { peer, node, author: await generateIdentity(), stream }
}

/** A message that was signed for another text. */
async function forged(author: PrivateKey, number: bigint): Promise<PubSubMessage> {
  return { ...(await signedMessage(author, number, 'signed')), data: Buffer.from('forged') }
}

const numbers = (count: number, from = 1): bigint[] => Array.from({ length: count }, (_, index) => BigInt(from + index))
const shown = (peer: Recorded): string[] => peer.events.flatMap(event => (event.type === 'message' ? [event.text] : []))

/** The peer closes this stranger's connection and takes no new one, but serves others. */
async function assertCutOff(t: TestContext, { peer, node }: Scene): Promise<void> {
  const isNode = (event: { readonly peer: string }): boolean => event.peer === node.peerId.toString()
  await peer.event('closed', isNode)
  await node.hangUp(peer.id)
  // The dial may succeed for the one that dials before it is told.
  const refused = await node.dial([...peer.addresses]).then(ended, () => 'at once')
  assert.equal(typeof refused, 'string')
  assert.equal(peer.events.filter(event => event.type === 'connected' && isNode(event)).length, 1)

  const other = await stockPeer(t, { subscribe: true })
  await other.dial([...peer.addresses])
  await peer.event('peer-subscribed', event => event.peer === other.peerId.toString())
}

test('a message that is larger than any we show is dropped, and the next one is shown', async t => {
  const { peer, author, stream } = await scene(t)
  await write(
    stream,
    rpcOf(await signedMessage(author, 1n, 'x'.repeat(payloadBytesMax + 1)), await signedMessage(author, 2n, 'next'))
  )
  await peer.event('message')
  assert.deepEqual(shown(peer), ['next'])
  assert.equal(
    peer.events.some(({ type }) => type === 'undecodable'),
    false
  )
})

test('invalid signatures, 30 in a row, get their sender cut off and refused', async t => {
  const cut = await scene(t)
  for (const number of numbers(30)) {
    await write(cut.stream, rpcOf(await forged(cut.author, number)))
  }
  await assertCutOff(t, cut)
})

test('invalid signatures in one RPC get their sender cut off and refused', async t => {
  const cut = await scene(t)
  await write(cut.stream, rpcOf(...(await Promise.all(numbers(30).map(number => forged(cut.author, number))))))
  await assertCutOff(t, cut)
})

test('empty RPCs, 30 in a row, get their sender cut off and refused', async t => {
  const cut = await scene(t)
  await write(cut.stream, new Uint8Array(30))
  await assertCutOff(t, cut)
})

test('some invalid signatures and empty RPCs are forgiven', async t => {
  const { peer, node, author, stream } = await scene(t)
  const each = guardLimits.offences.burst / 2
  await write(stream, new Uint8Array(each))
  await write(stream, rpcOf(...(await Promise.all(numbers(each).map(number => forged(author, number))))))
  await write(stream, rpcOf(await signedMessage(author, 100n, 'sorry')))
  await peer.event('message', ({ text }) => text === 'sorry')
  assert.equal(peer.libp2p.getConnections(node.peerId).length, 1)
})

test('unsigned messages are no offence, and neither is a signer whose messages are too many', async t => {
  const { peer, node, author, stream } = await scene(t)
  for (const number of numbers(60)) {
    await write(stream, rpcOf(unsignedMessage(author, number, 'nobody says')))
  }
  const flooder = await generateIdentity()
  const flood = await Promise.all(
    numbers(guardLimits.signerMessages.burst + 60).map(number => signedMessage(flooder, number, 'again'))
  )
  await write(stream, rpcOf(...flood))
  await write(stream, rpcOf(await signedMessage(author, 100n, 'somebody says')))
  await peer.event('message', ({ text }) => text === 'somebody says')
  assert.equal(peer.libp2p.getConnections(node.peerId).length, 1)
  assert.ok(!shown(peer).includes('nobody says'))
})

test('an honest burst of 60 messages arrives whole and in order, in an RPC each or in one for all', async t => {
  for (const together of [false, true]) {
    const { peer, author, stream } = await scene(t)
    const messages = await Promise.all(numbers(60).map(number => signedMessage(author, number, `message ${number}`)))
    const rpcs = together ? [rpcOf(...messages)] : messages.map(message => rpcOf(message))
    for (const rpc of rpcs) {
      await write(stream, rpc)
    }
    await peer.event('message', ({ text }) => text === 'message 60')
    assert.deepEqual(
      shown(peer),
      numbers(60).map(number => `message ${number}`)
    )
  }
})

test('what a signer says above its rate is left out and counted, and passed on to nobody', async t => {
  const { peer, author, stream } = await scene(t)
  const behind = await startedPeer(t, { bootstrap: [...peer.addresses], greet: false })
  await peer.event('peer-subscribed', event => event.peer === behind.name && event.topic === chatTopic)
  const count = 3 * guardLimits.signerMessages.burst
  const messages = await Promise.all(numbers(count).map(number => signedMessage(author, number, `message ${number}`)))
  await write(stream, rpcOf(...messages))
  assert.equal((await peer.event('messages-left-out')).from, (await peer.event('message')).from)
  const leftOut = (): number =>
    peer.events.reduce((sum, event) => sum + (event.type === 'messages-left-out' ? event.count : 0), 0)
  await peer.event('messages-left-out', () => shown(peer).length + leftOut() === count)

  const other = await generateIdentity()
  await write(stream, rpcOf(await signedMessage(other, 1n, 'another')))
  await behind.event('message', ({ text }) => text === 'another')
  assert.ok(shown(peer).length < count)
  assert.ok(shown(behind).every(text => shown(peer).includes(text)))
})

test('an RPC that comes byte by byte is read', async t => {
  const { peer, author, stream } = await scene(t)
  for (const byte of rpcOf(await signedMessage(author, 1n, 'slow'))) {
    await write(stream, Uint8Array.of(byte))
    await settle()
  }
  await peer.event('message', ({ text }) => text === 'slow')
})

test('an RPC that is split over many chunks, with another at its end, is read whole', async t => {
  const { peer, author, stream } = await scene(t)
  const texts = [...numbers(10).map(number => `${number} ${'x'.repeat(20_000)}`), 'last']
  const messages = await Promise.all(texts.map((text, index) => signedMessage(author, BigInt(index + 1), text)))
  const bytes = Buffer.concat([rpcOf(...messages.slice(0, 10)), rpcOf(...messages.slice(10))])
  for (let at = 0; at < bytes.length; at += 777) {
    await write(stream, bytes.subarray(at, at + 777))
  }
  await peer.event('message', ({ text }) => text === 'last')
  assert.deepEqual(shown(peer), texts)
})

test('gossip goes on by a new stream when the old one is replaced, again and again', async t => {
  const { peer, node, author, stream } = await scene(t)
  await write(stream, rpcOf(await signedMessage(author, 1n, 'message 1')))
  await peer.event('message', ({ text }) => text === 'message 1')
  for (const number of numbers(5, 2)) {
    const replacing = await node.dialProtocol(peer.id, '/meshsub/1.1.0')
    await write(replacing, rpcOf(await signedMessage(author, number, `message ${number}`)))
    await peer.event('message', ({ text }) => text === `message ${number}`)
  }
  // And the other way.
  const heard = new Promise<string>(resolve => {
    node.services.pubsub.addEventListener('message', ({ detail }) => resolve(Buffer.from(detail.data).toString()))
  })
  await peer.publish('to all')
  assert.match(await heard, /to all/)
})

test('an RPC that is longer than any ends its stream and not the node', async t => {
  const { peer, node, author, stream } = await scene(t)
  const closed = new Promise<void>(resolve => {
    for (const type of ['close', 'remoteCloseWrite'] as const) {
      stream.addEventListener(type, () => resolve())
    }
  })
  const prefix = lengthPrefixed(new Uint8Array(guardLimits.rpcBytes + 1)).subarray(0, 100)
  await write(stream, prefix)
  await closed
  const again = await node.dialProtocol(peer.id, '/meshsub/1.1.0')
  await write(again, rpcOf(await signedMessage(author, 1n, 'sorry')))
  await peer.event('message', ({ text }) => text === 'sorry')
})

test('a peer that sends faster than it may is read no faster, and nothing of it is lost', async t => {
  const { peer, node, author, stream } = await scene(t)
  const bytes = rpcOf(unsignedMessage(author, 1n, 'x'.repeat(10_000)))
  const [ours] = peer.libp2p.getConnections(node.peerId)
  const inbound = (): Stream | undefined =>
    ours?.streams.find(one => one.direction === 'inbound' && one.protocol === '/meshsub/1.1.0' && one.readStatus === 'paused')
  const burst = guardLimits.rpcRateBytes.burst / bytes.length
  let sent = 0
  // The stream takes no more when it is not read.
  while (inbound() === undefined) {
    assert.ok(sent++ < 4 * burst, 'everything was read')
    stream.send(bytes)
    await settle()
  }
  const other = await stockPeer(t)
  await other.services.ping.ping([...peer.addresses])
  assert.equal(ours?.status, 'open')
})
