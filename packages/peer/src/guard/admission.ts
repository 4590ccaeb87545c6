/**
 * Which connections a node keeps. Nobody is refused for coming last: the least useful connection makes room.
 *
 * A connection is first in its handshake, then upgraded, then gone. Handshakes have a number of their own, and the oldest
 * one of the most crowded host makes room for a new one. Upgraded connections are ranked by their use. A new one has a
 * time of grace, since identify and subscriptions come after the handshake.
 */
import type { MultiaddrConnection, PeerId } from '@libp2p/interface'
import { guardLimits } from './limits.ts'

/** How useful a peer is: 0 not identified, 1 identified, 2 of our table or topics, 3 one of our contacts. */
export type Usefulness = 0 | 1 | 2 | 3

export interface AdmissionInit {
  readonly usefulness: (peer: string) => Usefulness
  /** Monotonic milliseconds. */
  readonly now?: () => number
  readonly limits?: Partial<AdmissionLimits>
}

export type AdmissionLimits = Pick<
  typeof guardLimits,
  'connections' | 'connectionsReserved' | 'handshakes' | 'connectionsPerPeer' | 'graceMs' | 'banMs' | 'bans'
>

/** As much of a connection as admission needs. */
export type Admitted = Pick<MultiaddrConnection, 'remoteAddr' | 'abort' | 'addEventListener'>

interface Entry {
  readonly connection: Admitted
  readonly host: string
  /** `undefined` in the handshake. */
  peer: string | undefined
  readonly outbound: boolean
  /** When it arrived, then when it was upgraded. */
  since: number
}

export class Admission {
  readonly #usefulness: AdmissionInit['usefulness']
  readonly #now: () => number
  readonly #limits: { readonly [Name in keyof AdmissionLimits]: number }
  /** In the order of arrival. */
  readonly #entries = new Map<Admitted, Entry>()
  /** When each peer that was cut off may come again. */
  readonly #bans = new Map<string, number>()

  constructor({ usefulness, now = () => performance.now(), limits = {} }: AdmissionInit) {
    this.#usefulness = usefulness
    this.#now = now
    this.#limits = { ...guardLimits, ...limits }
  }

  /** Connections in their handshake, and upgraded ones. */
  get sizes(): { readonly handshakes: number; readonly connections: number; readonly bans: number } {
    const handshakes = [...this.#entries.values()].filter(({ peer }) => peer === undefined).length
    return { handshakes, connections: this.#entries.size - handshakes, bans: this.#bans.size }
  }

  /** A connection arrived. Room is made by ending another handshake. */
  arrived(connection: Admitted): void {
    this.#enter(connection, false)
    const handshakes = this.#all(({ peer }) => peer === undefined)
    if (handshakes.length > this.#limits.handshakes) {
      const crowds = crowdsOf(handshakes)
      this.#end(
        handshakes.reduce((worst, entry) => (crowd(crowds, entry) > crowd(crowds, worst) ? entry : worst)),
        'other handshakes wait'
      )
    }
  }

  /**
   * A connection has told its identity. Room is made by closing the least useful one.
   *
   * @returns whether it may stay.
   */
  upgraded(peer: PeerId, connection: Admitted, direction: 'inbound' | 'outbound'): boolean {
    const id = peer.toString()
    const arrived = this.#entries.get(connection)
    // One that is not known any more was ended in its handshake.
    if (direction === 'inbound' && (arrived === undefined || this.isBanned(id))) {
      return false
    }

    const entry = arrived ?? this.#enter(connection, true)
    entry.peer = id
    entry.since = this.#now()
    // A connection whose handshake took longest is the newest of its peer all the same.
    const own = this.#all(other => other.peer === id && other !== entry)
    if (own.length >= this.#limits.connectionsPerPeer) {
      this.#end(own[0], 'the peer has newer connections')
    }

    return this.#makeRoom(entry)
  }

  /** Refuses a peer for a while. */
  ban(peer: string): void {
    this.#bans.delete(peer)
    this.#bans.set(peer, this.#now() + this.#limits.banMs)
    if (this.#bans.size > this.#limits.bans) {
      const [oldest] = this.#bans.keys()
      this.#bans.delete(oldest ?? peer)
    }

    for (const entry of this.#all(other => other.peer === peer)) {
      this.#end(entry, 'the peer was cut off')
    }
  }

  isBanned(peer: string): boolean {
    const until = this.#bans.get(peer)
    if (until !== undefined && until <= this.#now()) {
      this.#bans.delete(peer)
    }

    return this.#bans.has(peer)
  }

  #enter(connection: Admitted, outbound: boolean): Entry {
    const entry: Entry = { connection, host: hostOf(connection), peer: undefined, outbound, since: this.#now() }
    this.#entries.set(connection, entry)
    connection.addEventListener('close', () => void this.#entries.delete(connection), { once: true })
    return entry
  }

  #makeRoom(arrival: Entry): boolean {
    const { connections, connectionsReserved } = this.#limits
    const upgraded = this.#all(({ peer }) => peer !== undefined)
    if (upgraded.length <= connections - connectionsReserved) {
      return true
    }

    const ranks = new Map(upgraded.map(entry => [entry, this.#rank(entry)]))
    const unknown = upgraded.filter(entry => (ranks.get(entry) ?? 0) < 2)
    // A flood of new peers in their time of grace takes few places of known peers, and then those of each other.
    const unknownMax = upgraded.length > connections ? connectionsReserved : connections - connectionsReserved
    const crowded = unknown.length > unknownMax ? unknown : upgraded.length > connections ? upgraded : []
    if (crowded.length === 0) {
      return true
    }

    const settled = crowded.filter(({ since }) => this.#now() - since >= this.#limits.graceMs)
    const crowds = crowdsOf(crowded)
    const byRank = (one: Entry, other: Entry): number => (ranks.get(one) ?? 0) - (ranks.get(other) ?? 0)
    const byCrowd = (one: Entry, other: Entry): number => crowd(crowds, other) - crowd(crowds, one)
    const worst =
      settled.length > 0
        ? // Among equals a long-lived connection has proved more than a short one.
          foremost(settled, (one, other) => byRank(one, other) || byCrowd(one, other) || other.since - one.since)
        : // All are too new to have a rank, so the one that had most time goes.
          foremost(unknown.length > 0 ? unknown : crowded, (one, other) => byCrowd(one, other) || one.since - other.since)
    this.#end(worst, 'a more useful connection takes its place')
    return worst !== arrival
  }

  #rank({ peer, outbound }: Entry): Usefulness {
    const rank = peer === undefined ? 0 : this.#usefulness(peer)
    return outbound && rank < 2 ? 2 : rank
  }

  #all(matches: (entry: Entry) => boolean): Entry[] {
    return [...this.#entries.values()].filter(matches)
  }

  #end(entry: Entry | undefined, why: string): void {
    if (entry !== undefined) {
      this.#entries.delete(entry.connection)
      entry.connection.abort(new Error(why))
    }
  }
}

/** The host that a connection comes from: of an IPv6 address the /64 that one household has. */
function hostOf({ remoteAddr }: Admitted): string {
  const [first] = remoteAddr.getComponents()
  return first?.name === 'ip6' ? String(remoteAddr.bytes.subarray(1, 9)) : (first?.value ?? '')
}

function crowdsOf(entries: readonly Entry[]): ReadonlyMap<string, number> {
  const crowds = new Map<string, number>()
  for (const { host } of entries) {
    crowds.set(host, (crowds.get(host) ?? 0) + 1)
  }

  return crowds
}

/** The entry that comes first in an order; of equal ones the first given. */
function foremost(entries: readonly Entry[], order: (one: Entry, other: Entry) => number): Entry | undefined {
  return entries.toSorted(order)[0]
}

function crowd(crowds: ReadonlyMap<string, number>, { host }: Entry): number {
  return crowds.get(host) ?? 0
}
