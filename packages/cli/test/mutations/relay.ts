/** Relays on loopback between two real peers: they record what passes, or change it on its way to the victim. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { Rng } from '@vicinity/kademlia'
import { mutateBytes } from './mutate.ts'
import { mutateDatagram } from './mutate-datagram.ts'
import { mutateWebSocket } from './mutate-websocket.ts'
import { Counter } from './patience.ts'
import type { Socket as UdpSocket } from 'node:dgram'
import type { AddressInfo, Socket } from 'node:net'
import type { Layer, Piece, Relay } from './cases.ts'

export type Way = 'fromDialler' | 'fromListener'

/** Gives what is passed on instead of the bytes. */
export type Pass = (way: Way, bytes: Uint8Array) => readonly Uint8Array[]

export interface RunningRelay {
  readonly port: number
  /** The bytes that passed. */
  readonly traffic: Counter
  close(): void
}

export async function tcpRelay(port: number, pass: Pass): Promise<RunningRelay> {
  const traffic = new Counter()
  const sockets = new Set<Socket>()
  const join = (from: Socket, to: Socket, way: Way): void => {
    sockets.add(from)
    from.setNoDelay(true)
    from.on('data', bytes => {
      traffic.add()
      for (const part of pass(way, new Uint8Array(bytes))) {
        if (to.writable) {
          to.write(part)
        }
      }
    })
    from.on('end', () => to.end())
    from.on('error', () => to.destroy())
    from.on('close', () => {
      to.destroy()
      traffic.close()
    })
  }
  const server = createServer(dialler => {
    const listener = connect(port, '127.0.0.1')
    join(dialler, listener, 'fromDialler')
    join(listener, dialler, 'fromListener')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    traffic,
    close: () => {
      server.close()
      for (const socket of sockets) {
        socket.destroy()
      }
    }
  }
}

export async function boundUdp(): Promise<UdpSocket> {
  const socket = createSocket('udp4')
  socket.on('error', () => {})
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

/** For one dialler. */
export async function udpRelay(port: number, pass: Pass): Promise<RunningRelay> {
  const traffic = new Counter()
  const [front, back] = await Promise.all([boundUdp(), boundUdp()])
  let dialler: number | undefined
  front.on('message', (bytes, { port: from }) => {
    dialler = from
    traffic.add()
    for (const part of pass('fromDialler', new Uint8Array(bytes))) {
      back.send(part, port, '127.0.0.1')
    }
  })
  back.on('message', bytes => {
    traffic.add()
    for (const part of pass('fromListener', new Uint8Array(bytes))) {
      front.send(part, dialler, '127.0.0.1')
    }
  })
  return {
    port: front.address().port,
    traffic,
    close: () => {
      traffic.close()
      front.close()
      back.close()
    }
  }
}

/** Records both ways, each piece with the number of those that the other side had sent. */
export class Recorder {
  readonly fromDialler: Piece[] = []
  readonly fromListener: Piece[] = []

  readonly pass: Pass = (way, bytes) => {
    const other = way === 'fromDialler' ? this.fromListener : this.fromDialler
    this[way].push({ bytes, after: other.length })
    return [bytes]
  }
}

/** Changes one piece on its way to the victim, and each later one with some probability. */
export function mutator({ seed, at }: Relay, towardsVictim: Way, layer: Layer): Pass {
  const rng = new Rng(seed)
  let passed = 0
  return (way, bytes) => {
    if (way !== towardsVictim) {
      return [bytes]
    }

    const number = passed++
    if (number < at || (number > at && rng.float() > 0.2)) {
      return [bytes]
    }
    return change(rng, bytes, layer)
  }
}

function change(rng: Rng, bytes: Uint8Array, layer: Layer): Uint8Array[] {
  const knows = rng.float() < 0.5
  if (layer === 'websocket' && knows) {
    return [mutateWebSocket(rng, bytes)]
  }

  const isDatagram = layer === 'quic' || layer === 'webrtc'
  if (isDatagram && knows) {
    return [mutateDatagram(rng, bytes)]
  }
  if (isDatagram && rng.float() < 0.2) {
    // Lost, or come twice.
    return rng.float() < 0.5 ? [] : [bytes, bytes]
  }
  return [mutateBytes(rng, bytes)]
}
