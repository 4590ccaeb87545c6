/** Speaking the DHT's protocol by hand: raw streams to a node, and servers that answer what a test says. */
import type { Libp2p, Stream } from '@libp2p/interface'
import { decodeMessage, encodeFrame, FrameReader } from '@vicinity/wire'
import type { OutgoingMessage, WireMessage } from '@vicinity/wire'
import { protocol } from './nodes.ts'

/** A stream to a node: what is sent on it, what comes back, and how it ends. */
export class RawStream {
  readonly stream: Stream
  readonly ended: Promise<'closed' | 'reset'>
  readonly #reader = new FrameReader(1024 * 1024)
  readonly #frames: Uint8Array[] = []
  #wanted: ((frame: Uint8Array) => void) | undefined

  constructor(stream: Stream) {
    this.stream = stream
    const { promise, resolve } = Promise.withResolvers<'closed' | 'reset'>()
    this.ended = promise
    stream.addEventListener('message', ({ data }) => {
      this.#reader.push(data)
      for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
        this.#frames.push(frame.slice())
      }
      this.#deliver()
    })
    stream.addEventListener('close', ({ error }) => resolve(error === undefined ? 'closed' : 'reset'))
    if (stream.status !== 'open') {
      resolve(stream.status === 'closed' ? 'closed' : 'reset')
    }
  }

  /** How many answers have come that nobody has taken. */
  get waiting(): number {
    return this.#frames.length
  }

  sendBytes(bytes: Uint8Array): void {
    this.stream.send(bytes)
  }

  send(message: OutgoingMessage): void {
    this.stream.send(encodeFrame(message))
  }

  /** The next answer. Rejects when the stream ends first. */
  async answer(): Promise<WireMessage> {
    const frame = new Promise<Uint8Array>(resolve => {
      this.#wanted = resolve
      this.#deliver()
    })
    const ended = this.ended.then(how => {
      throw new Error(`the stream was ${how} before it was answered`)
    })
    return decodeMessage(await Promise.race([frame, ended]))
  }

  async ask(message: OutgoingMessage): Promise<WireMessage> {
    this.send(message)
    return await this.answer()
  }

  #deliver(): void {
    const frame = this.#wanted === undefined ? undefined : this.#frames.shift()
    if (frame !== undefined) {
      this.#wanted?.(frame)
      this.#wanted = undefined
    }
  }
}

/** A stream on the connection that there is, or on one to where the other listens. */
export async function openRaw(from: Libp2p, to: Libp2p): Promise<RawStream> {
  const connection = from.getConnections(to.peerId)[0] ?? (await from.dial(to.getMultiaddrs()))
  return new RawStream(await connection.newStream(protocol))
}

/** What a server of a test does with a request: a message, bytes as they are, a reset, or nothing for ever. */
export type Reply = OutgoingMessage | Uint8Array | 'reset' | 'silence'

/** Serves the DHT's protocol on a node that has none, with a test's own answers. @returns what it has been asked. */
export async function answering(node: Libp2p, reply: (request: WireMessage) => Reply): Promise<WireMessage[]> {
  const asked: WireMessage[] = []
  await node.handle(
    protocol,
    stream => {
      const reader = new FrameReader(1024 * 1024)
      stream.addEventListener('message', ({ data }) => {
        reader.push(data)
        for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
          const request = decodeMessage(frame.slice())
          asked.push(request)
          respond(stream, reply(request))
        }
      })
      stream.addEventListener('remoteCloseWrite', () => {
        stream.close().catch(() => {})
      })
    },
    { maxInboundStreams: 1_000 }
  )
  return asked
}

function respond(stream: Stream, reply: Reply): void {
  if (reply === 'reset') {
    stream.abort(new Error('as the test wants it'))
  } else if (reply instanceof Uint8Array) {
    stream.send(reply)
  } else if (reply !== 'silence') {
    stream.send(encodeFrame(reply))
  }
}
