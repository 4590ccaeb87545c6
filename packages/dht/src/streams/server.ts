import type { ComponentLogger, Connection, Logger, PeerId, Stream } from '@libp2p/interface'
import type { Millis } from '@vicinity/kademlia'
import { Budgets } from './budgets.ts'
import type { Budget, Kind } from './budgets.ts'
import { Alarm, systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import { ServeError } from './errors.ts'
import type { ResetReason } from './errors.ts'
import { serverLimits, sweepInterval } from './limits.ts'
import type { ServerLimits } from './limits.ts'
import { originOf } from './origin.ts'
import type { Origin } from './origin.ts'
import { ServedStream } from './served-stream.ts'

/**
 * What the server does with a request. All three are called in the order in which requests arrive on a stream, and
 * each stream waits for one answer before the next request is looked at.
 */
export interface RequestHandler<Message> {
  /** A frame's body to a message. Throws when it is none: the stream is reset. */
  decode(body: Uint8Array, from: PeerId): Message
  /** Which rate the message is drawn from. */
  kind(message: Message): Kind
  /**
   * The answer, framed; `undefined` when this message is never answered. Throws or rejects when it is refused: the
   * stream is reset. A promise is for what cannot be known at once; nothing else should pay for one.
   */
  answer(message: Message, from: PeerId): Answer | Promise<Answer>
}

export type Answer = Uint8Array | undefined

export interface StreamServerComponents {
  readonly logger: ComponentLogger
  readonly clock?: Clock
}

export interface StreamServerInit<Message> {
  readonly handler: RequestHandler<Message>
  readonly logPrefix?: string
  readonly limits?: Partial<ServerLimits>
}

/** What a stream needs of the connection it came on. */
export type Asker = Pick<Connection, 'remotePeer' | 'remoteAddr'>

/** What the server has done since it was made, and what is open now. */
export interface ServerCounters {
  /** Streams accepted. */
  opened: number
  /** Streams open now. */
  streams: number
  /** Requests decoded, and answers sent. */
  requests: number
  answers: number
  /** Times that a stream was held back by its rate. */
  throttled: number
  /** Healthy streams that we closed for their age, idleness or number of requests. */
  retired: number
  /** Streams that we reset, by reason. */
  readonly resets: Record<ResetReason, number>
}

/** The rates that one stream is drawn from: its peer's, and its address group's where it has one. */
export interface Account {
  readonly peer: string
  readonly peerBudget: Budget
  /** Our own machine is counted, but not rated. */
  readonly rated: boolean
  readonly group: number | undefined
  readonly groupBudget: Budget | undefined
}

/**
 * The inbound side: serves every stream that is handed to it, many requests on each, in order, within the limits of
 * a server. A stream that breaks a rule is reset; one that has been served enough is closed after its answer, and a
 * requester that reuses streams opens a new one. One timer looks after all of them and is set only while there are any.
 */
export class StreamServer<Message> {
  readonly limits: ServerLimits
  readonly handler: RequestHandler<Message>
  readonly counters: ServerCounters = {
    opened: 0,
    streams: 0,
    requests: 0,
    answers: 0,
    throttled: 0,
    retired: 0,
    resets: { malformed: 0, refused: 0, crowded: 0, throttled: 0, stalled: 0, flooded: 0, stopped: 0 }
  }

  readonly log: Logger
  readonly #clock: Clock
  readonly #alarm: Alarm
  // bounded by limits.streams
  readonly #streams = new Set<ServedStream<Message>>()
  // a subset of #streams, longest waiting first
  readonly #throttled = new Set<ServedStream<Message>>()
  readonly #peers: Budgets<string>
  readonly #groups: Budgets<number>
  // one for each connection that is open, found once for all its streams
  readonly #origins = new WeakMap<Asker['remoteAddr'], Origin>()
  #sweepDue: Millis = 0
  #stopped = false

  constructor(components: StreamServerComponents, init: StreamServerInit<Message>) {
    this.limits = { ...serverLimits, ...init.limits }
    this.handler = init.handler
    this.log = components.logger.forComponent(`${init.logPrefix ?? 'libp2p:kad-dht'}:server`)
    this.#clock = components.clock ?? systemClock
    this.#alarm = new Alarm(this.#clock, () => {
      this.#ring()
    })
    const { requests, provides, groupFactor, budgets } = this.limits
    this.#peers = new Budgets({ request: requests, provide: provides }, budgets)
    this.#groups = new Budgets({ request: times(requests, groupFactor), provide: times(provides, groupFactor) }, budgets)
  }

  /** Peers and address groups whose use of the rates is remembered: for leak checks. */
  get budgets(): number {
    return this.#peers.size + this.#groups.size
  }

  /** Whether the timer is set: for leak checks. */
  get waiting(): boolean {
    return this.#alarm.armed
  }

  /** Serves a stream until it ends. Never throws. */
  handle(stream: Stream, connection: Asker): void {
    if (stream.status !== 'open') {
      return
    }

    if (this.#stopped || this.#streams.size >= this.limits.streams) {
      this.#turnAway(stream, this.#stopped ? 'stopped' : 'crowded')
      return
    }

    const now = this.#clock.now()
    const account = this.#open(connection, now)
    const served = new ServedStream(this, stream, connection.remotePeer, account, now)
    this.#streams.add(served)
    this.counters.opened++
    this.counters.streams++
    if (account.peerBudget.streams > this.limits.streamsPerPeer) {
      served.reset('crowded', `the peer has more than ${this.limits.streamsPerPeer} streams open`)
      return
    }

    this.#setAlarm(now)
    served.begin()
  }

  /** Resets every stream and forgets everything. Streams handed over later are turned away. */
  stop(): void {
    this.#stopped = true
    for (const served of [...this.#streams]) {
      served.reset('stopped', 'the server stopped')
    }

    this.#alarm.clear()
    this.#peers.clear()
    this.#groups.clear()
  }

  // What a served stream asks of its server.

  now(): Millis {
    return this.#clock.now()
  }

  /** Draws a message from the stream's rates; otherwise says how long until that may work. */
  draw(account: Account, kind: Kind, now: Millis): Millis {
    if (!account.rated) {
      return 0
    }

    const { peerBudget, groupBudget } = account
    const wait = Math.max(
      this.#peers.wait(peerBudget, kind, now),
      groupBudget === undefined ? 0 : this.#groups.wait(groupBudget, kind, now)
    )
    if (wait === 0) {
      this.#peers.draw(peerBudget, kind)
      if (groupBudget !== undefined) {
        this.#groups.draw(groupBudget, kind)
      }
    }

    return wait
  }

  /** The stream is held back by its rate; it is asked to go on when `wait` is over. */
  throttle(served: ServedStream<Message>, now: Millis, wait: Millis): void {
    this.#throttled.add(served)
    this.#alarm.setFor(now + wait)
  }

  unthrottle(served: ServedStream<Message>): void {
    this.#throttled.delete(served)
  }

  /** The stream has ended, however it did. */
  forget(served: ServedStream<Message>): void {
    if (!this.#streams.delete(served)) {
      return
    }

    this.#throttled.delete(served)
    this.counters.streams--
    const now = this.#clock.now()
    const { peer, peerBudget, group, groupBudget } = served.account
    this.#peers.close(peer, peerBudget, now)
    if (group !== undefined && groupBudget !== undefined) {
      this.#groups.close(group, groupBudget, now)
    }

    if (this.#streams.size === 0 && this.budgets === 0) {
      this.#alarm.clear()
    }
  }

  #turnAway(stream: Stream, reason: ResetReason): void {
    this.counters.resets[reason]++
    stream.abort(new ServeError(reason, reason === 'stopped' ? 'the server stopped' : 'too many streams are open'))
  }

  #open(connection: Asker, now: Millis): Account {
    const peer = connection.remotePeer.toString()
    const { local, group } = this.#originOf(connection)
    return {
      peer,
      peerBudget: this.#peers.open(peer, now),
      rated: !local,
      group,
      groupBudget: group === undefined ? undefined : this.#groups.open(group, now)
    }
  }

  #originOf({ remoteAddr }: Asker): Origin {
    const origin = this.#origins.get(remoteAddr) ?? originOf(remoteAddr)
    this.#origins.set(remoteAddr, origin)
    return origin
  }

  #ring(): void {
    const now = this.#clock.now()
    for (const served of [...this.#throttled]) {
      this.#throttled.delete(served)
      served.unthrottled(now)
    }

    if (now >= this.#sweepDue) {
      for (const served of [...this.#streams]) {
        served.check(now)
      }

      this.#peers.sweep(now)
      this.#groups.sweep(now)
    }

    this.#setAlarm(now)
  }

  #setAlarm(now: Millis): void {
    if (this.#streams.size > 0 || this.budgets > 0) {
      if (this.#sweepDue <= now) {
        this.#sweepDue = now + sweepInterval
      }

      this.#alarm.setFor(this.#sweepDue)
    }
  }
}

function times(rate: { perSecond: number; burst: number }, factor: number): { perSecond: number; burst: number } {
  return { perSecond: rate.perSecond * factor, burst: rate.burst * factor }
}
