/**
 * A connection to the victim with noise and yamux, made by hand so that any frame can be sent at any time.
 *
 * The session answers what an ordinary peer answers (yamux pings, window updates, streams whose protocol it handles), unless
 * its options say otherwise. `raw` sends any muxer bytes in one piece.
 */
import { protocolLine } from './bytes.ts'
import type { Channel } from './channel.ts'
import { Inbox } from './channel.ts'
import type { Identity } from './identity.ts'
import { secure } from './noise.ts'
import type { Secured } from './noise.ts'
import { MuxedStream } from './stream.ts'
import type { StreamSession } from './stream.ts'
import { flag, frameType, yamuxFrame } from './yamux.ts'

const multistream = '/multistream/1.0.0'

export type StreamHandler = (stream: MuxedStream) => Promise<void>

export interface SessionOptions {
  /** Handlers of streams that the victim opens, by protocol. The session refuses all others. */
  readonly handlers?: ReadonlyMap<string, StreamHandler>
  /** Answers nothing: no pings, no streams, no windows. */
  readonly isSilent?: boolean
}

export class Session implements StreamSession {
  readonly channel: Channel
  readonly identity: Identity
  readonly #secured: Secured
  readonly #options: SessionOptions
  readonly #streams = new Map<number, MuxedStream>()
  #nextStream = 1

  private constructor(channel: Channel, identity: Identity, secured: Secured, options: SessionOptions) {
    this.channel = channel
    this.identity = identity
    this.#secured = secured
    this.#options = options
    void this.#receive()
  }

  /** Negotiates noise and yamux on a fresh channel. */
  static async start(channel: Channel, identity: Identity, options: SessionOptions = {}): Promise<Session> {
    await negotiateNoise(channel)
    return new Session(channel, identity, await secure(channel, identity), options)
  }

  get isClosed(): boolean {
    return this.channel.isClosed
  }

  get #isSilent(): boolean {
    return this.#options.isSilent === true
  }

  /** Muxer bytes as they are, encrypted in one piece and written at once. */
  raw(...frames: readonly Uint8Array[]): void {
    this.channel.write(this.#secured.seal(frames.length === 1 && frames[0] !== undefined ? frames[0] : Buffer.concat(frames)))
  }

  /** The id of the next stream of ours. */
  takeStreamId(): number {
    const id = this.#nextStream
    this.#nextStream += 2
    return id
  }

  /** A stream on which nothing was negotiated. */
  bare(): MuxedStream {
    const stream = new MuxedStream(this, this.takeStreamId())
    this.#streams.set(stream.id, stream)
    this.raw(yamuxFrame(frameType.window, flag.syn, stream.id, 0))
    return stream
  }

  /** A stream with this protocol agreed on. */
  async open(protocol: string): Promise<MuxedStream> {
    const stream = this.bare()
    stream.post(Buffer.concat([protocolLine(multistream), protocolLine(protocol)]))
    for (const expected of [multistream, protocol]) {
      const line = await stream.readLine()
      if (line !== expected) {
        throw new Error(`the victim answered ${line} to ${expected}`)
      }
    }

    return stream
  }

  forget(stream: MuxedStream): void {
    this.#streams.delete(stream.id)
  }

  close(): void {
    this.channel.destroy()
  }

  async #receive(): Promise<void> {
    const inbox = new Inbox()
    void this.#handleFrames(inbox)
    try {
      for (;;) {
        inbox.push(await this.#secured.receive())
      }
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error))
      inbox.end(reason)
      this.channel.destroy()
      for (const stream of this.#streams.values()) {
        stream.ended(reason)
      }
      this.#streams.clear()
    }
  }

  async #handleFrames(inbox: Inbox): Promise<void> {
    try {
      for (;;) {
        const header = await inbox.read(12)
        const length = header.readUInt32BE(8)
        const data = header[1] === frameType.data && length > 0 ? await inbox.read(length) : Buffer.alloc(0)
        this.#handle(header[1] ?? 0, header.readUInt16BE(2), header.readUInt32BE(4), length, data)
      }
    } catch {
      // the connection ended
    }
  }

  #handle(type: number, flags: number, id: number, length: number, data: Buffer): void {
    if (type === frameType.ping && (flags & flag.syn) !== 0 && !this.#isSilent) {
      this.raw(yamuxFrame(frameType.ping, flag.ack, 0, length))
    }

    if (id === 0) {
      return
    }

    if ((flags & flag.syn) !== 0 && !this.#isSilent) {
      const stream = new MuxedStream(this, id)
      this.#streams.set(id, stream)
      this.raw(yamuxFrame(frameType.window, flag.ack, id, 0))
      void this.#serve(stream)
    }

    const stream = this.#streams.get(id)
    if (type === frameType.window) {
      stream?.credited(length)
    } else if (data.length > 0) {
      stream?.received(data)
    }

    if ((flags & (flag.fin | flag.rst)) !== 0) {
      stream?.ended(new Error((flags & flag.rst) === 0 ? 'the victim closed the stream' : 'the victim reset the stream'))
    }
  }

  async #serve(stream: MuxedStream): Promise<void> {
    try {
      for (;;) {
        const line = await stream.readLine()
        const handler = this.#options.handlers?.get(line)
        if (line === multistream) {
          stream.post(protocolLine(multistream))
        } else if (handler === undefined) {
          stream.post(protocolLine('na'))
        } else {
          stream.post(protocolLine(line))
          await handler(stream)
          return
        }
      }
    } catch {
      // the stream ended, or its handler failed: the connection stays
    }
  }
}

export async function negotiateNoise(channel: Channel): Promise<void> {
  channel.write(Buffer.concat([protocolLine(multistream), protocolLine('/noise')]))
  for (const expected of [multistream, '/noise']) {
    const line = (await channel.read((await channel.read(1)).readUInt8())).toString().trimEnd()
    if (line !== expected) {
      throw new Error(`the victim answered ${line} to ${expected}`)
    }
  }
}
