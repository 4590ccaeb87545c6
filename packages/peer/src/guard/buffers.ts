/**
 * The bytes that wait in connections: read and not yet handled, or written and not yet taken by the peer.
 *
 * A connection is looked at after every `bufferStepBytes` that it sends, and all of them every `intervalMs`. One that holds more
 * than its share is ended; if all together hold too much, the one that holds most is.
 */
import type { MessageStream } from '@libp2p/interface'
import { Timer } from '../timer.ts'
import { guardLimits } from './limits.ts'

/** All connections are checked this often. */
const intervalMs = 250

/** A connection with all that buffers bytes in it. */
export interface Buffering {
  readonly parts: () => Iterable<Pick<MessageStream, 'readBufferLength' | 'writeBufferLength'>>
  abort(error: Error): void
}

export class Buffers {
  readonly #limits: Pick<typeof guardLimits, 'connectionBufferBytes' | 'nodeBufferBytes'>
  /** The bytes of each connection at the last look. */
  readonly #held = new Map<Buffering, number>()
  readonly #timer = new Timer(() => this.#round())

  constructor(limits: Pick<typeof guardLimits, 'connectionBufferBytes' | 'nodeBufferBytes'> = guardLimits) {
    this.#limits = limits
  }

  start(): void {
    this.#timer.start(intervalMs)
  }

  stop(): void {
    this.#timer.stop()
  }

  add(connection: Buffering): void {
    this.#held.set(connection, 0)
  }

  remove(connection: Buffering): void {
    this.#held.delete(connection)
  }

  /** Looks at one connection, and ends it if it holds too much. */
  check(connection: Buffering): void {
    if (!this.#held.has(connection)) {
      return
    }

    let bytes = 0
    for (const { readBufferLength, writeBufferLength } of connection.parts()) {
      bytes += readBufferLength + writeBufferLength
    }

    this.#held.set(connection, bytes)
    if (bytes > this.#limits.connectionBufferBytes) {
      this.#end(connection, `${bytes} bytes wait in the connection`)
    }
  }

  #round(): number {
    for (const connection of [...this.#held.keys()]) {
      this.check(connection)
    }

    let total = [...this.#held.values()].reduce((sum, bytes) => sum + bytes, 0)
    while (total > this.#limits.nodeBufferBytes) {
      const [most, bytes] = [...this.#held].reduce((a, b) => (a[1] >= b[1] ? a : b))
      this.#end(most, `${total} bytes wait in all connections, and most in this one`)
      total -= bytes
    }

    return intervalMs
  }

  #end(connection: Buffering, why: string): void {
    this.#held.delete(connection)
    connection.abort(new Error(why))
  }
}
