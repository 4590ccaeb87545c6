/** Whole peers over loopback: among themselves, and with stock js-libp2p. */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { test } from 'node:test'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tls } from '@libp2p/tls'
import { CODE_P2P, multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { checkpointLine } from '../src/checkpoint.ts'
import { PeerError } from '../src/errors.ts'
import type { PeerEvent } from '../src/events.ts'
import { generateIdentity } from '../src/identity.ts'
import { chatTopic, discoveryTopic, fileTopic } from '../src/options.ts'
import { readPayload } from '../src/payload/sniff.ts'
import {
  firstAddress,
  loopback,
  next,
  ourPeer,
  publishByHand,
  signedMessage,
  startedPeer,
  stockPeer,
  unsignedMessage
} from './network.ts'
import type { Recorded } from './network.ts'

const startTypes: ReadonlySet<PeerEvent['type']> = new Set([
  'bootstrap-adding',
  'subscribed',
  'dht-started',
  'bootstrap-started',
  'bootstrap-done',
  'bootstrap-error'
])

const startLines = (peer: Recorded): Array<string | undefined> =>
  peer.events.filter(({ type }) => startTypes.has(type)).map(checkpointLine)

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('two peers: the start in its order, then identify, the DHT, greetings, messages and pings', async t => {
  const a = await startedPeer(t)
  const b = await startedPeer(t, { bootstrap: [...a.addresses], payload: 'json' })
  const rest = ['universal-connectivity', 'universal-connectivity-file', 'universal-connectivity-browser-peer-discovery']
    .map(topic => `Subscribed to topic: ${topic}`)
    .concat('Kademlia DHT service started')
  assert.deepEqual(startLines(a), rest)
  assert.deepEqual(startLines(b), [
    `Adding bootstrap peer: ${a.addresses.join()}`,
    ...rest,
    'Starting Kademlia bootstrap process',
    'bootstrap'
  ])

  for (const [ours, theirs, format] of [
    [a, b, 'json'],
    [b, a, 'flat']
  ] as const) {
    const identified = await ours.event('identify')
    assert.equal(checkpointLine(identified), `identify,${theirs.name},/ipfs/id/1.0.0,universal-connectivity/0.1.0`)
    for (const protocol of [
      '/meshsub/1.0.0',
      '/meshsub/1.1.0',
      '/meshsub/1.2.0',
      '/gossipsub/1.0',
      '/ipfs/kad/1.0.0',
      '/ipfs/ping/1.0.0'
    ]) {
      assert.ok(identified.protocols.includes(protocol), protocol)
    }
    await ours.event('routing-update', ({ peer, change }) => peer === theirs.name && change === 'added')
    await ours.event('peer-subscribed', ({ peer, topic }) => peer === theirs.name && topic === chatTopic)
    const greeting = await ours.event('message')
    assert.deepEqual(greeting, {
      type: 'message',
      from: theirs.name,
      signed: true,
      topic: chatTopic,
      kind: 'chat',
      text: `Hello from ${theirs.name}!`,
      format
    })
    assert.ok((await ours.event('ping')).ms >= 0)
  }

  const { recipients } = await a.publish('hi\nthere')
  assert.deepEqual(recipients.map(String), [b.name])
  await b.event('message', ({ text }) => text === 'hi\nthere')
  const incoming = await a.event('incoming')
  assert.equal(`${incoming.local}/p2p/${a.name}`, a.addresses.join())
  assert.match(incoming.remote, /^\/ip4\/127\.0\.0\.1\/tcp\/\d+$/)

  // One of them goes: the other sees it, once.
  await b.stop()
  assert.equal((await a.event('closed')).peer, b.name)
  assert.deepEqual(
    b.events.slice(-3).map(({ type }) => type),
    ['stopping', 'closed', 'stopped']
  )
  for (const peer of [a, b]) {
    assert.equal(peer.events.filter(({ type }) => type === 'connected').length, 1)
    assert.equal(peer.events.filter(({ type }) => type === 'closed').length, 1)
  }
})

for (const listen of ['/ip4/127.0.0.1/udp/0/quic-v1', '/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/udp/0/webrtc-direct']) {
  test(`two peers over ${listen}, which the second loads when it dials`, async t => {
    const a = await startedPeer(t, { listen: [multiaddr(listen)] })
    const b = await startedPeer(t, { bootstrap: [...a.addresses] })
    await b.event('bootstrap-done')
    const greeting = await a.event('message')
    assert.equal(greeting.from, b.name)
    const incoming = await a.event('incoming')
    assert.equal(`${incoming.local}/p2p/${a.name}`, a.addresses.join())
    await b.stop()
    await a.event('closed', ({ peer }) => peer === b.name)
  })
}

for (const [name, encrypter] of [
  ['noise', noise()],
  ['TLS', tls()]
] as const) {
  test(`a stock peer that knows only ${name}, whoever dials`, async t => {
    const stock = await stockPeer(t, { encrypter, subscribe: true })
    const greeted = next<{ data: Uint8Array }>(stock.services.pubsub, 'message')
    const ours = await startedPeer(t, { dial: [firstAddress(stock)] })
    const identified = await ours.event('identify')
    assert.equal(identified.peer, stock.peerId.toString())

    // Our greeting is the workshop's protobuf; theirs may be anything that is read.
    const greeting = readPayload((await greeted).data)
    assert.deepEqual(greeting, { ok: true, format: 'flat', payload: { kind: 'chat', text: `Hello from ${ours.name}!` } })
    await stock.services.pubsub.publish(chatTopic, new TextEncoder().encode('plain words'))
    const { from, format } = await ours.event('message', ({ text }) => text === 'plain words')
    assert.deepEqual({ from, format }, { from: stock.peerId.toString(), format: 'text' })

    const other = await stockPeer(t, { encrypter })
    await other.dial([...ours.addresses])
    await ours.event('connected', ({ peer, direction }) => peer === other.peerId.toString() && direction === 'inbound')

    // The stop is a clean close to the other side.
    const [connection] = stock.getConnections()
    assert.ok(connection !== undefined)
    const closed = new Promise<Error | undefined>(resolve => {
      connection.addEventListener('close', ({ error }) => {
        resolve(error)
      })
    })
    await ours.stop()
    assert.equal(await closed, undefined)
  })
}

test('a bootstrap peer without a DHT: the start says so and the node goes on', async t => {
  const stock = await stockPeer(t)
  const ours = await startedPeer(t, { bootstrap: [firstAddress(stock)] })
  const { reason } = await ours.event('bootstrap-error')
  assert.match(reason, /no connected peer speaks \/ipfs\/kad\/1\.0\.0/)
  await ours.event('started')
})

test('bootstrap peers that cannot be reached have their line each, and the others go on', async t => {
  const a = await startedPeer(t)
  const nobody = multiaddr(`/ip4/127.0.0.1/tcp/${await freePort()}`)
  const noWebSocket = multiaddr(`/ip4/127.0.0.1/tcp/${await freePort()}/ws`)
  const b = await startedPeer(t, { bootstrap: [nobody, noWebSocket, ...a.addresses] })

  const first = ({ address, attempt }: { address: string; attempt: number }, of: Multiaddr): boolean =>
    attempt === 1 && address === of.toString()
  assert.match((await b.event('bootstrap-failed', event => first(event, nobody))).reason, /^connection refused/)
  assert.match((await b.event('bootstrap-failed', event => first(event, noWebSocket))).reason, /nobody listens there/)
  await b.event('bootstrap-done')
})

test('a bootstrap peer that is another than its address says is not spoken to', async t => {
  const stranger = await stockPeer(t)
  const named = peerIdFromPrivateKey(await generateIdentity())
  const wrong = multiaddr(`${firstAddress(stranger).decapsulateCode(CODE_P2P).toString()}/p2p/${named.toString()}`)
  const ours = await startedPeer(t, { bootstrap: [wrong] })
  assert.equal((await ours.event('bootstrap-failed')).reason, `another peer is there: ${stranger.peerId.toString()}`)
  // Nobody to bootstrap from, so nothing is said of it.
  assert.equal(
    ours.events.some(({ type }) => type === 'bootstrap-started' || type === 'connected'),
    false
  )
})

test('a bootstrap peer that comes later is reached, and the DHT entered then', async t => {
  const address = multiaddr(`/ip4/127.0.0.1/tcp/${await freePort()}`)
  const late = await ourPeer(t, { listen: [address] })
  const ours = await startedPeer(t, { bootstrap: [address] })
  assert.equal(
    ours.events.some(({ type }) => type === 'bootstrap-started'),
    false
  )
  await late.start()
  assert.equal((await ours.event('bootstrap-done')).contacts, 1)
})

test('a peer that hangs up at once does no harm', async t => {
  const stock = await stockPeer(t)
  stock.addEventListener('peer:connect', ({ detail }) => void stock.hangUp(detail))
  const ours = await startedPeer(t, { dial: [firstAddress(stock)] })
  await ours.event('closed', ({ peer }) => peer === stock.peerId.toString())
  const friend = await startedPeer(t, { bootstrap: [...ours.addresses] })
  await friend.event('bootstrap-done')
})

test('what is not signed is refused, told if that is wanted, and never passed on', async t => {
  const privateKey = await generateIdentity()
  const author = await generateIdentity()
  for (const unsigned of ['refuse', 'accept'] as const) {
    const ours = await startedPeer(t, { unsigned, greet: false })
    const behind = await startedPeer(t, { bootstrap: [...ours.addresses], greet: false })
    await ours.event('peer-subscribed', ({ topic }) => topic === chatTopic)
    await behind.event('peer-subscribed', ({ topic }) => topic === chatTopic)

    const node = await stockPeer(t)
    await node.dial([...ours.addresses])
    await publishByHand(node, ours, [
      unsignedMessage(author, 1n, 'nobody says'),
      // Again, as if by another way.
      unsignedMessage(author, 1n, 'nobody says'),
      // Signed by another than it claims.
      { ...(await signedMessage(privateKey, 2n, 'forged')), from: unsignedMessage(author, 2n, '').from },
      await signedMessage(author, 3n, 'somebody says'),
      await signedMessage(author, 3n, 'somebody says')
    ])

    // Frames are read in order, so what came before the last has been judged.
    await behind.event('message', ({ text }) => text === 'somebody says')
    const told = (peer: Recorded): unknown[] =>
      peer.events.flatMap(event => (event.type === 'message' ? [[event.text, event.signed, event.from]] : []))
    const signedBy = (await ours.event('message', ({ signed }) => signed)).from
    const theirs = ['somebody says', true, signedBy]
    assert.deepEqual(told(ours), unsigned === 'accept' ? [['nobody says', false, null], theirs] : [theirs])
    assert.deepEqual(told(behind), [theirs])
  }
})

test('what cannot be decoded is an event, what browsers announce is none, and a file id is a message', async t => {
  const stock = await stockPeer(t, { subscribe: true })
  const ours = await startedPeer(t, { dial: [firstAddress(stock)] })
  await ours.event('greeted')
  const { pubsub } = stock.services
  await pubsub.publish(discoveryTopic, Uint8Array.of(0xff))
  await pubsub.publish(chatTopic, Uint8Array.of(0xff))
  const { from, topic } = await ours.event('undecodable')
  assert.deepEqual({ from, topic }, { from: stock.peerId.toString(), topic: chatTopic })
  await pubsub.publish(fileTopic, new TextEncoder().encode('file-id'))
  await ours.event('message', event => event.topic === fileTopic && event.text === 'file-id')
  assert.equal(ours.events.filter(({ type }) => type === 'undecodable').length, 1)
})

test('a text that is too long is not sent', async t => {
  const ours = await startedPeer(t)
  await assert.rejects(
    ours.publish('é'.repeat(40_000)),
    (error: unknown) => error instanceof PeerError && error.code === 'ERR_MESSAGE_TOO_LONG'
  )
  assert.deepEqual((await ours.publish('x'.repeat(65_536))).recipients, [])
})

for (const transport of ['tcp/PORT', 'tcp/PORT/ws', 'udp/PORT/quic-v1']) {
  test(`a port in use is an error of the start that names the address: ${transport}`, async t => {
    const holder = await startedPeer(t, { listen: [multiaddr(`/ip4/127.0.0.1/${transport.replace('PORT', '0')}`)] })
    const taken = holder.addresses[0]?.decapsulateCode(CODE_P2P)
    assert.ok(taken !== undefined)

    const ours = await ourPeer(t, { listen: [loopback, taken] })
    await assert.rejects(ours.start(), (error: unknown) => {
      assert.ok(error instanceof PeerError)
      assert.equal(error.code, 'ERR_PORT_IN_USE')
      assert.ok(error.message.includes(taken.toString()), error.message)
      return true
    })
  })
}

test('an address of another machine cannot be listened on', async t => {
  const ours = await ourPeer(t, { listen: [multiaddr('/ip4/198.51.100.1/tcp/0')] })
  await assert.rejects(ours.start(), (error: unknown) => error instanceof PeerError && error.code === 'ERR_ADDRESS_NOT_AVAILABLE')
})

for (const moment of [
  'starting',
  'listening',
  'bootstrap-adding',
  'subscribed',
  'dht-started',
  'bootstrap-started',
  'started'
] as const) {
  test(`a peer can be stopped at its ${moment}`, async t => {
    const a = await startedPeer(t)
    const reason = new Error('enough')
    const controller = new AbortController()
    const ours = await ourPeer(t, { bootstrap: [...a.addresses] })
    ours.on(({ type }) => {
      if (type === moment) {
        controller.abort(reason)
      }
    })

    const start = ours.start({ signal: controller.signal })
    if (moment === 'started') {
      await start
    } else {
      await assert.rejects(start, reason)
    }
    await ours.stop()
    assert.equal(ours.events.at(-1)?.type, 'stopped')
    assert.deepEqual(ours.libp2p.getConnections(), [])
    assert.equal(ours.libp2p.status, 'stopped')
    // Nothing is told after the end, and its start is over too.
    const told = ours.events.length
    await assert.rejects(ours.start(), (error: unknown) => error instanceof PeerError && error.code === 'ERR_STATE')
    assert.equal(ours.events.length, told)
  })
}

test('a stop without a signal ends a start that is under way', async t => {
  const ours = await ourPeer(t)
  ours.on(({ type }) => {
    if (type === 'listening') {
      void ours.stop()
    }
  })
  await assert.rejects(ours.start(), { name: 'AbortError' })
  await ours.stop()
  assert.equal(ours.libp2p.status, 'stopped')
})
