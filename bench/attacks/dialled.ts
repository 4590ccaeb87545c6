/**
 * Attacks on the victim as the side that dials: it is told of peers whose addresses lead to listeners of ours, and what these do
 * before any handshake is the attack.
 */
import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { once } from 'node:events'
import type { Attack, Context } from './attack.ts'
import { dhtPeer, dhtServers, findNodeAnswer } from './peer.ts'
import { framed, protocolLine, tcpAddress, varint } from './wire/bytes.ts'
import { messageBytesMax, prefixed } from './wire/noise.ts'
import { opcode, webSocketFrame } from './wire/websocket.ts'

const wsCode = 477
const socketsMax = 1_000

/** Handles a connection of the victim's at a listener. */
type Reception = (context: Context, socket: Socket) => void

/** Listens, and returns the port. */
async function listen(context: Context, reception: Reception): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    context.count('dialled')
    if (sockets.size >= socketsMax) {
      socket.destroy()
      return
    }
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
    reception(context, socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.atEnd(() => {
    server.close()
    for (const socket of sockets) {
      socket.destroy()
    }
  })
  return (server.address() as AddressInfo).port
}

function dialled(name: string, fault: 1 | 3, does: string, isWebSocket: boolean, reception: Reception): Attack {
  return {
    name,
    fault,
    does: `the victim dials: ${does}`,
    run: async context => {
      const port = await listen(context, reception)
      const address = isWebSocket ? Buffer.concat([tcpAddress(port), varint(wsCode)]) : tcpAddress(port)
      await dhtServers(context, 8, async stream => {
        const peers = Array.from({ length: 20 }, () => dhtPeer(8, context.identity().id, [address]))
        await stream.send(framed(findNodeAnswer(...peers)))
      })
    }
  }
}

/** Answers an upgrade to WebSocket as it should, then does the rest. */
function afterUpgrade(rest: Reception): Reception {
  return (context, socket) => {
    let request = ''
    socket.on('data', (chunk: Buffer) => {
      request += chunk.toString('latin1')
      if (!request.includes('\r\n\r\n')) {
        return
      }
      const key = /^sec-websocket-key: (.*)$/im.exec(request)?.[1]?.trim() ?? ''
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      const lines = [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${accept}`
      ]
      socket.write(`${lines.join('\r\n')}\r\n\r\n`)
      socket.removeAllListeners('data').resume()
      context.count('upgraded')
      rest(context, socket)
    })
  }
}

const small = Buffer.from('vicinity')
const badFrames: readonly Buffer[] = [
  webSocketFrame(opcode.binary, small, { isMasked: false, declaredBytes: 2 ** 40 }),
  webSocketFrame(opcode.binary, small, { isMasked: false, reserved: 0x40 }),
  webSocketFrame(opcode.binary, small),
  webSocketFrame(3, small, { isMasked: false }),
  webSocketFrame(opcode.ping, small, { isMasked: false, isFinal: false }),
  webSocketFrame(opcode.close, Buffer.from([3]), { isMasked: false }),
  webSocketFrame(opcode.text, Buffer.from([0xff, 0xfe]), { isMasked: false }),
  webSocketFrame(opcode.continuation, small, { isMasked: false })
]

const multistream = protocolLine('/multistream/1.0.0')

export const dialledAttacks: readonly Attack[] = [
  dialled('dialled-tcp-garbage', 1, 'random bytes at once', false, ({ random }, socket) => {
    socket.write(random.bytes(1 + random.below(4_096)))
  }),
  dialled(
    'dialled-half-noise',
    1,
    'multistream-select as it should be, then garbage instead of noise, then the end',
    false,
    ({ random }, socket) => {
      socket.write(Buffer.concat([multistream, protocolLine('/noise')]))
      socket.end(
        random.below(2) === 0 ? prefixed(random.bytes(random.below(200))) : prefixed(Buffer.alloc(messageBytesMax, 0xff))
      )
    }
  ),
  dialled('dialled-reset', 1, 'a reset at once, or after multistream-select', false, ({ random }, socket) => {
    if (random.below(2) === 0) {
      socket.write(multistream)
    }
    socket.resetAndDestroy()
  }),
  dialled('dialled-silent', 1, 'connections that are taken and never answered', false, (_, socket) => {
    socket.resume()
  }),
  dialled('dialled-ws-http-garbage', 3, 'HTTP answers that are no upgrade, some malformed', true, ({ random }, socket) => {
    const answers = [
      'HTTP/1.1 200 OK\r\n\r\n',
      'HTTP/9.9 what\r\n\r\n',
      '\0\0\0\0',
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${'x'.repeat(20_000)}\r\n\r\n`
    ]
    socket.end(answers[random.below(answers.length)] ?? '')
  }),
  dialled(
    'dialled-ws-bad-frames',
    3,
    'an upgrade as it should be, then frames of every bad kind',
    true,
    afterUpgrade(({ random }, socket) => {
      socket.write(badFrames[random.below(badFrames.length)] ?? small)
    })
  ),
  dialled(
    'dialled-ws-garbage',
    3,
    'an upgrade as it should be, then random bytes',
    true,
    afterUpgrade(({ random }, socket) => {
      socket.write(random.bytes(1 + random.below(512)))
    })
  )
]
