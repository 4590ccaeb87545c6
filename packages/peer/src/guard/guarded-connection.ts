/**
 * One connection under guard, from its first byte on: what it causes runs on behalf of it, the bytes that wait in it are
 * counted, and its handshake is answered only so often.
 */
import type { MessageStream, MultiaddrConnection, StreamMuxer } from '@libp2p/interface'
import type { Buffering, Buffers } from './buffers.ts'
import { onBehalfOf, release } from './escapes.ts'
import { guardLimits } from './limits.ts'
import { completeWebSocket } from './websocket-connection.ts'
import { wrap } from './wrap.ts'

/** As much of a connection's inside as is wrapped. */
interface Inside {
  onData(bytes: { readonly byteLength: number }): void
}

export class GuardedConnection implements Buffering {
  readonly #connection: MultiaddrConnection
  readonly #buffers: Buffers
  #encrypted: MessageStream | undefined
  #muxer: StreamMuxer | undefined
  /** Bytes since the buffers were looked at. */
  #received = 0
  #answers = 0

  constructor(connection: MultiaddrConnection, buffers: Buffers) {
    this.#connection = connection
    this.#buffers = buffers
    limitBuffers(connection)
    completeWebSocket(connection)
    wrap(connection as unknown as Inside, 'onData', take => bytes => {
      onBehalfOf(connection, () => {
        take(bytes)
        this.#count(bytes.byteLength)
      })
    })
    wrap(connection, 'send', send => bytes => {
      this.#answer()
      return send(bytes)
    })
    buffers.add(this)
    connection.addEventListener('close', () => {
      buffers.remove(this)
      release(connection)
    })
  }

  /** The handshake is over: from now on streams hold bytes. */
  muxed(muxer: StreamMuxer, encrypted: MessageStream): void {
    this.#muxer = muxer
    this.#encrypted = encrypted
    limitBuffers(encrypted)
  }

  *parts(): Iterable<MessageStream> {
    yield this.#connection
    if (this.#encrypted !== undefined) {
      yield this.#encrypted
    }
    yield* this.#muxer?.streams ?? []
  }

  abort(error: Error): void {
    this.#connection.abort(error)
  }

  #count(bytes: number): void {
    this.#received += bytes
    if (this.#received >= guardLimits.bufferStepBytes) {
      this.#received = 0
      this.#buffers.check(this)
    }
  }

  #answer(): void {
    if (this.#muxer === undefined && ++this.#answers > guardLimits.negotiationAnswers) {
      this.abort(new Error(`the handshake did not end after ${guardLimits.negotiationAnswers} answers`))
    }
  }
}

/** Ends a stream in which more waits to be read, or to be sent, than any honest peer lets wait. */
function limitBuffers(stream: MessageStream): void {
  stream.maxReadBufferLength = guardLimits.connectionBufferBytes
  stream.maxWriteBufferLength = guardLimits.connectionBufferBytes
}
