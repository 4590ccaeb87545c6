import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { RequestError } from './errors.ts'
import type { FailureReason } from './errors.ts'

export interface RequestOptions {
  /** Gives the request up: its stream is reset, and it fails as `local`. */
  readonly signal?: AbortSignal
  /** Bytes of the answer without its length; a longer one is malformed. */
  readonly maxReplyBytes: number
  /** Called once, when the peer is connected and the stream negotiated: at once where a stream is reused. */
  readonly onOpened?: () => void
}

export interface SendOptions {
  readonly signal?: AbortSignal
}

/** What an exchange asks of a peer: an answer, or only that the message is taken. */
export type Purpose = 'request' | 'send'

/** Whoever has an exchange in hand when its caller gives up. */
export interface Holder {
  abandon(exchange: Exchange): void
}

/** One message to one peer, from the call to its one ending. */
export class Exchange {
  readonly purpose: Purpose
  readonly peer: PeerId
  readonly addresses: readonly Multiaddr[]
  readonly frame: Uint8Array
  readonly maxReplyBytes: number
  readonly promise: Promise<Uint8Array>
  /** Who is to be told when the caller gives up: first the peer's queue, then the stream. */
  holder: Holder | undefined
  /** A stream is being opened for it. */
  opening = false
  /** A reused stream let it down: only a new one will do, and no third. */
  retried = false
  #settled = false
  #onOpened: (() => void) | undefined
  readonly #signal: AbortSignal | undefined
  readonly #resolve: (body: Uint8Array) => void
  readonly #reject: (error: RequestError) => void

  constructor(purpose: Purpose, peer: PeerId, addresses: readonly Multiaddr[], frame: Uint8Array, options: RequestOptions) {
    this.purpose = purpose
    this.peer = peer
    this.addresses = addresses
    this.frame = frame
    this.maxReplyBytes = options.maxReplyBytes
    this.#signal = options.signal
    this.#onOpened = options.onOpened
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    this.promise = promise
    this.#resolve = resolve
    this.#reject = reject
  }

  get settled(): boolean {
    return this.#settled
  }

  /** Whether a stream that has served others before may be used. */
  get mayReuse(): boolean {
    return this.purpose === 'request' && !this.retried
  }

  /** Fails it as soon as the signal is aborted. */
  listen(): void {
    if (this.#signal?.aborted === true) {
      this.handleEvent()
    } else {
      this.#signal?.addEventListener('abort', this)
    }
  }

  /** The signal's event. */
  handleEvent(): void {
    const holder = this.holder
    this.fail('local', 'the request was given up', this.#signal?.reason)
    holder?.abandon(this)
  }

  opened(): void {
    const onOpened = this.#onOpened
    this.#onOpened = undefined
    onOpened?.()
  }

  succeed(body: Uint8Array): void {
    if (this.#settle()) {
      this.#resolve(body)
    }
  }

  fail(reason: FailureReason, message: string, cause?: unknown): void {
    if (this.#settle()) {
      this.#reject(new RequestError(reason, message, cause))
    }
  }

  failWith(error: RequestError): void {
    if (this.#settle()) {
      this.#reject(error)
    }
  }

  #settle(): boolean {
    if (this.#settled) {
      return false
    }

    this.#settled = true
    this.#signal?.removeEventListener('abort', this)
    this.holder = undefined
    this.#onOpened = undefined
    return true
  }
}
