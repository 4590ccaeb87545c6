/** One stream of a session with yamux: its windows, and reads of exact lengths. */
import type { Channel } from './channel.ts'
import { Inbox } from './channel.ts'
import { flag, frameType, yamuxFrame } from './yamux.ts'

const initialWindowBytes = 256 * 1024

/** The part of a connection that its streams need. */
export interface StreamSession {
  readonly channel: Channel
  raw(...frames: readonly Uint8Array[]): void
  forget(stream: MuxedStream): void
  close(): void
}

export class MuxedStream {
  readonly id: number
  readonly session: StreamSession
  readonly #inbox = new Inbox()
  #windowBytes = initialWindowBytes
  #error: Error | undefined
  #wake: (() => void) | undefined
  /** Whether the victim may go on sending: no window is given back otherwise. */
  readsOn = true

  constructor(session: StreamSession, id: number) {
    this.session = session
    this.id = id
  }

  get isEnded(): boolean {
    return this.#error !== undefined
  }

  /** Bytes in one data frame, whatever the window says. */
  post(data: Uint8Array): void {
    this.#windowBytes -= data.length
    this.session.raw(yamuxFrame(frameType.data, flag.none, this.id, data.length, data))
  }

  /** Bytes as the window allows; resolves when the system took them. */
  async send(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length; ) {
      await this.#credit()
      const part = data.subarray(at, at + Math.min(this.#windowBytes, 64 * 1024))
      this.post(part)
      at += part.length
    }

    await this.session.channel.drained()
  }

  async read(count: number): Promise<Buffer> {
    return await this.#inbox.read(count)
  }

  async readAny(): Promise<Buffer> {
    return await this.#inbox.readAny()
  }

  async readFramed(): Promise<Buffer> {
    let length = 0
    for (let shift = 1; ; shift *= 0x80) {
      const byte = (await this.read(1)).readUInt8()
      length += (byte & 0x7f) * shift
      if (byte < 0x80) {
        return await this.read(length)
      }
    }
  }

  async readLine(): Promise<string> {
    return (await this.readFramed()).toString().trimEnd()
  }

  /** Closes our side. */
  finish(): void {
    this.session.raw(yamuxFrame(frameType.data, flag.fin, this.id, 0))
  }

  reset(): void {
    this.session.raw(yamuxFrame(frameType.window, flag.rst, this.id, 0))
    this.ended(new Error('reset by us'))
  }

  received(data: Buffer): void {
    this.#inbox.push(data)
    if (this.readsOn) {
      this.session.raw(yamuxFrame(frameType.window, flag.none, this.id, data.length))
    }
  }

  credited(bytes: number): void {
    this.#windowBytes += bytes
    this.#wake?.()
  }

  ended(error: Error): void {
    this.#error ??= error
    this.#inbox.end(error)
    this.session.forget(this)
    this.#wake?.()
  }

  async #credit(): Promise<void> {
    while (this.#windowBytes <= 0 || this.#error !== undefined) {
      if (this.#error !== undefined) {
        throw this.#error
      }

      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
  }
}
