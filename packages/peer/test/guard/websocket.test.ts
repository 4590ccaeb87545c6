/** WebSockets of strangers: bad frames on both sides, sockets that never become one, and resets. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { guardLimits } from '../../src/guard/limits.ts'
import { startedPeer } from '../network.ts'
import type { Recorded } from '../network.ts'
import { answered, startStranger } from './strangers.ts'

const loopback = multiaddr('/ip4/127.0.0.1/tcp/0/ws')

interface Frame {
  readonly first: number
  readonly payload?: Uint8Array
  /** The length that the frame says, if it lies. */
  readonly declared?: number
}

/** A frame as a client (masked with zeros) or as a server writes it. */
function frame({ first, payload = new Uint8Array(), declared = payload.length }: Frame, masked: boolean): Uint8Array {
  const header = Buffer.alloc(10)
  header.writeUInt8(first)
  header.writeUInt8(masked ? 0xff : 0x7f, 1)
  header.writeBigUInt64BE(BigInt(declared), 2)
  return Buffer.concat([header, Buffer.alloc(masked ? 4 : 0), payload])
}

const some = Buffer.from('some bytes')
/** Small frames need the short form of the length. */
const short = (first: number, payload: Uint8Array, masked: boolean): Uint8Array =>
  Buffer.concat([Uint8Array.of(first, payload.length + (masked ? 0x80 : 0)), Buffer.alloc(masked ? 4 : 0), payload])

/** Each with the code that the socket is closed with; a message that is no libp2p has none. */
const badFrames: ReadonlyArray<readonly [string, number | undefined, (masked: boolean) => Uint8Array]> = [
  ['a declared length of 2^40', 1009, masked => frame({ first: 0x82, payload: some, declared: 2 ** 40 }, masked)],
  [
    'a length above the limit',
    1009,
    masked => frame({ first: 0x82, payload: some, declared: guardLimits.webSocketMessageBytes + 1 }, masked)
  ],
  ['a reserved bit', 1002, masked => short(0xc2, some, masked)],
  ['the mask of the other side', 1002, masked => short(0x82, some, !masked)],
  ['an unknown opcode', 1002, masked => short(0x83, some, masked)],
  ['a continuation of nothing', 1002, masked => short(0x80, some, masked)],
  ['a close code that may not be sent', 1002, masked => short(0x88, Uint8Array.of(3, 0xee), masked)],
  ['text that is not UTF-8', 1007, masked => short(0x81, Uint8Array.of(0xc3, 0x28), masked)],
  ['more fragments than the limit', 1008, masked => Buffer.concat([short(0x02, some, masked), ...fragments(masked)])],
  ['a message that is no libp2p', undefined, masked => short(0x82, Uint8Array.of(0xff, 0xff, 0x03, 0), masked)]
]

/** The small frames that a peer of ours sent. */
function* framesOf(bytes: Buffer): Generator<{ readonly first: number; readonly payload: Buffer }> {
  for (let at = 0; at + 2 <= bytes.length; ) {
    const length = bytes.readUInt8(at + 1) & 0x7f
    const mask = bytes.readUInt8(at + 1) > 0x7f ? bytes.subarray(at + 2, at + 6) : Buffer.alloc(0)
    const start = at + 2 + mask.length
    const payload = bytes.subarray(start, start + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0))
    yield { first: bytes.readUInt8(at), payload: Buffer.from(payload) }
    at = start + length
  }
}

/** The code of the close frame among the frames. */
function closeCode(bytes: Buffer): number | undefined {
  const close = [...framesOf(bytes)].find(({ first }) => first === 0x88)
  return close?.payload.readUInt16BE(0)
}

/** All bytes of a socket until its end. */
async function until(closed: Promise<unknown>, socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await closed
  return Buffer.concat(chunks)
}

function fragments(masked: boolean): Uint8Array[] {
  return Array.from({ length: guardLimits.webSocketFragments }, () => short(0x00, Uint8Array.of(1), masked))
}

const upgrade = [
  'GET / HTTP/1.1',
  'Host: 127.0.0.1',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  '\r\n'
].join('\r\n')

function portOf(peer: Recorded): number {
  return Number(/\/tcp\/(\d+)/.exec(peer.addresses.join())?.[1])
}

async function socketTo(t: TestContext, peer: Recorded): Promise<{ readonly socket: Socket; readonly closed: Promise<unknown> }> {
  const socket = connect(portOf(peer), '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  const closed = new Promise(resolve => socket.on('close', resolve))
  await once(socket, 'connect')
  return { socket, closed }
}

describe('a peer that listens', () => {
  for (const [name, code, bytes] of badFrames) {
    test(`closes a WebSocket after ${name}, and serves others`, async t => {
      const peer = await startedPeer(t, { listen: [loopback] })
      const { socket, closed } = await socketTo(t, peer)
      socket.write(upgrade)
      await once(socket, 'data')
      socket.write(bytes(true))
      assert.equal(closeCode(await until(closed, socket)), code)
      await answered(await startStranger(t, [webSockets()]), peer.addresses)
    })
  }

  test('closes sockets that do not become a WebSocket', async t => {
    const peer = await startedPeer(t, { listen: [loopback] })
    const beginnings = [
      '',
      'GET',
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n',
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
      '\u0016\u0003\u0001'
    ]
    await Promise.all(
      beginnings.map(async beginning => {
        const { socket, closed } = await socketTo(t, peer)
        socket.resume()
        socket.write(beginning)
        await closed
      })
    )
    await answered(await startStranger(t, [webSockets()]), peer.addresses)
  })

  test('holds so many sockets that are no WebSocket yet, and closes the oldest for a new one', async t => {
    // No socket runs out of time.
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const peer = await startedPeer(t, { listen: [loopback] })
    const held: Array<{ readonly socket: Socket; readonly closed: Promise<unknown> }> = []
    for (let number = 0; number < guardLimits.webSocketUpgrades; number++) {
      held.push(await socketTo(t, peer))
    }
    const { socket } = await socketTo(t, peer)
    await held[0]?.closed
    // The newest one still becomes a WebSocket, and leaves its place to another.
    socket.write(upgrade)
    assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 101/)
    const late = await socketTo(t, peer)
    late.socket.write(upgrade)
    assert.match(String((await once(late.socket, 'data'))[0]), /^HTTP\/1\.1 101/)
    assert.equal(held[1]?.socket.destroyed, false)
  })

  test('closes the socket of a connection that it resets', async t => {
    const peer = await startedPeer(t, { listen: [loopback] })
    const stranger = await startStranger(t, [webSockets()])
    const theirs = await stranger.dial([...peer.addresses])
    await peer.event('connected')
    const { websocket } = (theirs as unknown as { readonly maConn: { readonly websocket: WebSocket } }).maConn
    const closed = new Promise<boolean>(resolve => {
      websocket.addEventListener('close', ({ wasClean }) => resolve(wasClean))
    })
    const [ours] = peer.libp2p.getConnections(stranger.peerId)
    const { maConn } = ours as unknown as { readonly maConn: { abort(error: Error): void } }
    maConn.abort(new Error('enough'))
    assert.equal(await closed, false)
  })
})

interface BadServer {
  readonly server: Server
  /** The bytes of the first client after the upgrade, until its socket was closed. */
  readonly sent: Promise<Buffer>
}

/** Answers an upgrade with these bytes after it; `undefined` answers nothing. */
async function serve(t: TestContext, bytes: Uint8Array | undefined): Promise<BadServer> {
  const server = createServer()
  const sent = new Promise<Buffer>(resolve => {
    server.on('connection', socket => {
      t.after(() => socket.destroy())
      socket.on('error', () => {})
      const closed = new Promise(end => socket.on('close', end))
      socket.once('data', (request: Buffer) => {
        void until(closed, socket).then(resolve)
        if (bytes !== undefined) {
          const key = /sec-websocket-key: ([^\r]*)/i.exec(request.toString('latin1'))?.[1] ?? ''
          const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
          const head = [
            'HTTP/1.1 101 Switching Protocols',
            'Upgrade: websocket',
            'Connection: Upgrade',
            `Sec-WebSocket-Accept: ${accept}`,
            '\r\n'
          ]
          socket.write(Buffer.concat([Buffer.from(head.join('\r\n')), bytes]))
        }
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { server, sent }
}

/** Aborts when the test has seen enough. */
function enough(server: Server): AbortSignal {
  const controller = new AbortController()
  server.on('enough', () => controller.abort())
  return controller.signal
}

const addressOf = (server: Server) => multiaddr(`/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}/ws`)

describe('a peer that dials', () => {
  for (const [name, code, bytes] of badFrames) {
    test(`gives up a server after ${name}, and closes its socket`, async t => {
      const peer = await startedPeer(t)
      const { server, sent } = await serve(t, bytes(false))
      await assert.rejects(peer.libp2p.dial(addressOf(server)))
      assert.equal(closeCode(await sent), code)
    })
  }

  test('reads what comes in one piece with the answer to its upgrade', async t => {
    const peer = await startedPeer(t)
    const accepted = Buffer.from('\u0013/multistream/1.0.0\n\u0007/noise\n')
    const { server } = await serve(t, short(0x82, accepted, false))
    const hello = new Promise<void>(resolve => {
      server.on('connection', socket => {
        const chunks: Buffer[] = []
        socket.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
          const sent = Buffer.concat(chunks)
          const read = Buffer.concat([...framesOf(sent.subarray(sent.indexOf('\r\n\r\n') + 4))].map(({ payload }) => payload))
          // The first message of noise comes after the protocol was agreed on.
          if (read.length >= accepted.length + 34) {
            resolve()
          }
        })
      })
    })
    await Promise.all([
      hello.then(() => server.emit('enough')),
      assert.rejects(peer.libp2p.dial(addressOf(server), { signal: enough(server) }))
    ])
  })

  test('closes the socket when the dial is given up before the upgrade', async t => {
    const peer = await startedPeer(t)
    const { server, sent } = await serve(t, undefined)
    const giveUp = new AbortController()
    server.on('connection', socket => socket.once('data', () => giveUp.abort()))
    await assert.rejects(peer.libp2p.dial(addressOf(server), { signal: giveUp.signal }))
    await sent
  })

  test('reaches a stock peer and is answered', async t => {
    const peer = await startedPeer(t, { listen: [loopback] })
    const other = await startedPeer(t)
    const connection = await other.libp2p.dial([...peer.addresses])
    assert.equal(connection.remotePeer.toString(), peer.name)
    await other.libp2p.services.ping.ping(peer.id)
  })
})

test('a connection over a WebSocket whose bytes nobody takes stops reading them', async t => {
  const peer = await startedPeer(t, { listen: [loopback] })
  const stranger = await startStranger(t, [webSockets()])
  await stranger.dial([...peer.addresses])
  await peer.event('connected')
  const [ours] = peer.libp2p.getConnections(stranger.peerId)
  const { maConn } = ours as unknown as {
    readonly maConn: { readonly websocket: { readonly isPaused: boolean }; pause(): void; resume(): void }
  }
  maConn.pause()
  assert.equal(maConn.websocket.isPaused, true)
  maConn.resume()
  assert.equal(maConn.websocket.isPaused, false)
  await answered(stranger, peer.addresses)
})
