/** Gossip of strangers: what is read, at which cost, and who is cut off. */
import assert from 'node:assert/strict'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { GossipSub } from '@libp2p/gossipsub'
import type { PeerId, PrivateKey, Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { guardGossip } from '../../src/guard/gossip.ts'
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

/** A service whose streams end in memory, with a clock of the test. */
function fakeService(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  // The source imports its timer by name.
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.timers.reset()
    syncBuiltinESMExports()
  })
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const peer = { toString: () => 'peer' } as PeerId
  const seen = { frames: 0, bytes: 0, messages: 0 }
  const service = {
    peers: new Map([['peer', peer]]),
    streamsInbound: new Map(),
    score: { addPenalty() {} },
    decodeRpcLimits: { maxMessages: 0 },
    isStarted: () => true,
    createInboundStream(_peer: PeerId, _stream: Stream) {},
    async pipePeerReadStream(_peer: PeerId, source: AsyncIterable<Uint8Array>) {
      for await (const frame of source) {
        seen.frames++
        seen.bytes += frame.byteLength
      }
    },
    async handleReceivedRpc(_peer: PeerId, rpc: { readonly messages: readonly unknown[] }) {
      seen.messages += rpc.messages.length
    },
    validateReceivedMessage: async () => ({ code: 'valid' })
  }
  guardGossip(service as unknown as GossipSub, { payloadBytesMax, cutOff() {} })
  const pass = async (ms: number): Promise<void> => {
    await settle()
    for (let passed = 0; passed < ms; passed += 10) {
      now += 10
      t.mock.timers.tick(10)
      await settle()
    }
  }
  return { service, peer, seen, pass }
}

/** A stream into which these RPCs have come. */
async function streamOf(rpc: Uint8Array, count: number): Promise<Stream> {
  const [theirs, ours] = await streamPair({ delay: 0, inbound: { maxReadBufferLength: 1e9 } })
  theirs.send(Buffer.concat(Array.from({ length: count }, () => rpc)))
  await new Promise<void>(resolve => {
    const look = (): void => (ours.readBufferLength === rpc.length * count ? resolve() : void setImmediate(look))
    look()
  })
  return ours
}

test('small RPCs of one peer come at a pace, over all its streams together', async t => {
  const streams = [await streamOf(lengthPrefixed(Uint8Array.of(0)), 800), await streamOf(lengthPrefixed(Uint8Array.of(0)), 800)]
  const { service, peer, seen, pass } = fakeService(t)
  for (const stream of streams) {
    service.createInboundStream(peer, stream)
  }
  const { burst, perSecond } = guardLimits.rpcs
  await pass(1_000)
  assert.ok(seen.frames >= burst && seen.frames <= burst + perSecond, `${seen.frames} RPCs in the first second`)
  await pass(12_000)
  assert.equal(seen.frames, 1_600)
})

test('the bytes of RPCs of one peer come at a pace', async t => {
  const stream = await streamOf(lengthPrefixed(new Uint8Array(100_000)), 40)
  const { service, peer, seen, pass } = fakeService(t)
  service.createInboundStream(peer, stream)
  const { burst, perSecond } = guardLimits.rpcRateBytes
  await pass(1_000)
  assert.ok(seen.bytes >= burst - 100_000 && seen.bytes <= burst + perSecond, `${seen.bytes} bytes in the first second`)
  await pass(8_000)
  assert.equal(seen.bytes, 4_000_000)
})

test('the messages in RPCs of one peer are handled at a pace', async t => {
  const { service, peer, seen, pass } = fakeService(t)
  const { burst, perSecond } = guardLimits.messages
  const handled = (async () => {
    for (let rpc = 0; rpc < 10; rpc++) {
      await service.handleReceivedRpc(peer, { messages: Array.from({ length: 100 }, () => ({ data: new Uint8Array(1) })) })
    }
  })()
  await pass(1_000)
  assert.ok(seen.messages >= burst - 100 && seen.messages <= burst + perSecond, `${seen.messages} messages in the first second`)
  await pass(10_000)
  await handled
  assert.equal(seen.messages, 1_000)
})

test('a peer that sends without a pause is not read meanwhile, and keeps no other out', async t => {
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
