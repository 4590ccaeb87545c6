/**
 * A TCP connection to the victim, plain or as WebSocket, with reads of exact lengths. Writes are not limited: `drained` waits
 * until the system has taken them. What is not read stays in the socket's buffers when `pause` was called.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** Bytes that came and were not taken yet. */
export class Inbox {
  #chunks: Buffer[] = []
  #bytes = 0
  #ended: Error | undefined
  #wake: (() => void) | undefined

  get bytes(): number {
    return this.#bytes
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    this.#wake?.()
  }

  end(error: Error): void {
    this.#ended ??= error
    this.#wake?.()
  }

  /** The next `count` bytes; one reader at a time. */
  async read(count: number): Promise<Buffer> {
    while (this.#bytes < count) {
      if (this.#ended !== undefined) {
        throw this.#ended
      }

      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }

    return this.#take(count)
  }

  /** Everything that came, at least one byte. */
  async readAny(): Promise<Buffer> {
    await this.read(0)
    return this.#bytes > 0 ? this.#take(this.#bytes) : await this.read(1)
  }

  #take(count: number): Buffer {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks)
    const rest = all.subarray(count)
    this.#chunks = rest.length > 0 ? [rest] : []
    this.#bytes = rest.length
    return all.subarray(0, count)
  }
}

export interface Channel {
  readonly socket: Socket
  readonly isClosed: boolean
  write(bytes: Uint8Array): void
  read(count: number): Promise<Buffer>
  /** Until the system took what was written, or the connection ended. */
  drained(): Promise<void>
  pause(): void
  destroy(): void
}

/** Plain TCP. */
export class TcpChannel implements Channel {
  readonly socket: Socket
  readonly inbox = new Inbox()

  protected constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', chunk => this.received(chunk))
    socket.on('close', () => this.inbox.end(new Error('the victim closed the connection')))
  }

  static async open(port: number): Promise<TcpChannel> {
    return new TcpChannel(await openSocket(port))
  }

  get isClosed(): boolean {
    return this.socket.destroyed
  }

  write(bytes: Uint8Array): void {
    if (!this.socket.destroyed) {
      this.socket.write(bytes)
    }
  }

  async read(count: number): Promise<Buffer> {
    return await this.inbox.read(count)
  }

  async drained(): Promise<void> {
    if (this.socket.destroyed || !this.socket.writableNeedDrain) {
      return
    }

    const { promise, resolve } = Promise.withResolvers<void>()
    this.socket.once('drain', resolve).once('close', resolve)
    await promise
    this.socket.off('drain', resolve).off('close', resolve)
  }

  pause(): void {
    this.socket.pause()
  }

  destroy(): void {
    this.socket.destroy()
  }

  protected received(chunk: Buffer): void {
    this.inbox.push(chunk)
  }
}

/** Errors end the socket, and its `close` is enough to know. */
export async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  socket.on('error', () => {})
  return socket
}
