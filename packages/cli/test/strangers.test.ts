/** Small inputs of strangers that ended the process once: each of them ends a connection, and the node goes on. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createLibp2p } from 'libp2p'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { startNode } from './fixtures/node.ts'
import { Process } from './fixtures/process.ts'
import { kademliaProtocol } from './fixtures/stock-peer.ts'
import { writeWebSocketFrame } from './mutations/mutate-websocket.ts'
import { nonsense } from './mutations/nonsense.ts'
import { within } from './mutations/patience.ts'
import { joinBytes, rst, windowFrame } from './mutations/yamux.ts'
import type { AddressInfo, Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { Connection, Libp2p, MessageStream, Stream } from '@libp2p/interface'
import type { Ping } from '@libp2p/ping'
import type { RunningNode } from './fixtures/node.ts'

type Stranger = Libp2p<{ identify: unknown; ping: Ping }>

async function startStranger(t: TestContext, listen: readonly string[] = []): Promise<Stranger> {
  const stranger = await createLibp2p({
    addresses: { listen: [...listen] },
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

/** A new peer connects and is answered; the exit code and the output are in the failure. */
async function assertLives(t: TestContext, node: RunningNode): Promise<void> {
  const stranger = await startStranger(t)
  const answered = stranger.services.ping.ping(multiaddr(node.address)).then(() => 'answered')
  const outcome = await answered.catch(async (error: unknown) => {
    // A process that ends closes its sockets before its exit is seen.
    await within(1_000, node.process.exit)
    return String(error)
  })
  assert.equal(outcome, 'answered', node.process.report())
}

const text = new TextEncoder()
const badText = Uint8Array.of(0xc3, 0x28)

/** Wrong frames, unmasked as a server's or masked as a client's. */
function badFrames(mask: Uint8Array | undefined): Array<readonly [string, Uint8Array]> {
  const payload = Uint8Array.of(1, 2, 3, 4)
  const wrongMask = mask === undefined ? Uint8Array.of(1, 2, 3, 4) : undefined
  return [
    ['a reserved bit', writeWebSocketFrame({ first: 0xc2, mask, payload })],
    ['the wrong mask bit', writeWebSocketFrame({ first: 0x82, mask: wrongMask, payload })],
    ['a declared length of 2^40', writeWebSocketFrame({ first: 0x82, mask, payload, declared: 2 ** 40 })],
    ['a declared length of 2^63', joinBytes([Uint8Array.of(0x82, mask === undefined ? 0x7f : 0xff, 0x80), new Uint8Array(11)])],
    ['an opcode that does not exist', writeWebSocketFrame({ first: 0x83, mask, payload })],
    ['a continuation of nothing', writeWebSocketFrame({ first: 0x80, mask, payload })],
    ['a fragmented control frame', writeWebSocketFrame({ first: 0x09, mask, payload })],
    ['a control frame of 126 bytes', writeWebSocketFrame({ first: 0x89, mask, payload: new Uint8Array(126) })],
    ['a close code of 999', writeWebSocketFrame({ first: 0x88, mask, payload: Uint8Array.of(0x03, 0xe7) })],
    ['a close frame of one byte', writeWebSocketFrame({ first: 0x88, mask, payload: Uint8Array.of(3) })],
    ['text that is not UTF-8', writeWebSocketFrame({ first: 0x81, mask, payload: badText })],
    ['a close reason that is not UTF-8', writeWebSocketFrame({ first: 0x88, mask, payload: Uint8Array.of(3, 0xe8, ...badText) })],
    ['rubbish', text.encode('no frame at all, and none that follows')]
  ]
}

const upgradeRequest = [
  'GET / HTTP/1.1',
  'Host: 127.0.0.1',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  '\r\n'
].join('\r\n')

/** Writes a valid upgrade and a frame; resolves when the node has closed the socket. */
async function sendFrame(address: string, frame: Uint8Array): Promise<void> {
  const [, port] = /\/tcp\/(\d+)/.exec(address) ?? []
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  socket.write(upgradeRequest)
  await once(socket, 'data')
  socket.write(frame)
  // A frame that announces more than follows is ended by us.
  socket.end()
  await closed
}

test('a bad WebSocket frame of a client ends its connection', async t => {
  const start = async (): Promise<RunningNode> =>
    await startNode(t, ['--listen', '/ip4/127.0.0.1/tcp/0', '--listen', '/ip4/127.0.0.1/tcp/0/ws'])
  let node = await start()
  for (const [name, frame] of badFrames(Uint8Array.of(1, 2, 3, 4))) {
    await t.test(name, async () => {
      const address = (await node.process.errorLine(/^Listening on .*\/ws/)).replace(/^Listening on /, '')
      await sendFrame(address, frame)
      await assertLives(t, node).catch(async (error: unknown) => {
        node = await start()
        throw error
      })
    })
  }
})

/** Answers upgrades, and sends the frame after each. */
async function serveFrame(t: TestContext, frame: Uint8Array): Promise<{ port: number; served: Promise<void> }> {
  const server = createServer()
  const sockets = new Set<Socket>()
  const served = new Promise<void>(resolve => {
    server.on('connection', socket => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => resolve())
      socket.once('data', (request: Buffer) => {
        const key = /sec-websocket-key: ([^\r]*)/i.exec(request.toString('latin1'))?.[1] ?? ''
        const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
        const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
        socket.end(joinBytes([text.encode(head), frame]))
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) {
      socket.destroy()
    }
  })
  return { port: (server.address() as AddressInfo).port, served }
}

test('a bad WebSocket frame of a server ends the dial', async t => {
  const servers = await Promise.all(
    badFrames(undefined).map(async ([name, frame]) => ({ name, ...(await serveFrame(t, frame)) }))
  )
  const dial = servers.flatMap(({ port }) => ['--dial', `/ip4/127.0.0.1/tcp/${port}/ws`])
  const node = await startNode(t, dial)
  for (const { name, served } of servers) {
    await t.test(name, async () => {
      await served
      await assertLives(t, node)
    })
  }
})

const webrtcText = fileURLToPath(new URL('./fixtures/webrtc-text.ts', import.meta.url))

// Text is taken for the length of an array: one too long throws where nobody catches, a shorter one is read to its end.
for (const length of ['99999999999999', '20000000']) {
  test(`text on a WebRTC data channel: ${length}`, async t => {
    const node = await startNode(t, ['--listen', '/ip4/127.0.0.1/tcp/0', '--listen', '/ip4/127.0.0.1/udp/0/webrtc-direct'])
    const address = (await node.process.errorLine(/^Listening on .*webrtc-direct/)).replace(/^Listening on /, '')
    const stranger = Process.start(t, process.execPath, ['-C', 'vicinity-source', webrtcText, address, length])
    assert.equal((await stranger.ended()).code, 0, node.process.report())
    await assertLives(t, node)
  })
}

/** The stream below the muxer of a stock peer's connection. */
function belowMuxer(connection: Connection): MessageStream {
  return (connection as unknown as { readonly muxer: { readonly maConn: MessageStream } }).muxer.maConn
}

/** An answer to FIND_NODE without peers. */
const emptyAnswer = Uint8Array.of(2, 0x08, 4)

test('a reset of a DHT stream in use, and in the same bytes what ends the connection', async t => {
  const stranger = await startStranger(t, ['/ip4/127.0.0.1/tcp/0'])
  const broken = new Promise<void>(resolve => {
    const answer = (stream: Stream, connection: Connection): void => {
      let requests = 0
      stream.addEventListener('message', () => {
        requests++
        if (requests === 1) {
          stream.send(emptyAnswer)
        } else if (requests === 2) {
          belowMuxer(connection).send(joinBytes([windowFrame(Number(stream.id), 0, rst), nonsense]))
          connection.addEventListener('close', () => resolve())
        }
      })
    }
    void stranger.handle(kademliaProtocol, answer)
  })
  const [address] = stranger.getMultiaddrs()
  const node = await startNode(t, ['--bootstrap', String(address)])
  await broken
  await assertLives(t, node)
})
