/**
 * A stream muxer that a stranger cannot exhaust: of any transport, bounds on its streams; of yamux, bounds on its frames.
 *
 * The muxers of js-libp2p have no such options, so their methods are wrapped. `wrap` throws where a method is missing,
 * which a new version of a muxer shows in every test.
 */
import type { MessageStream, MultiaddrConnection, Stream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { guardLimits } from './limits.ts'
import { endBothHalves, endWithReset } from './quic.ts'
import type { NativeStream } from './quic.ts'
import { Tokens } from './tokens.ts'
import { wrap } from './wrap.ts'

/** Where the guard of one connection reports to. */
export interface MuxerHooks {
  /** The muxer stands: from now on its streams hold bytes. */
  muxed(connection: MultiaddrConnection, muxer: StreamMuxer, encrypted: MessageStream): void
}

/** As much of a muxer's inside as is wrapped. */
interface Inside {
  onRemoteStream?: (stream: Stream) => void
  onInboundStream?: (stream: unknown) => void
  cleanUpStream(stream: Stream): void
  onData(bytes: unknown): void
  send(bytes: unknown): boolean
  handleFrame(frame: unknown): void
  readonly decoder: { readonly buffer: FrameBuffer; readFrame(): unknown }
}

interface FrameBuffer {
  readonly byteLength: number
  append(bytes: unknown): void
  get(index: number): number
}

/** The muxers that the factory makes for `connection` are guarded. */
export function guardMuxers(factory: StreamMuxerFactory, connection: MultiaddrConnection, hooks: MuxerHooks): StreamMuxerFactory {
  return {
    protocol: factory.protocol,
    createStreamMuxer: encrypted => {
      const muxer = factory.createStreamMuxer(encrypted)
      guardMuxer(muxer, connection, encrypted)
      hooks.muxed(connection, muxer, encrypted)
      return muxer
    }
  }
}

function guardMuxer(muxer: StreamMuxer, connection: MultiaddrConnection, encrypted: MessageStream): void {
  guardStreams(muxer, connection)
  if (muxer.protocol.startsWith('/yamux/')) {
    guardFrames(muxer, connection, encrypted)
  }
}

/** Ends a connection whose peer opens too many streams, opens them too fast, or never says what they are for. */
function guardStreams(muxer: StreamMuxer, connection: MultiaddrConnection): void {
  const opened = new Tokens(guardLimits.streamsOpened)
  const inside = muxer as unknown as Inside
  const name = inside.onInboundStream === undefined ? 'onRemoteStream' : 'onInboundStream'
  // Called for every stream, of either direction, before anybody hears of it.
  wrap(inside, 'cleanUpStream', cleanUp => stream => {
    if (stream.direction === 'inbound') {
      limitNegotiation(stream, connection)
    }
    if (muxer.protocol === 'quic') {
      endBothHalves(stream)
    }
    cleanUp(stream)
  })
  wrap(inside, name, accept => (stream: unknown) => {
    const unnegotiated = muxer.streams.reduce((sum, { protocol }) => sum + (protocol === '' ? 1 : 0), 0)
    const why =
      unnegotiated >= guardLimits.unnegotiatedStreams
        ? `${unnegotiated} streams agree on no protocol`
        : muxer.streams.length >= guardLimits.streamsPerConnection
          ? `${muxer.streams.length} streams are open`
          : opened.take()
            ? undefined
            : 'streams are opened too fast'
    if (why === undefined) {
      if (muxer.protocol === 'quic') {
        endWithReset(stream as NativeStream, muxer)
      }
      accept(stream as never)
    } else {
      connection.abort(new Error(why))
    }
  })
}

/** Ends a connection whose peer says more than a few names before a stream has a protocol. */
function limitNegotiation(stream: Stream, connection: MultiaddrConnection): void {
  let received = 0
  let answers = 0
  wrap(stream as unknown as { onData(bytes: { readonly byteLength: number }): void }, 'onData', take => bytes => {
    if (stream.protocol === '') {
      received += bytes.byteLength
    }
    if (received > guardLimits.negotiationBytes) {
      connection.abort(new Error(`more than ${guardLimits.negotiationBytes} bytes came before a protocol was agreed on`))
    } else {
      take(bytes)
    }
  })
  wrap(stream, 'send', send => bytes => {
    if (stream.protocol === '' && ++answers > guardLimits.negotiationAnswers) {
      connection.abort(new Error(`no protocol was agreed on after ${guardLimits.negotiationAnswers} answers`))
    }

    return send(bytes)
  })
}

/**
 * Frames are handled in turns and at a rate. The length of a frame is bounded by the largest window before it is waited
 * for. A frame that is to be sent on a connection that has ended is dropped: yamux sends from microtasks and timers,
 * where an error has nobody to catch it.
 */
function guardFrames(muxer: StreamMuxer, connection: MultiaddrConnection, encrypted: MessageStream): void {
  const inside = muxer as unknown as Inside
  const tokens = new Tokens(guardLimits.frames)
  const { decoder } = inside
  let waiting: ReturnType<typeof setTimeout> | undefined

  const end = (error: unknown): void => {
    const reason = error instanceof Error ? error : new Error(String(error))
    muxer.abort(reason)
    connection.abort(reason)
  }
  const handle = (): void => {
    for (let frames = 0; frames < guardLimits.framesPerTurn && connection.status === 'open'; frames++) {
      checkLength(decoder.buffer)
      if (tokens.waitMs() > 0) {
        break
      }

      const frame = decoder.readFrame()
      if (frame === undefined) {
        return
      }

      tokens.draw(1)
      inside.handleFrame(frame)
    }

    if (connection.status === 'open') {
      encrypted.pause()
      waiting = setTimeout(resume, tokens.waitMs(guardLimits.framesPerTurn / 4))
    }
  }
  const resume = (): void => {
    waiting = undefined
    try {
      handle()
      if (waiting === undefined && connection.status === 'open') {
        encrypted.resume()
      }
    } catch (error) {
      end(error)
    }
  }

  wrap(inside, 'onData', () => bytes => {
    decoder.buffer.append(bytes)
    if (waiting === undefined) {
      handle()
    }
  })
  wrap(inside, 'send', send => bytes => {
    return encrypted.status === 'open' && connection.status === 'open' && send(bytes)
  })
  connection.addEventListener('close', () => {
    clearTimeout(waiting)
  })
}

/** Throws when the next frame is longer than any window that we give. */
function checkLength(buffer: FrameBuffer): void {
  if (buffer.byteLength < headerBytes || buffer.get(1) !== dataFrame) {
    return
  }

  const length = ((buffer.get(8) << 24) | (buffer.get(9) << 16) | (buffer.get(10) << 8) | buffer.get(11)) >>> 0
  if (length > guardLimits.windowBytes) {
    throw new Error(`a frame of ${length} bytes is longer than the window of ${guardLimits.windowBytes}`)
  }
}

const headerBytes = 12
const dataFrame = 0
