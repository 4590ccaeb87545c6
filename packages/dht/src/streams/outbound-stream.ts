import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { unreachable } from '@vicinity/kademlia'
import type { Millis } from '@vicinity/kademlia'
import { FrameReader } from '@vicinity/wire'
import { RequestError } from './errors.ts'
import type { Exchange, Holder } from './exchange.ts'

/** What a stream tells those who keep it. */
export interface StreamKeeper {
  now(): Millis
  /** It has answered, and can be asked again. */
  released(stream: OutboundStream): void
  /** It can not be asked again, but is not closed on both sides yet. */
  retired(stream: OutboundStream): void
  /** It is gone. */
  ended(stream: OutboundStream): void
  /** It was reused and ended before any byte of the answer: the exchange wants a new one. */
  again(exchange: Exchange): void
  /** The peer did not let its stream be used a second time. */
  unreusable(): void
}

/**
 * - `idle`: nothing asked. Left with a request, or when either side ends it.
 * - `asked`: a request was sent. Left with its answer, or when the stream ends.
 * - `closing`: our side is closed. Left when the peer's is, or by force after a while.
 * - `ended`: final.
 */
type State = 'idle' | 'asked' | 'closing' | 'ended'

const nothing = new Uint8Array(0)

/** One outbound stream with at most one request in flight, and the only listener on it. */
export class OutboundStream implements Holder {
  /** Since when it is idle, or closing. */
  since: Millis
  readonly #keeper: StreamKeeper
  readonly #stream: Stream
  #state: State = 'idle'
  #exchange: Exchange | undefined
  readonly #reader = new FrameReader(0)
  /** Answers it has brought, and bytes of the one awaited. */
  #answers = 0
  #received = 0

  constructor(keeper: StreamKeeper, stream: Stream) {
    this.#keeper = keeper
    this.#stream = stream
    this.since = keeper.now()
    stream.addEventListener('message', this)
    stream.addEventListener('remoteCloseWrite', this)
    stream.addEventListener('close', this)
    if (stream.remoteWriteStatus !== 'writable') {
      // closed before anybody listened; whoever asks in this turn learns it after
      queueMicrotask(() => {
        this.#remoteClosed()
      })
    }
  }

  /** Whether a request can be sent on it. */
  get usable(): boolean {
    const { status, writeStatus, remoteWriteStatus } = this.#stream
    return this.#state === 'idle' && status === 'open' && writeStatus === 'writable' && remoteWriteStatus === 'writable'
  }

  get closing(): boolean {
    return this.#state === 'closing'
  }

  /** Whether it is only waiting for the peer to close its side, after answers. What was told may still be on its way. */
  get answered(): boolean {
    return this.#state === 'closing' && this.#answers > 0
  }

  /** Sends a request; the exchange is settled or handed back, whatever happens. */
  ask(exchange: Exchange): void {
    this.#state = 'asked'
    this.#exchange = exchange
    this.#received = 0
    exchange.holder = this
    this.#reader.maxFrameBytes = exchange.maxReplyBytes
    exchange.opened()
    this.#send(exchange.frame)
  }

  /** Sends what is not answered, and closes our side; the exchange succeeds when that is with the transport. */
  tell(exchange: Exchange): void {
    this.#state = 'asked'
    this.#exchange = exchange
    exchange.holder = this
    exchange.opened()
    if (this.#send(exchange.frame)) {
      this.close()
    }
  }

  /** Closes our side, after what was sent. */
  close(): void {
    if (this.#state === 'closing' || this.#state === 'ended') {
      return
    }

    this.#state = 'closing'
    this.since = this.#keeper.now()
    this.#keeper.retired(this)
    this.#stream.close().then(
      () => {
        // only a message that is not answered is still in hand here, and now it is with the transport
        this.#exchange?.succeed(nothing)
        this.#exchange = undefined
      },
      (error: unknown) => {
        this.abort(new RequestError('reset', 'the stream ended before it was closed', error))
      }
    )
  }

  /** Resets the stream, and fails what is in flight. */
  abort(error: RequestError): void {
    this.#exchange?.failWith(error)
    this.#exchange = undefined
    if (this.#state !== 'ended') {
      this.#end()
      this.#stream.abort(error)
    }
  }

  /** The caller gave up. */
  abandon(exchange: Exchange): void {
    if (this.#exchange === exchange) {
      this.#exchange = undefined
      this.abort(new RequestError('local', 'the request was given up'))
    }
  }

  /** The stream's events. Nothing may be thrown from here: an event target would make it an uncaught exception. */
  handleEvent(event: Event): void {
    switch (event.type) {
      case 'message':
        this.#take((event as StreamMessageEvent).data)
        break
      case 'remoteCloseWrite':
        // a muxer may say this before the bytes that came with it
        queueMicrotask(() => {
          this.#remoteClosed()
        })
        break
      case 'close':
        this.#closed(event)
        break
      default:
        break
    }
  }

  #send(frame: Uint8Array): boolean {
    try {
      // one frame in flight is bounded by itself: the transport may queue it
      this.#stream.send(frame)
      return true
    } catch (error) {
      this.#lost('the stream takes no message', error)
      this.abort(new RequestError('reset', 'the stream takes no message', error))
      return false
    }
  }

  #take(data: StreamMessageEvent['data']): void {
    switch (this.#state) {
      case 'asked':
        this.#read(data)
        break
      case 'idle':
        // an answer that nobody waits for would be taken for the next one's
        this.#keeper.unreusable()
        this.abort(new RequestError('malformed', 'the peer sent what it was not asked'))
        break
      case 'closing':
      case 'ended':
        break
      default:
        unreachable(this.#state)
    }
  }

  #read(data: StreamMessageEvent['data']): void {
    const exchange = this.#exchange
    const reader = this.#reader
    if (exchange === undefined) {
      return
    }

    this.#received += data.byteLength
    let body: Uint8Array | undefined
    try {
      reader.push(data)
      body = reader.next()
    } catch (error) {
      this.abort(new RequestError('malformed', 'the answer could not be read', error))
      return
    }

    if (body !== undefined) {
      this.#answered(exchange, body, reader.buffered)
    }
  }

  #answered(exchange: Exchange, body: Uint8Array, surplus: number): void {
    this.#exchange = undefined
    this.#answers++
    exchange.succeed(body)
    if (surplus > 0) {
      this.#keeper.unreusable()
      this.abort(new RequestError('malformed', 'the peer sent more than its answer'))
      return
    }

    this.#state = 'idle'
    this.since = this.#keeper.now()
    if (this.usable) {
      this.#keeper.released(this)
    } else {
      this.#remoteClosed()
    }
  }

  #remoteClosed(): void {
    if (this.#stream.readBufferLength > 0) {
      return
    }

    switch (this.#state) {
      case 'asked':
        this.#noteReuse()
        this.#lost('the peer closed the stream before its answer was complete')
        this.close()
        break
      case 'idle':
        this.#noteReuse()
        this.close()
        break
      case 'closing':
      case 'ended':
        break
      default:
        unreachable(this.#state)
    }
  }

  #closed(event: StreamCloseEvent): void {
    if (this.#state === 'ended') {
      return
    }

    if (event.error !== undefined && event.local === false) {
      this.#noteReuse()
    }

    if (this.#state !== 'closing') {
      this.#lost('the stream ended before its answer was complete', event.error)
    }

    this.#end()
  }

  /** A peer that ends its stream by itself after one answer may be one that always does. */
  #noteReuse(): void {
    if (this.#answers === 1 && this.#state !== 'closing') {
      this.#keeper.unreusable()
    }
  }

  #lost(message: string, cause?: unknown): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    if (exchange === undefined) {
      return
    }

    if (this.#answers > 0 && this.#received === 0 && exchange.mayReuse) {
      exchange.retried = true
      this.#keeper.again(exchange)
    } else {
      exchange.fail('reset', message, cause)
    }
  }

  #end(): void {
    this.#state = 'ended'
    this.#keeper.ended(this)
  }
}
