/** The frames of a stream at the pace of a budget: a stream whose peer sends faster is not read. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { decode } from 'it-length-prefixed'
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { Tokens } from './tokens.ts'

export interface Pace {
  /** The longest frame that is waited for; a longer one ends the stream. */
  readonly frameBytesMax: number
  /** Frames a second, and their bytes. */
  readonly frames: Tokens
  readonly bytes: Tokens
  /** Called for each frame that carries nothing. */
  empty(): void
}

/** Bytes that are taken from the stream before it is paused. */
const pauseAboveBytes = 64 * 1024
/** Frames that are given before others have their turn. */
const framesPerTurn = 32

/** Each frame without its length. Throws the error that the stream ends with, or that of a frame which is too long. */
export async function* pacedFrames(stream: Stream, pace: Pace): AsyncGenerator<Uint8ArrayList, void, undefined> {
  let sinceTurn = 0
  for await (const frame of decode(chunksOf(stream), { maxDataLength: pace.frameBytesMax })) {
    pace.frames.draw(1)
    pace.bytes.draw(frame.byteLength)
    const waitMs = Math.max(pace.frames.waitMs(), pace.bytes.waitMs())
    if (waitMs > 0) {
      await sleep(waitMs, undefined, { ref: false })
      sinceTurn = 0
    } else if (++sinceTurn >= framesPerTurn) {
      await nextTurn()
      sinceTurn = 0
    }

    if (frame.byteLength === 0) {
      pace.empty()
    } else {
      yield frame
    }
  }
}

/** The stream's bytes as they come, pausing it while they are not taken. */
async function* chunksOf(stream: Stream): AsyncGenerator<Uint8Array | Uint8ArrayList, void, undefined> {
  const chunks: Array<Uint8Array | Uint8ArrayList> = []
  let waiting = 0
  let ended = false
  let error: Error | undefined
  let wake = (): void => {}

  const onMessage = ({ data }: StreamMessageEvent): void => {
    chunks.push(data)
    waiting += data.byteLength
    if (waiting > pauseAboveBytes && stream.readStatus === 'readable') {
      stream.pause()
    }
    wake()
  }
  const onEnd = (): void => {
    ended = true
    wake()
  }
  const onClose = (event: StreamCloseEvent): void => {
    error = event.error
    onEnd()
  }
  stream.addEventListener('message', onMessage)
  stream.addEventListener('end', onEnd)
  stream.addEventListener('close', onClose)
  try {
    for (;;) {
      const chunk = chunks.shift()
      if (chunk !== undefined) {
        waiting -= chunk.byteLength
        yield chunk
      } else if (ended || stream.readableEnded) {
        break
      } else if (stream.readStatus === 'paused') {
        stream.resume()
      } else {
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    }

    if (error !== undefined) {
      throw error
    }
  } finally {
    stream.removeEventListener('message', onMessage)
    stream.removeEventListener('end', onEnd)
    stream.removeEventListener('close', onClose)
  }
}
