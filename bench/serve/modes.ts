/** The four ways in which a server is asked, by a requester that does as little else as it can. */
import type { Connection, Stream } from '@libp2p/interface'
import { encodeFrame, FrameReader } from '@vicinity/wire'
import { askedKeys, protocol } from './scene.ts'

export interface Mode {
  readonly name: string
  readonly parallel: number
  /** Whether streams are used again, or each request has its own. */
  readonly reused: boolean
}

export const modes: readonly Mode[] = [
  { name: 'sequential, reused stream', parallel: 1, reused: true },
  { name: '16 parallel, reused streams', parallel: 16, reused: true },
  { name: 'sequential, new stream each', parallel: 1, reused: false },
  { name: '16 parallel, new stream each', parallel: 16, reused: false }
]

const frames = askedKeys(64).map(key => encodeFrame({ type: 'FIND_NODE', key }))

/** A stream that is asked one thing at a time. */
class Asker {
  readonly #stream: Stream
  readonly #reader = new FrameReader(1 << 20)
  #answered: ((body: Uint8Array | undefined) => void) | undefined
  #failed: ((error: Error) => void) | undefined

  constructor(stream: Stream) {
    this.#stream = stream
    stream.addEventListener('message', event => {
      this.#reader.push(event.data)
      const body = this.#reader.next()
      if (body !== undefined) {
        this.#answered?.(body)
      }
    })
    stream.addEventListener('remoteCloseWrite', () => {
      this.#answered?.(undefined)
    })
    stream.addEventListener('close', event => {
      this.#failed?.(event.error ?? new Error('the stream was closed'))
    })
  }

  /** The answer; none when the server will answer no more on this stream, as servers do after some number. */
  async ask(frame: Uint8Array): Promise<Uint8Array | undefined> {
    if (this.#stream.remoteWriteStatus !== 'writable') {
      return undefined
    }

    return await new Promise((resolve, reject) => {
      this.#answered = resolve
      this.#failed = reject
      this.#stream.send(frame)
    })
  }

  close(): void {
    this.#answered = undefined
    this.#failed = undefined
    void this.#stream.close()
  }
}

/** How many requests were answered, and in how many milliseconds. */
export interface Measured {
  readonly requests: number
  readonly elapsedMs: number
  /** The last answer, so that it can be seen to be one. */
  readonly sample: Uint8Array
}

/** Asks for `durationMs`, and no fewer than `parallel` times. */
export async function ask(connection: Connection, mode: Mode, durationMs: number): Promise<Measured> {
  let requests = 0
  let sample: Uint8Array = new Uint8Array(0)
  const begun = performance.now()
  const until = begun + durationMs
  await Promise.all(
    Array.from({ length: mode.parallel }, async (_, lane) => {
      let asker: Asker | undefined
      for (let i = lane; i === lane || performance.now() < until; i++) {
        asker ??= new Asker(await connection.newStream(protocol, { maxOutboundStreams: 1_000 }))
        const answer = await asker.ask(frames[i % frames.length] ?? new Uint8Array(0))
        if (answer !== undefined) {
          sample = answer
          requests++
        }

        if (!mode.reused || answer === undefined) {
          asker.close()
          asker = undefined
        }
      }

      asker?.close()
    })
  )
  return { requests, elapsedMs: performance.now() - begun, sample }
}
