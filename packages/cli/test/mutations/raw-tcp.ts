/** Cases over TCP: bytes written to the victim, or to the victim that dialled. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { Counter, within } from './patience.ts'
import { nonsense } from './nonsense.ts'
import type { AddressInfo, Socket } from 'node:net'
import type { Case, Piece } from './cases.ts'
import type { CaseServer } from './raw.ts'

/** How long a piece waits for the chunk that it answered, and the socket for its end. */
const answerMs = 20
const closeMs = 60

export async function dialTcp(port: number, one: Case): Promise<void> {
  // Limits count by host: with Linux all of 127.0.0.0/8 is loopback.
  const localAddress = process.platform === 'linux' ? `127.0.0.${1 + (one.index % 250)}` : '127.0.0.1'
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  await playSocket(socket, one)
}

/** Listens for one connection, and writes the case to it. */
export async function serveTcp(one: Case): Promise<CaseServer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const done = new Promise<void>(resolve => {
    let isServed = false
    server.on('connection', socket => {
      if (isServed) {
        // The victim tries again.
        socket.destroy()
        return
      }
      isServed = true
      playSocket(socket, one).then(resolve, resolve)
    })
    server.once('close', resolve)
  })
  return { port: (server.address() as AddressInfo).port, done: within(2_000, done), close: () => server.close() }
}

async function playSocket(socket: Socket, { pieces, end }: Case): Promise<void> {
  const received = new Counter()
  let request = ''
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('data', bytes => {
    request ||= bytes.toString('latin1')
    received.add()
  })
  const closed = new Promise<void>(resolve => {
    socket.once('close', () => {
      received.close()
      resolve()
    })
  })
  for (const piece of pieces) {
    await received.reach(piece.after, answerMs)
    if (socket.destroyed) {
      break
    }
    socket.write(forKey(piece, request))
  }
  await finish(socket, end, closed)
}

async function finish(socket: Socket, end: Case['end'], closed: Promise<void>): Promise<void> {
  switch (end) {
    case 'close':
      socket.end()
      break
    case 'reset':
      // The written bytes have to be read first.
      await within(closeMs / 4, closed)
      socket.resetAndDestroy()
      break
    case 'break':
      socket.end(nonsense)
      break
    case 'open':
      break
  }
  await within(closeMs, closed)
  socket.destroy()
}

const acceptOf = /(sec-websocket-accept: )[^\r]{28}/i
const keyOf = /sec-websocket-key: ([^\r]*)/i

/** A recorded answer to a WebSocket upgrade, made valid for the key of this request. */
function forKey({ bytes }: Piece, request: string): Uint8Array {
  const key = keyOf.exec(request)?.[1]
  const text = Buffer.from(bytes).toString('latin1')
  if (key === undefined || !acceptOf.test(text)) {
    return bytes
  }

  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  return Buffer.from(text.replace(acceptOf, `$1${accept}`), 'latin1')
}
