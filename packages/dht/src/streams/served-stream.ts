import type { PeerId, Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import type { Millis } from '@vicinity/kademlia'
import { FrameReader } from '@vicinity/wire'
import type { Kind } from './budgets.ts'
import { ServeError } from './errors.ts'
import type { ResetReason } from './errors.ts'
import { overdue } from './overdue.ts'
import type { ServedState } from './overdue.ts'
import type { Account, Answer, StreamServer } from './server.ts'

/** One inbound stream. The only listener on it, so that a request costs no closure and no promise. */
export class ServedStream<Message> {
  readonly account: Account
  readonly #server: StreamServer<Message>
  readonly #stream: Stream
  readonly #from: PeerId
  readonly #reader: FrameReader
  readonly #opened: Millis
  #state: ServedState = 'reading'
  /** When the state was entered, the last answer sent, or the request begun that is not yet complete. */
  #since: Millis
  #messages = 0
  /** The rate that the message read last is drawn from. */
  #kind: Kind = 'request'
  /** The request that waits for its rate. */
  #held: { readonly message: Message } | undefined
  /** Since when it has been above its rate without ever catching up. */
  #throttledSince: Millis | undefined

  constructor(server: StreamServer<Message>, stream: Stream, from: PeerId, account: Account, now: Millis) {
    this.#server = server
    this.#stream = stream
    this.#from = from
    this.account = account
    this.#reader = new FrameReader(server.limits.frameBytes)
    this.#opened = now
    this.#since = now
  }

  /** Takes what has arrived while the protocol was being negotiated, and everything after. */
  begin(): void {
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
  handleEvent(event: Event): void {
    switch (event.type) {
      case 'message':
        this.#take((event as StreamMessageEvent).data)
        break
      case 'drain':
        this.#drained()
        break
      case 'remoteCloseWrite':
        // a muxer may say this before the bytes that came with it
        queueMicrotask(() => {
          this.#closeIfDone()
        })
        break
      case 'close':
        this.#closed(event)
        break
      default:
        break
    }
  }

  /** The server's rates may have tokens again. */
  unthrottled(now: Millis): void {
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
  check(now: Millis): void {
    const verdict = overdue(
      {
        state: this.#state,
        age: now - this.#opened,
        waited: now - this.#since,
        throttled: this.#throttledSince === undefined ? 0 : now - this.#throttledSince,
        unfinished: this.#reader.buffered > 0
      },
      this.#server.limits
    )
    if (verdict === 'retire') {
      this.#retire(now)
    } else if (verdict !== undefined) {
      this.reset(verdict.reason, verdict.message)
    }
  }

  reset(reason: ResetReason, message: string, cause?: unknown): void {
    if (this.#state === 'ended') {
      return
    }

    const error = new ServeError(reason, message, cause)
    this.#server.counters.resets[reason]++
    this.#server.log('reset the stream of %p - %e', this.#from, error)
    this.#end()
    this.#stream.abort(error)
  }

  #take(data: StreamMessageEvent['data']): void {
    if (this.#state === 'closing' || this.#state === 'ended') {
      return
    }

    const fresh = this.#reader.buffered === 0
    try {
      this.#reader.push(data)
    } catch (error) {
      this.reset('malformed', 'a request could not be read', error)
      return
    }

    if (this.#state !== 'reading') {
      // one chunk is kept, the rest stays where it is
      if (this.#stream.readStatus === 'readable') {
        this.#stream.pause()
      }

      return
    }

    const now = this.#server.now()
    if (fresh) {
      this.#since = now
    }

    this.#read(now)
  }

  /** Serves every request that is here, until one must wait. */
  #read(now: Millis): void {
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

  #next(): Message | undefined {
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
  #admit(message: Message, now: Millis): void {
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

  #serve(message: Message, now: Millis): void {
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

  #await(promise: Promise<Answer>): void {
    promise
      .then(answer => {
        if (this.#state === 'answering') {
          const now = this.#server.now()
          this.#enter('reading', now)
          this.#reply(answer, now)
          this.#read(now)
        }
      })
      .catch((error: unknown) => {
        this.reset('refused', 'a request was refused', error)
      })
  }

  /** Sends an answer, if there is one. Throws when the stream takes none any more. */
  #reply(answer: Answer, now: Millis): void {
    this.#since = now
    this.#messages++
    if (answer !== undefined) {
      this.#server.counters.answers++
      // QUIC says after each send that it wants to drain; only what it did not take has to be waited for
      if (!this.#stream.send(answer) && this.#stream.writeBufferLength > 0 && this.#state === 'reading') {
        this.#enter('draining', now)
      }
    }

    if (this.#messages >= this.#server.limits.messages) {
      this.#retire(now)
    }
  }

  #drained(): void {
    if (this.#state !== 'draining') {
      return
    }

    if (this.#stream.writeBufferLength === 0) {
      this.#readOn()
      return
    }

    // the stream sends the rest in a microtask that it has queued before this one, as far as it is taken
    queueMicrotask(() => {
      if (this.#state === 'draining' && this.#stream.writeBufferLength === 0) {
        this.#readOn()
      }
    })
  }

  #readOn(): void {
    const now = this.#server.now()
    this.#enter('reading', now)
    this.#read(now)
  }

  /** Enough was served: closes a stream that is well. */
  #retire(now: Millis): void {
    if (this.#state !== 'ended' && this.#state !== 'closing') {
      this.#server.counters.retired++
      this.#close(now)
    }
  }

  #closeIfDone(): void {
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

  #close(now: Millis): void {
    this.#enter('closing', now)
    this.#stream.close().catch((error: unknown) => {
      this.reset('stalled', 'the stream could not be closed', error)
    })
  }

  #closed(event: StreamCloseEvent): void {
    if (this.#state !== 'ended' && event.error?.name === 'StreamBufferError') {
      this.#server.counters.resets.flooded++
    }

    this.#end()
  }

  #end(): void {
    this.#state = 'ended'
    this.#held = undefined
    this.#server.forget(this)
  }

  #enter(state: ServedState, now: Millis): void {
    this.#state = state
    this.#since = now
  }
}
