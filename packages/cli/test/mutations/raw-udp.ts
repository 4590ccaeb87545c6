/** Cases over UDP: datagrams sent to the victim, or to the victim that dialled. */
import { boundUdp } from './relay.ts'
import { Counter, within } from './patience.ts'
import { nonsense } from './nonsense.ts'
import type { Socket } from 'node:dgram'
import type { Case } from './cases.ts'
import type { CaseServer } from './raw.ts'

const answerMs = 10
/** Recordings end in many small datagrams, which a handshake that failed never reaches. */
const datagramsMax = 24

export async function dialUdp(port: number, one: Case): Promise<void> {
  const socket = await boundUdp()
  const received = new Counter()
  socket.on('message', () => received.add())
  await send(socket, port, one, received)
  socket.close()
}

export async function serveUdp(one: Case): Promise<CaseServer> {
  const socket = await boundUdp()
  const received = new Counter()
  const done = new Promise<void>(resolve => {
    socket.on('message', (_bytes, { port }) => {
      received.add()
      if (received.value === 1) {
        send(socket, port, one, received).then(resolve, resolve)
      }
    })
  })
  return { port: socket.address().port, done: within(2_000, done), close: () => socket.close() }
}

async function send(socket: Socket, port: number, { pieces, end }: Case, received: Counter): Promise<void> {
  const ending = end === 'break' ? [{ bytes: nonsense, after: 0 }] : []
  for (const { bytes, after } of [...pieces.slice(0, datagramsMax), ...ending]) {
    await received.reach(after, answerMs)
    await new Promise<void>(resolve => {
      socket.send(bytes, port, '127.0.0.1', () => resolve())
    })
  }
  await received.quiet(answerMs)
}
