import type { PeerId, Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { unreachable } from '@vicinity/kademlia'
import type { Millis } from '@vicinity/kademlia'
import { FrameReader } from '@vicinity/wire'
import type { Kind } from './budgets.ts'
import { ServeError } from './errors.ts'
import type { ResetReason } from './errors.ts'
import type { Account, Answer, StreamServer } from './server.ts'

/**
 * - `reading`: waiting for the rest of a request. Left with each request, and for `closing` when the asker has closed
 *   its side or the stream has been served enough.
 * - `throttled`: a request is decoded, but its rate is used up. Left when there are tokens again.
 * - `answering`: the handler promised an answer. Left when it comes.
 * - `draining`: the last answer did not fit the transport's buffer. Left when that has drained.
 * - `closing`: our side is closed, the asker's perhaps not yet. What still comes is dropped.
 * - `ended`: closed, reset, or lost with its connection. Final.
 *
 * Only `reading` looks at requests. In the others what arrives first is kept and the stream is paused: the next bytes
 * stay with the asker (yamux) or in the stream's bounded buffer (QUIC, which libp2p cannot pause).
 */
type State = 'reading' | 'throttled' | 'answering' | 'draining' | 'closing' | 'ended'

/** One inbound stream. The only listener on it, so that a request costs no closure and no promise. */
export class ServedStream<Message> {
  readonly account: Account
  readonly #server: StreamServer<Message>
  readonly #stream: Stream
  readonly #from: PeerId
  readonly #reader: FrameReader
  readonly #opened: Millis
  #state: State = 'reading'
  /** When the state was entered, or the last answer sent. */
  #since: Millis
  #messages = 0
  /** The rate that the message read last is drawn from. */
  #kind: Kind = 'request'
  /** The request that waits for its rate. */
  #held: { readonly message: Message } | undefined
  /** Since when it has been above its rate without ever catching up. */
  #throttledSince: Millis | undefined

  constructor (server: StreamServer<Message>, stream: Stream, from: PeerId, account: Account, now: Millis) {
    this.#server = server
    this.#stream = stream
    this.#from = from
    this.account = account
    this.#reader = new FrameReader(server.limits.frameBytes)
    this.#opened = now
    this.#since = now
  }

  /** Takes what has arrived while the protocol was being negotiated, and everything after. */
  begin (): void {
    const stream = this.#stream
    if (stream.readBufferLength > this.#server.limits.readAheadBytes) {
      this.reset('flooded', 'too many bytes came before the stream was served')
      return
    }

    stream.maxReadBufferLength = this.#server.limits.readAheadBytes
    stream.addEventListener('close', this)
    stream.addEventListener('drain', this)
    stream.addEventListener('remoteCloseWrite', this)
    stream.addEventListener('message', this)
    this.#closeIfDone()
  }

  /** The stream's events. Nothing may be thrown from here: an event target would make it an uncaught exception. */
  handleEvent (event: Event): void {
    switch (event.type) {
      case 'message':
        this.#take((event as StreamMessageEvent).data)
        break
      case 'drain':
        this.#drained()
        break
      case 'remoteCloseWrite':
        // a muxer may say this before the bytes that came with it
        queueMicrotask(() => { this.#closeIfDone() })
        break
      case 'close':
        this.#closed(event)
        break
      default:
        break
    }
  }

  /** The server's rates may have tokens again. */
  unthrottled (now: Millis): void {
    const held = this.#held
    if (this.#state !== 'throttled' || held === undefined) {
      return
    }

    this.#held = undefined
    this.#enter('reading', now)
    this.#admit(held.message, now)
    this.#read(now)
  }

  /** Ends what has gone on for too long. */
  check (now: Millis): void {
    const { limits } = this.#server
    const waited = now - this.#since
    switch (this.#state) {
      case 'reading':
        this.#checkReading(now, waited)
        break
      case 'throttled':
        if (now - (this.#throttledSince ?? now) >= limits.throttle) {
          this.reset('throttled', 'the peer asks more than its rate allows')
        }

        break
      case 'answering':
        if (now - this.#opened >= limits.age) {
          this.reset('refused', 'no answer was found in time')
        }

        break
      case 'draining':
        if (waited >= limits.idle) {
          this.reset('stalled', 'the peer does not take its answer')
        }

        break
      case 'closing':
        if (waited >= limits.linger) {
          this.reset('stalled', 'the peer does not close its side')
        }

        break
      case 'ended':
        break
      default:
        unreachable(this.#state)
    }
  }

  reset (reason: ResetReason, message: string, cause?: unknown): void {
    if (this.#state === 'ended') {
      return
    }

    const error = new ServeError(reason, message, cause)
    this.#server.counters.resets[reason]++
    this.#server.log('reset the stream of %p - %e', this.#from, error)
    this.#end()
    this.#stream.abort(error)
  }

  #take (data: StreamMessageEvent['data']): void {
    switch (this.#state) {
      case 'reading':
        this.#push(data)
        this.#read(this.#server.now())
        break
      case 'throttled':
      case 'answering':
      case 'draining':
        this.#push(data)
        if (this.#stream.readStatus === 'readable') {
          this.#stream.pause()
        }

        break
      case 'closing':
      case 'ended':
        break
      default:
        unreachable(this.#state)
    }
  }

  #push (data: StreamMessageEvent['data']): void {
    try {
      this.#reader.push(data)
    } catch (error) {
      this.reset('malformed', 'a request could not be read', error)
    }
  }

  /** Serves every request that is here, until one must wait. */
  #read (now: Millis): void {
    while (this.#state === 'reading') {
      const message = this.#next()
      if (message === undefined) {
        break
      }

      this.#admit(message, now)
    }

    if (this.#state !== 'reading') {
      return
    }

    if (this.#stream.readStatus === 'paused') {
      // hands over at once what had gathered, and so comes back here
      this.#stream.resume()
    }

    if (this.#state === 'reading') {
      this.#throttledSince = undefined
      this.#closeIfDone()
    }
  }

  #next (): Message | undefined {
    const { handler } = this.#server
    try {
      const body = this.#reader.next()
      if (body === undefined) {
        return undefined
      }

      const message = handler.decode(body, this.#from)
      this.#kind = handler.kind(message)
      return message
    } catch (error) {
      this.reset('malformed', 'a request could not be read', error)
      return undefined
    }
  }

  /** Serves the request if its rate allows, otherwise keeps it until it does. */
  #admit (message: Message, now: Millis): void {
    const wait = this.#server.draw(this.account, this.#kind, now)
    if (wait === 0) {
      this.#serve(message, now)
      return
    }

    if (this.#throttledSince === undefined) {
      this.#throttledSince = now
      this.#server.counters.throttled++
    }

    this.#held = { message }
    this.#enter('throttled', now)
    this.#server.throttle(this, now, wait)
  }

  #serve (message: Message, now: Millis): void {
    this.#server.counters.requests++
    try {
      const answer = this.#server.handler.answer(message, this.#from)
      if (answer instanceof Promise) {
        this.#enter('answering', now)
        this.#await(answer)
      } else {
        this.#reply(answer, now)
      }
    } catch (error) {
      this.reset('refused', 'a request was refused', error)
    }
  }

  #await (promise: Promise<Answer>): void {
    promise.then(answer => {
      if (this.#state === 'answering') {
        const now = this.#server.now()
        this.#enter('reading', now)
        this.#reply(answer, now)
        this.#read(now)
      }
    }).catch((error: unknown) => {
      this.reset('refused', 'a request was refused', error)
    })
  }

  /** Sends an answer, if there is one. Throws when the stream takes none any more. */
  #reply (answer: Answer, now: Millis): void {
    this.#since = now
    this.#messages++
    if (answer !== undefined) {
      this.#server.counters.answers++
      if (!this.#stream.send(answer) && this.#state === 'reading') {
        this.#enter('draining', now)
      }
    }

    if (this.#messages >= this.#server.limits.messages) {
      this.#retire(now)
    }
  }

  #drained (): void {
    if (this.#state !== 'draining') {
      return
    }

    if (this.#stream.writeBufferLength === 0) {
      this.#readOn()
      return
    }

    // the stream sends the rest in a microtask that it has queued before this one, and may fill up again
    queueMicrotask(() => {
      if (this.#state === 'draining' && !this.#stream.writableNeedsDrain) {
        this.#readOn()
      }
    })
  }

  #readOn (): void {
    const now = this.#server.now()
    this.#enter('reading', now)
    this.#read(now)
  }

  #checkReading (now: Millis, waited: Millis): void {
    const { limits } = this.#server
    if (waited >= limits.idle && this.#reader.buffered > 0) {
      this.reset('stalled', 'the peer does not finish its request')
    } else if (waited >= limits.idle || now - this.#opened >= limits.age) {
      this.#retire(now)
    }
  }

  /** Enough was served: closes a stream that is well. */
  #retire (now: Millis): void {
    if (this.#state !== 'ended' && this.#state !== 'closing') {
      this.#server.counters.retired++
      this.#close(now)
    }
  }

  #closeIfDone (): void {
    const stream = this.#stream
    if (this.#state !== 'reading' || stream.remoteWriteStatus === 'writable' || stream.readBufferLength > 0) {
      return
    }

    if (this.#reader.buffered > 0) {
      this.reset('malformed', 'the stream ended within a request')
    } else {
      this.#close(this.#server.now())
    }
  }

  #close (now: Millis): void {
    this.#enter('closing', now)
    this.#stream.close().catch((error: unknown) => {
      this.reset('stalled', 'the stream could not be closed', error)
    })
  }

  #closed (event: StreamCloseEvent): void {
    if (this.#state !== 'ended' && event.error?.name === 'StreamBufferError') {
      this.#server.counters.resets.flooded++
    }

    this.#end()
  }

  #end (): void {
    this.#state = 'ended'
    this.#held = undefined
    this.#server.forget(this)
  }

  #enter (state: State, now: Millis): void {
    this.#state = state
    this.#since = now
  }
}
