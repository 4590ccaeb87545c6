/** Which addresses are listened on, which dialled, and what is said of those that cannot be used. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import fc from 'fast-check'
import { classifyAddresses } from '../src/addresses.ts'
import type { AddressSources } from '../src/addresses.ts'
import { AddressError } from '../src/errors.ts'

const peer = '12D3KooWGbUAvhH1CGoG5xvuB1CZMRTiNjdBEg5fgRY4vFdRdqQD'

async function classify(texts: Partial<Record<keyof AddressSources, string>>): Promise<Record<string, string[]>> {
  const sources = Object.fromEntries(Object.entries(texts).map(([source, text]) => [source, { source, text }]))
  const classified = await classifyAddresses(sources)
  return Object.fromEntries(Object.entries(classified).map(([kind, addresses]) => [kind, addresses.map(String)]))
}

/** A port that somebody listens on. */
async function takenTcp(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

/** A port that nobody listens on, a moment ago at least. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function takenUdp(t: TestContext): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => socket.close())
  return socket.address().port
}

const loopback = '/ip4/127.0.0.1/tcp/0'

test('with nothing named, a free port of loopback is listened on', async () => {
  assert.deepEqual(await classify({}), { listen: [loopback], bootstrap: [], dial: [] })
  assert.deepEqual(await classify({ LISTEN_ADDRS: ' , ,', BOOTSTRAP_PEERS: '' }), { listen: [loopback], bootstrap: [], dial: [] })
})

test('each variable means what it says; blanks, empty items and repetitions do not matter', async () => {
  assert.deepEqual(
    await classify({
      LISTEN_ADDRS: ` /ip4/127.0.0.1/tcp/0 ,/ip4/127.0.0.1/udp/0/quic-v1,, /ip4/127.0.0.1/tcp/0/ws,/ip4/127.0.0.1/udp/0/webrtc-direct`,
      BOOTSTRAP_PEERS: `/ip4/198.51.100.1/tcp/1/p2p/${peer},/dnsaddr/bootstrap.example,/ip4/198.51.100.1/tcp/1/p2p/${peer}`,
      REMOTE_PEER: `/dns4/chat.example/tcp/443/wss,/ip4/198.51.100.1/tcp/1/p2p/${peer}`
    }),
    {
      listen: [loopback, '/ip4/127.0.0.1/udp/0/quic-v1', '/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/udp/0/webrtc-direct'],
      bootstrap: [`/ip4/198.51.100.1/tcp/1/p2p/${peer}`, '/dnsaddr/bootstrap.example'],
      dial: ['/dns4/chat.example/tcp/443/wss']
    }
  )
})

test('an address of REMOTE_PEERS is listened on when it is ours, names no peer, and its port is free', async t => {
  const [tcp, udp] = [await takenTcp(t), await takenUdp(t)]
  const own = Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    .find(({ family }) => family === 'IPv4')
  assert.ok(own !== undefined)

  const listened = [
    '/ip4/127.0.0.1/tcp/0',
    '/ip4/0.0.0.0/udp/0/quic-v1',
    '/ip6/::/tcp/0',
    `/ip4/${own.address}/udp/0/webrtc-direct`,
    '/ip4/127.9.9.9/tcp/0/ws'
  ]
  const dialled = [
    // Another host.
    '/ip4/198.51.100.1/tcp/9000',
    // A peer is named.
    `/ip4/127.0.0.1/tcp/1/p2p/${peer}`,
    // The port is taken: a checker listens there. UDP and TCP have ports of their own.
    `/ip4/127.0.0.1/tcp/${tcp}`,
    `/ip4/127.0.0.1/udp/${udp}/quic-v1`
  ]

  assert.deepEqual(await classify({ REMOTE_PEERS: [...listened, ...dialled].join(',') }), {
    listen: listened,
    bootstrap: [],
    dial: dialled
  })
  // What is unspecified can be listened on, but dialled only as loopback.
  assert.deepEqual((await classify({ REMOTE_PEERS: `/ip4/0.0.0.0/tcp/${tcp}` })).dial, [`/ip4/127.0.0.1/tcp/${tcp}`])
})

test('an address to listen on is one although its port is taken: that is an error of the start', async t => {
  const address = `/ip4/127.0.0.1/tcp/${await takenTcp(t)}`
  assert.deepEqual((await classify({ LISTEN_ADDRS: address })).listen, [address])
})

const faults: ReadonlyArray<readonly [keyof AddressSources, string, string, RegExp]> = [
  ['BOOTSTRAP_PEERS', 'hello', 'ERR_ADDRESS_INVALID', /is not an address .*write it like/],
  ['LISTEN_ADDRS', '/ip4/127.0.0.1/tcp/99999', 'ERR_ADDRESS_INVALID', /65535/],
  ['LISTEN_ADDRS', '/ip4/300.0.0.1/tcp/1', 'ERR_ADDRESS_INVALID', /300\.0\.0\.1/],
  ['REMOTE_PEERS', '/', 'ERR_ADDRESS_INVALID', /lacks a host/],
  ['REMOTE_PEER', `/p2p/${peer}`, 'ERR_ADDRESS_INVALID', /lacks a host/],
  ['REMOTE_PEER', '/ip4/127.0.0.1/tcp/1/p2p/nobody', 'ERR_ADDRESS_INVALID', /"nobody" is not a peer id/],
  ['LISTEN_ADDRS', '/ip4/127.0.0.1/udp/0/quic', 'ERR_ADDRESS_UNSUPPORTED', /cannot be listened on/],
  ['LISTEN_ADDRS', '/ip4/127.0.0.1/tcp/0/tls/ws', 'ERR_ADDRESS_UNSUPPORTED', /cannot be listened on/],
  ['LISTEN_ADDRS', `/ip4/127.0.0.1/tcp/0/p2p/${peer}`, 'ERR_ADDRESS_NOT_LISTENABLE', /drop the \/p2p/],
  ['REMOTE_PEER', '/ip4/127.0.0.1/tcp/1/http', 'ERR_ADDRESS_UNSUPPORTED', /has no transport/],
  ['BOOTSTRAP_PEERS', '/ip4/127.0.0.1/tcp/0', 'ERR_ADDRESS_NOT_DIALLABLE', /port 0/],
  ['BOOTSTRAP_PEERS', '/ip4/127.0.0.1/udp/1/webrtc-direct', 'ERR_ADDRESS_NOT_DIALLABLE', /certhash/]
]

for (const [source, item, code, message] of faults) {
  test(`${item} in ${source} is refused, naming both`, async () => {
    await assert.rejects(classify({ [source]: `/ip4/127.0.0.1/tcp/4001, ${item}` }), (error: unknown) => {
      assert.ok(error instanceof AddressError)
      assert.deepEqual({ code: error.code, item: error.item, source: error.source }, { code, item, source })
      assert.match(error.message, message)
      assert.ok(error.message.includes(source) && error.message.includes(item))
      return true
    })
  })
}

test('no text does worse than an AddressError', async () => {
  const part = fc.constantFrom(
    'ip4',
    'ip6',
    '127.0.0.1',
    '::1',
    'tcp',
    'udp',
    '0',
    '65536',
    'quic-v1',
    'ws',
    'p2p',
    peer,
    'dns4',
    'a b',
    ''
  )
  const nearly = fc.array(part, { maxLength: 7 }).map(parts => `/${parts.join('/')}`)

  await fc.assert(
    fc.asyncProperty(
      fc.oneof(nearly, fc.string()),
      fc.constantFrom('BOOTSTRAP_PEERS', 'REMOTE_PEER', 'LISTEN_ADDRS'),
      async (text, source) => {
        await classify({ [source]: text }).catch((error: unknown) => {
          assert.ok(error instanceof AddressError, String(error))
        })
      }
    ),
    { numRuns: 500 }
  )
})

test('an address of REMOTE_PEERS whose port we take ourselves is not listened on twice, nor dialled', async () => {
  const [port, other] = [await freePort(), await freePort()]
  assert.deepEqual(
    await classify({
      LISTEN_ADDRS: `/ip4/0.0.0.0/tcp/${port}`,
      REMOTE_PEERS: `/ip4/127.0.0.1/tcp/${port}, /ip4/127.0.0.1/tcp/${other},/ip4/0.0.0.0/tcp/${other}`
    }),
    { listen: [`/ip4/0.0.0.0/tcp/${port}`, `/ip4/127.0.0.1/tcp/${other}`], bootstrap: [], dial: [] }
  )
})

test('addresses that want the same port are refused, both named', async () => {
  const port = await freePort()
  for (const REMOTE_PEERS of [`/ip4/127.0.0.1/tcp/${port}/ws`, `/ip4/0.0.0.0/tcp/${port}/ws`]) {
    await assert.rejects(classify({ LISTEN_ADDRS: `/ip4/127.0.0.1/tcp/${port}`, REMOTE_PEERS }), (error: AddressError) => {
      assert.equal(error.code, 'ERR_ADDRESS_CONFLICT')
      assert.match(error.message, /REMOTE_PEERS: .*\/ws" wants the port of .* \(LISTEN_ADDRS\): give one of them another port/)
      return true
    })
  }
  await assert.rejects(classify({ LISTEN_ADDRS: `/ip4/127.0.0.1/tcp/${port},/ip4/0.0.0.0/tcp/${port}` }), /wants the port of/)
})

test('lists and addresses without end are refused before they are parsed, and not shown whole', async () => {
  const long = [
    `/ip4/127.0.0.1/tcp/1/p2p/Q${'z'.repeat(10_000)}`,
    `/ip4/127.0.0.1/udp/1/webrtc-direct/certhash/z${'2'.repeat(500)}`,
    Array.from({ length: 257 }, (_, i) => `/ip4/127.0.0.1/tcp/${i + 1}`).join(','),
    '/'.repeat(200_000)
  ]
  for (const text of long) {
    await assert.rejects(classify({ BOOTSTRAP_PEERS: text }), (error: unknown) => {
      assert.ok(error instanceof AddressError && error.code === 'ERR_ADDRESS_INVALID')
      assert.ok(error.message.startsWith('BOOTSTRAP_PEERS: '))
      assert.ok(error.message.length < 500, error.message)
      return true
    })
  }

  const most = Array.from({ length: 256 }, (_, i) => `/ip4/198.51.100.1/tcp/${i + 1}`)
  assert.deepEqual((await classify({ BOOTSTRAP_PEERS: most.join(',') }))['bootstrap'], most)
})
