/**
 * QUIC connections of bounded memory.
 *
 * The library returns the credit of a stream when both halves have ended. It does not end the half that the other side
 * has stopped reading, so the credit was lost and streams ran out; a limit of 100,000 hid that for 6 MB a connection.
 */
import type { Stream, StreamMuxer } from '@libp2p/interface'
import { guardLimits } from './limits.ts'
import { wrap } from './wrap.ts'

/** Options of the transport. */
export const quicOptions = {
  maxConcurrentStreamLimit: guardLimits.quicStreams,
  maxStreamData: guardLimits.quicStreamBytes,
  maxConnectionData: guardLimits.quicConnectionBytes,
  handshakeTimeout: guardLimits.handshakeMs
} as const

interface StreamInside {
  sendCloseWrite(options?: unknown): Promise<void>
}

/** Makes a stream that cannot be closed properly give its credit back. */
export function endBothHalves(stream: Stream): void {
  wrap(stream as unknown as StreamInside, 'sendCloseWrite', close => async options => {
    try {
      await close(options as never)
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  })
}

/** A stream of the binding below the library's. */
export interface NativeStream {
  id(): string
  read(bytes: number): Promise<unknown>
}

/**
 * Ends a stream that its opener has reset. The library takes a reset for a proper end, and an answer that nobody reads any
 * more would keep the credit of the stream until the garbage collector finds it.
 */
export function endWithReset(native: NativeStream, muxer: StreamMuxer): void {
  wrap(native, 'read', read => async bytes => {
    try {
      return await read(bytes)
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error))
      muxer.streams.find(({ id }) => id === native.id())?.abort(reason)
      throw error
    }
  })
}
