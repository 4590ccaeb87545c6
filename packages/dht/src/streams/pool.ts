import type { ComponentLogger, Logger, PeerId } from '@libp2p/interface'
import type { Millis } from '@vicinity/kademlia'
import type { Multiaddr } from '@multiformats/multiaddr'
import { Alarm, systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import { RequestError } from './errors.ts'
import { Exchange } from './exchange.ts'
import type { RequestOptions, SendOptions } from './exchange.ts'
import { poolLimits, sweepInterval } from './limits.ts'
import type { PoolLimits } from './limits.ts'
import type { OpeningComponents } from './opening.ts'
import type { OutboundStream } from './outbound-stream.ts'
import { PeerStreams } from './peer-streams.ts'
import type { Pool, PoolCounters } from './peer-streams.ts'

export interface StreamPoolComponents extends OpeningComponents {
  readonly logger: ComponentLogger
  readonly clock?: Clock
}

export interface StreamPoolInit {
  readonly protocol: string
  readonly logPrefix?: string
  readonly limits?: Partial<PoolLimits>
}

/** What is open now; all zero when nothing is left. */
export interface PoolSizes {
  readonly peers: number
  readonly streams: number
  readonly idle: number
  readonly openings: number
  readonly waiting: number
}

/** How often a peer must end a stream after one answer before it is taken for one that always does. */
const strikesToOneShot = 2

interface Strikes {
  count: number
  until: Millis
}

/**
 * The outbound side: requests to peers on streams that are used again, one request in flight on each, a few kept per
 * peer. Connections are used as they are found, or dialled with the addresses that come with the request.
 * One timer looks after all streams and is set only while there are any.
 */
export class StreamPool {
  readonly counters: PoolCounters = { opened: 0, reused: 0, retried: 0 }
  readonly limits: PoolLimits
  readonly #log: Logger
  readonly #clock: Clock
  readonly #alarm: Alarm
  readonly #pool: Pool
  // bounded by what the machine has in flight, and by the connections that there can be
  readonly #peers = new Map<string, PeerStreams>()
  // bounded by limits.idleStreams; longest idle first
  readonly #idle = new Set<OutboundStream>()
  // bounded by limits.oneShotPeers; oldest first
  readonly #strikes = new Map<string, Strikes>()
  #stopped = false

  constructor(components: StreamPoolComponents, init: StreamPoolInit) {
    this.limits = { ...poolLimits, ...init.limits }
    this.#log = components.logger.forComponent(`${init.logPrefix ?? 'libp2p:kad-dht'}:streams`)
    this.#clock = components.clock ?? systemClock
    this.#alarm = new Alarm(this.#clock, () => {
      this.#sweep()
    })
    this.#pool = {
      components,
      protocol: init.protocol,
      limits: this.limits,
      counters: this.counters,
      now: () => this.#clock.now(),
      isOneShot: id => this.#isOneShot(id),
      unreusable: id => {
        this.#strike(id)
      },
      idled: stream => {
        this.#idled(stream)
      },
      busied: stream => {
        this.#idle.delete(stream)
      },
      emptied: peer => {
        this.#emptied(peer)
      }
    }
  }

  get sizes(): PoolSizes {
    let streams = 0
    let openings = 0
    let waiting = 0
    for (const peer of this.#peers.values()) {
      streams += peer.streams
      openings += peer.openings
      waiting += peer.waiting
    }

    return { peers: this.#peers.size, streams, idle: this.#idle.size, openings, waiting }
  }

  /** Whether the timer is set: for leak checks. */
  get waiting(): boolean {
    return this.#alarm.armed
  }

  /**
   * Sends a request and resolves with the body of its answer. `frame` has its length before it; `addresses` are what
   * to dial with when there is no connection, and the peer store's are taken when there are none.
   *
   * @throws {RequestError}
   */
  request(peer: PeerId, addresses: readonly Multiaddr[], frame: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    const exchange = new Exchange('request', peer, addresses, frame, options)
    this.#begin(exchange)
    return exchange.promise
  }

  /**
   * Sends a message that is not answered, on a stream of its own, and resolves when it is with the transport.
   *
   * @throws {RequestError}
   */
  async send(peer: PeerId, addresses: readonly Multiaddr[], frame: Uint8Array, options: SendOptions = {}): Promise<void> {
    const exchange = new Exchange('send', peer, addresses, frame, { ...options, maxReplyBytes: 0 })
    this.#begin(exchange)
    await exchange.promise
  }

  /** Fails what is in flight as `local`, resets every stream and forgets everything. Later requests fail as `local`. */
  stop(): void {
    this.#stopped = true
    for (const peer of [...this.#peers.values()]) {
      peer.stop(stopped())
    }

    this.#peers.clear()
    this.#idle.clear()
    this.#strikes.clear()
    this.#alarm.clear()
  }

  #begin(exchange: Exchange): void {
    exchange.listen()
    if (exchange.settled) {
      return
    }

    if (this.#stopped) {
      exchange.failWith(stopped())
      return
    }

    const id = exchange.peer.toString()
    let peer = this.#peers.get(id)
    if (peer === undefined) {
      peer = new PeerStreams(this.#pool, exchange.peer, id)
      this.#peers.set(id, peer)
      this.#alarm.setFor(this.#clock.now() + sweepInterval)
    }

    peer.begin(exchange)
  }

  #idled(stream: OutboundStream): void {
    this.#idle.add(stream)
    if (this.#idle.size > this.limits.idleStreams) {
      const [oldest] = this.#idle
      oldest?.close()
    }
  }

  #emptied(peer: PeerStreams): void {
    if (this.#peers.get(peer.id) === peer) {
      this.#peers.delete(peer.id)
      if (this.#peers.size === 0) {
        this.#alarm.clear()
      }
    }
  }

  #isOneShot(id: string): boolean {
    const strikes = this.#strikes.get(id)
    if (strikes === undefined) {
      return false
    }

    if (strikes.until <= this.#clock.now()) {
      this.#strikes.delete(id)
      return false
    }

    return strikes.count >= strikesToOneShot
  }

  #strike(id: string): void {
    const count = (this.#strikes.get(id)?.count ?? 0) + 1
    this.#strikes.delete(id)
    this.#strikes.set(id, { count, until: this.#clock.now() + this.limits.oneShot })
    if (count === strikesToOneShot) {
      this.#log('%s serves one request a stream', id)
    }

    if (this.#strikes.size > this.limits.oneShotPeers) {
      const [oldest] = this.#strikes.keys()
      if (oldest !== undefined) {
        this.#strikes.delete(oldest)
      }
    }
  }

  #sweep(): void {
    const now = this.#clock.now()
    for (const peer of [...this.#peers.values()]) {
      peer.check(now)
    }

    if (this.#peers.size > 0) {
      this.#alarm.setFor(now + sweepInterval)
    }
  }
}

function stopped(): RequestError {
  return new RequestError('local', 'the DHT was stopped')
}
