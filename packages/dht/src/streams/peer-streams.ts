import type { PeerId, Stream } from '@libp2p/interface'
import type { Millis } from '@vicinity/kademlia'
import { RequestError } from './errors.ts'
import type { Exchange, Holder } from './exchange.ts'
import type { PoolLimits } from './limits.ts'
import { fromNegotiation, openStream } from './opening.ts'
import type { OpeningComponents } from './opening.ts'
import { OutboundStream } from './outbound-stream.ts'
import type { StreamKeeper } from './outbound-stream.ts'

/** What the streams of one peer need of the pool they are in. */
export interface Pool {
  readonly components: OpeningComponents
  readonly protocol: string
  readonly limits: PoolLimits
  readonly counters: PoolCounters
  now(): Millis
  /** Whether the peer is known to serve one request a stream. */
  isOneShot(id: string): boolean
  unreusable(id: string): void
  idled(stream: OutboundStream): void
  busied(stream: OutboundStream): void
  emptied(peer: PeerStreams): void
}

/** What the pool has done since it was made. */
export interface PoolCounters {
  /** Streams opened. */
  opened: number
  /** Requests that found a stream to use again. */
  reused: number
  /** Requests that a reused stream let down, and that went out again on a new one. */
  retried: number
}

/** A stream on its way: dialled if need be, then negotiated. Left when it is there, fails, or is given up. */
interface Opening {
  readonly exchange: Exchange
  readonly controller: AbortController
  readonly started: Millis
}

/**
 * Every stream to one peer, and what waits for one. An exchange takes a stream that is idle, otherwise one is opened
 * for it; whichever stream is free first takes whichever exchange has waited longest.
 */
export class PeerStreams implements StreamKeeper, Holder {
  readonly id: string
  readonly #peer: PeerId
  readonly #pool: Pool
  // all three bounded: by limits.streamsPerPeer together, and by limits.waitingPerPeer
  readonly #streams = new Set<OutboundStream>()
  readonly #openings = new Set<Opening>()
  readonly #waiting: Exchange[] = []
  // a subset of #streams, longest idle first; the last is used next, so that the first can be closed
  readonly #idle: OutboundStream[] = []

  constructor(pool: Pool, peer: PeerId, id: string) {
    this.#pool = pool
    this.#peer = peer
    this.id = id
  }

  get streams(): number {
    return this.#streams.size
  }

  get openings(): number {
    return this.#openings.size
  }

  get waiting(): number {
    return this.#waiting.length
  }

  begin(exchange: Exchange): void {
    const idle = exchange.mayReuse ? this.#takeIdle() : undefined
    if (idle !== undefined) {
      this.#pool.counters.reused++
      idle.ask(exchange)
      return
    }

    if (this.#waiting.length >= this.#pool.limits.waitingPerPeer) {
      exchange.fail('local', `more than ${this.#pool.limits.waitingPerPeer} requests wait for a stream to the peer`)
      this.#noteEmpty()
      return
    }

    exchange.holder = this
    this.#waiting.push(exchange)
    this.#fill()
  }

  /** The caller gave up while the exchange waited: nothing is opened for it any more. */
  abandon(exchange: Exchange): void {
    const at = this.#waiting.indexOf(exchange)
    if (at >= 0) {
      this.#waiting.splice(at, 1)
    }

    for (const opening of this.#openings) {
      if (opening.exchange === exchange) {
        this.#giveUp(opening)
      }
    }

    this.#fill()
    this.#noteEmpty()
  }

  /** Ends what has gone on for too long. */
  check(now: Millis): void {
    const { limits } = this.#pool
    for (const opening of [...this.#openings]) {
      if (now - opening.started >= limits.open) {
        this.#giveUp(opening)
        this.#failed(opening, new RequestError('dial', `no stream to the peer was open after ${limits.open} ms`))
      }
    }

    for (const stream of [...this.#idle]) {
      const surplus = this.#idle.length > limits.idlePerPeer
      if (!stream.usable || now - stream.since >= (surplus ? limits.surplus : limits.idle)) {
        stream.close()
      }
    }

    for (const stream of [...this.#streams]) {
      if (stream.closing && now - stream.since >= limits.linger) {
        stream.abort(new RequestError('reset', 'the peer does not close its side of a stream'))
      }
    }
  }

  stop(error: RequestError): void {
    for (const opening of [...this.#openings]) {
      this.#giveUp(opening)
    }

    for (const exchange of this.#waiting.splice(0)) {
      exchange.failWith(error)
    }

    for (const stream of [...this.#streams]) {
      stream.abort(error)
    }
  }

  // What a stream tells its keeper.

  now(): Millis {
    return this.#pool.now()
  }

  released(stream: OutboundStream): void {
    if (this.#pool.isOneShot(this.id)) {
      stream.close()
      return
    }

    const next = this.#waiting.findIndex(exchange => exchange.mayReuse)
    if (next >= 0) {
      const [exchange] = this.#waiting.splice(next, 1)
      if (exchange !== undefined) {
        this.#pool.counters.reused++
        stream.ask(exchange)
      }

      return
    }

    this.#idle.push(stream)
    this.#pool.idled(stream)
  }

  retired(stream: OutboundStream): void {
    this.#unidle(stream)
  }

  ended(stream: OutboundStream): void {
    this.#unidle(stream)
    this.#streams.delete(stream)
    this.#fill()
    this.#noteEmpty()
  }

  again(exchange: Exchange): void {
    this.#pool.counters.retried++
    exchange.opening = false
    this.begin(exchange)
  }

  unreusable(): void {
    this.#pool.unreusable(this.id)
  }

  #takeIdle(): OutboundStream | undefined {
    for (let stream = this.#idle.pop(); stream !== undefined; stream = this.#idle.pop()) {
      this.#pool.busied(stream)
      if (stream.usable) {
        return stream
      }

      stream.close()
    }

    return undefined
  }

  #unidle(stream: OutboundStream): void {
    const at = this.#idle.indexOf(stream)
    if (at >= 0) {
      this.#idle.splice(at, 1)
      this.#pool.busied(stream)
    }
  }

  /** Opens streams for what waits, as far as the peer's share allows. */
  #fill(): void {
    for (const exchange of [...this.#waiting]) {
      if (exchange.opening) {
        continue
      }

      if (this.#streams.size + this.#openings.size >= this.#pool.limits.streamsPerPeer) {
        // its end brings us back here, with the room for this one
        this.#expendable()?.abort(new RequestError('local', 'a new stream takes its place'))
        return
      }

      this.#open(exchange)
    }
  }

  /** A stream that nothing is lost with: unused, or only waiting for the peer to close its side. */
  #expendable(): OutboundStream | undefined {
    const [unused] = this.#idle
    if (unused !== undefined) {
      return unused
    }

    for (const stream of this.#streams) {
      if (stream.answered) {
        return stream
      }
    }

    return undefined
  }

  #open(exchange: Exchange): void {
    const { components, protocol, limits } = this.#pool
    const opening: Opening = { exchange, controller: new AbortController(), started: this.now() }
    exchange.opening = true
    this.#openings.add(opening)
    openStream(components, this.#peer, exchange.addresses, {
      protocol,
      // libp2p still counts those that were given up a moment ago
      maxOutboundStreams: 2 * limits.streamsPerPeer,
      addressesDialled: limits.addressesDialled,
      signal: opening.controller.signal
    }).then(
      stream => {
        this.#opened(opening, stream)
      },
      (error: unknown) => {
        this.#failed(opening, error instanceof RequestError ? error : fromNegotiation(error))
      }
    )
  }

  #opened(opening: Opening, stream: Stream): void {
    if (!this.#openings.delete(opening)) {
      stream.abort(new RequestError('local', 'the stream is not needed any more'))
      return
    }

    this.#pool.counters.opened++
    const outbound = new OutboundStream(this, stream)
    this.#streams.add(outbound)
    const own = this.#waiting.indexOf(opening.exchange)
    const [exchange] = this.#waiting.splice(own >= 0 ? own : 0, 1)
    if (exchange === undefined) {
      this.#idle.push(outbound)
      this.#pool.idled(outbound)
    } else if (exchange.purpose === 'send') {
      outbound.tell(exchange)
    } else {
      outbound.ask(exchange)
    }
  }

  #failed(opening: Opening, error: RequestError): void {
    this.#openings.delete(opening)
    const at = this.#waiting.indexOf(opening.exchange)
    if (at >= 0) {
      this.#waiting.splice(at, 1)
      opening.exchange.failWith(error)
    }

    this.#fill()
    this.#noteEmpty()
  }

  #giveUp(opening: Opening): void {
    this.#openings.delete(opening)
    opening.controller.abort()
  }

  #noteEmpty(): void {
    if (this.#streams.size === 0 && this.#openings.size === 0 && this.#waiting.length === 0) {
      this.#pool.emptied(this)
    }
  }
}
