import type { Addresses, LookupResult, Millis, Op, PeerInfo, Target } from '@vicinity/kademlia'
import { distance } from './distance.ts'
import type { Asked } from './ledger.ts'

/** How a lookup should walk. */
export interface WalkRules {
  readonly k: number
  readonly alpha: number
  readonly beta: number
  /** Paths that share no peer; with more than one only what holds for all of them together is judged. */
  readonly paths: number
  readonly limitGroups: boolean
}

interface Known {
  readonly peer: PeerInfo
  readonly away: bigint
  /** How far from the table of its node whoever named it first had to go to. */
  readonly hops: number
  phase: 'heard' | 'waiting' | 'answered' | 'failed'
  /** Where others say it is, and where it has been asked: each as often as anybody moves. */
  readonly named: Set<Addresses>
  readonly tried: Set<Addresses>
  /** It has failed for another reason than that nobody was there. */
  lost: boolean
  request: Asked | undefined
}

/** What is wrong, in words; undefined when nothing is. */
type Verdict = string | undefined

/**
 * An account of one lookup, by what was sent for it and what came back, that judges each of its steps. It knows whom the
 * lookup was told of, in order of distance, and works out by itself who is late and whether the walk is stalled.
 */
export class Walk {
  readonly target: Target
  readonly began: Millis
  #rules: WalkRules
  readonly #self: string
  // nearest first; bounded by the peers of the world that are named
  readonly #sorted: Known[] = []
  readonly #byId = new Map<string, Known>()
  #fruitless = 0
  #followUp = false
  /** Whether the engine may take the follow-up for begun: somebody was late at that very moment, or not. */
  #mayFollowUp = false
  asked = 0
  answers = 0
  /** It has ended, and other lookups go on for it. */
  over = false
  /** The operation that it is one of those others for: its own end comes unseen. */
  serves: Op | undefined
  /** The peer that it is for: it ends once an answer has named an address of it. */
  wanted: string | undefined
  #named = false
  #metWanted = false

  constructor(target: Target, self: string, rules: WalkRules, began: Millis) {
    this.target = target
    this.#self = self
    this.#rules = rules
    this.began = began
  }

  /** It turns out to be one of the lookups that widen an operation, and walks as those do. */
  widen(rules: WalkRules, op: Op | undefined): void {
    this.#rules = rules
    this.serves = op
  }

  get empty(): boolean {
    return this.#sorted.length === 0
  }

  /** More than an engine has to keep: whom it dropped of them is not known here. */
  get flooded(): boolean {
    return this.#sorted.length > frontier
  }

  /** Peers to begin with. */
  seed(peers: Iterable<PeerInfo>): void {
    this.#name(peers, 1)
  }

  /** A request is sent for it. */
  send(request: Asked, now: Millis): Verdict {
    const known = this.#byId.get(request.to.id)
    if (known === undefined) {
      return `asks ${request.to.id}, of whom nobody told it`
    }

    if (known.phase !== 'heard' || known.tried.has(request.at)) {
      return `asks ${request.to.id} again`
    }

    if (this.#named && this.#rules.paths === 1) {
      return `asks ${request.to.id}, though ${this.wanted} was named`
    }

    const beyond = this.#rules.paths === 1 && !this.flooded ? this.#ahead(known, now) : undefined
    known.phase = 'waiting'
    known.request = request
    known.tried.add(request.at)
    this.asked++
    const [inFlight, width] = [this.#waiting(now + 1), this.#width()]
    return beyond ?? (inFlight > width ? `has ${inFlight} requests in flight, and ${width} may be` : undefined)
  }

  answered(request: Asked, closer: readonly PeerInfo[]): void {
    const known = this.#of(request)
    if (known !== undefined) {
      known.phase = 'answered'
      this.answers++
      this.#metWanted ||= request.to.id === this.wanted
      this.#named ||= believed(closer, this.#rules.limitGroups).some(names(this.wanted))
      this.#fruitless = this.#name(believed(closer, this.#rules.limitGroups), known.hops + 1) ? 0 : this.#fruitless + 1
    }
  }

  /** @param nobody - nobody was there: it may be elsewhere. */
  failed(request: Asked, nobody: boolean): void {
    const known = this.#of(request)
    if (known !== undefined) {
      known.phase = 'failed'
      known.lost = !nobody
      this.#reconsider(known)
    }
  }

  /** Who was not where it was asked is asked once more, where somebody else says it is; on each path. */
  #reconsider(known: Known): void {
    const places = [...known.tried].filter(({ count }) => count > 0).length
    const elsewhere = [...known.named].some(addresses => !known.tried.has(addresses))
    if (known.phase === 'failed' && !known.lost && elsewhere && places < 2 * this.#rules.paths) {
      known.phase = 'heard'
    }
  }

  /** All that could be done now has been done: it must not idle. */
  rest(now: Millis): Verdict {
    if (this.#rules.paths > 1 || this.flooded) {
      return undefined
    }

    this.#mayFollowUp ||= this.#nearestAnswered(now + 1)
    if (this.#unsure(now)) {
      return undefined
    }

    this.#advance(now)
    const waiting = this.#waiting(now)
    const { k, alpha } = this.#rules
    const nearest = this.#nearest(k, now)
    const near = waiting < this.#width() ? nearest.find(({ phase }) => phase === 'heard') : undefined
    // on its approach it does not wait behind slow peers either: it asks beyond the nearest
    const approaches = !this.#mayFollowUp && waiting < alpha && nearest.some(({ phase }) => phase !== 'answered')
    const idle = near ?? (approaches ? this.#sorted.find(({ phase }) => phase === 'heard') : undefined)
    return idle && `leaves ${idle.peer.contact.id} unasked, with ${waiting} requests in flight of ${this.#width()}`
  }

  /** Whether the k nearest that it can reach have all answered. */
  converged(now: Millis): boolean {
    return this.#nearest(this.#rules.k, now).every(({ phase }) => phase === 'answered')
  }

  /** What is true of every result, and more of one that converged. */
  finished(result: LookupResult, now: Millis): Verdict {
    const { reason, closest, requests, answers, hops } = result
    const { k } = this.#rules
    const ids = closest.map(({ contact }) => contact.id)
    const nearest = this.#sorted.filter(({ phase }) => phase === 'answered').slice(0, k)
    const expected = nearest.map(({ peer }) => peer.contact.id)
    if (ids.length !== expected.length || ids.some((id, i) => id !== expected[i])) {
      return `ends with ${list(ids)}, but of those that answered the nearest are ${list(expected)}`
    }

    if (requests !== this.asked || answers !== this.answers) {
      return `ends with ${answers} answers to ${requests} requests, but it had ${this.answers} to ${this.asked}`
    }

    const most = nearest.reduce((greatest, known) => Math.max(greatest, known.hops), 0)
    if (hops !== most && this.#rules.paths === 1 && !this.flooded) {
      return `ends after ${hops} hops, but walked ${most}`
    }

    // the wanted peer's own answer ends it too, where an address of it is known
    const found = result.found?.contact.id
    if ((reason === 'found') !== (found !== undefined)) {
      return `ends as ${reason} with ${found ?? 'nobody'}`
    }

    if (found !== undefined && !this.#named && !this.#metWanted) {
      return `ends with ${found}, of whom nobody told it`
    }

    if (found === undefined ? this.#named : found !== this.wanted) {
      return found === undefined
        ? `ends as ${reason}, but ${this.wanted} was named`
        : `ends with ${found}, which is not whom it is for`
    }

    // who is late just now may still count as reachable, or not any more
    if (reason !== 'converged' || this.flooded || this.#unsure(now)) {
      return undefined
    }

    const left = this.#rules.paths === 1 ? this.#nearest(k, now).find(({ phase }) => phase !== 'answered') : undefined
    return left && `ends as converged without ${left.peer.contact.id}, which is nearer and ${left.phase}`
  }

  /** How many requests may hold a place: for disjoint paths, all of theirs together. */
  #width(): number {
    const { k, alpha, paths } = this.#rules
    const stalled = paths > 1 || this.#fruitless >= alpha
    const width = stalled ? Math.max(k, alpha) : alpha
    return paths > 1 ? paths * Math.max(1, Math.floor(width / paths)) : width
  }

  /** Whether a lookup may ask this peer next: the nearest it knows, and beyond the k nearest only on its approach. */
  #ahead(next: Known, now: Millis): Verdict {
    const first = this.#sorted.find(({ phase }) => phase === 'heard')
    if (first !== next) {
      return `asks ${next.peer.contact.id} before ${first?.peer.contact.id ?? 'nobody'}, which is nearer`
    }

    if (this.#unsure(now)) {
      return undefined
    }

    this.#advance(now)
    if (this.#nearest(this.#rules.k, now).includes(next)) {
      return undefined
    }

    const waiting = this.#waiting(now)
    return this.#followUp || waiting >= this.#rules.alpha
      ? `asks ${next.peer.contact.id} beyond the ${this.#rules.k} nearest, ${this.#followUp ? 'in the follow-up' : `with ${waiting} in flight`}`
      : undefined
  }

  /** The follow-up begins once the β nearest that can be reached have answered, and does not end. */
  #advance(now: Millis): void {
    this.#followUp ||= this.#nearestAnswered(now)
  }

  #nearestAnswered(now: Millis): boolean {
    const nearest = this.#nearest(this.#rules.beta, now)
    return nearest.length === this.#rules.beta && nearest.every(({ phase }) => phase === 'answered')
  }

  /** The nearest that have neither failed nor are late. */
  #nearest(count: number, now: Millis): Known[] {
    const nearest: Known[] = []
    for (const known of this.#sorted) {
      if (nearest.length === count) {
        break
      }

      const late = known.phase === 'waiting' && (known.request?.lateAt ?? Infinity) <= now
      if (known.phase !== 'failed' && !late) {
        nearest.push(known)
      }
    }

    return nearest
  }

  /** How many requests hold a place. */
  #waiting(now: Millis): number {
    let waiting = 0
    for (const { phase, request } of this.#sorted) {
      waiting += phase === 'waiting' && request !== undefined && request.lateAt > now ? 1 : 0
    }

    return waiting
  }

  /** Whether somebody is late at this very moment, give or take the rounding. */
  #unsure(now: Millis): boolean {
    return this.#sorted.some(({ phase, request }) => phase === 'waiting' && Math.abs((request?.lateAt ?? Infinity) - now) <= 1)
  }

  #of(request: Asked): Known | undefined {
    const known = this.#byId.get(request.to.id)
    return known?.request === request && known.phase === 'waiting' ? known : undefined
  }

  /** @returns whether that is progress: somebody nearer than all, or anybody new while fewer than k are known. */
  #name(peers: Iterable<PeerInfo>, hops: number): boolean {
    let progress = false
    for (const peer of peers) {
      const { id, key } = peer.contact
      const before = this.#byId.get(id)
      if (before !== undefined && peer.addresses.count > 0) {
        before.named.add(peer.addresses)
        this.#reconsider(before)
      }

      if (id === this.#self || before !== undefined) {
        continue
      }

      const away = distance(key, this.target.key)
      const [nearest] = this.#sorted
      progress ||= nearest === undefined || away < nearest.away || this.#sorted.length < this.#rules.k
      const places = {
        named: new Set(peer.addresses.count > 0 ? [peer.addresses] : []),
        tried: new Set<Addresses>(),
        lost: false
      }
      const known: Known = { peer, away, hops, phase: 'heard', request: undefined, ...places }
      this.#byId.set(id, known)
      this.#sorted.splice(place(this.#sorted, away), 0, known)
    }

    return progress
  }
}

/** Candidates of one lookup (KADEMLIA, section 3). */
const frontier = 1_000

/** Peers read from one answer. */
const readFromAnswer = 40

/** Of one address group, at most so many in one answer. */
const groupInAnswer = 3

/** What of an answer counts: the first 40 peers, and none of a group that has more than 3 among them. */
function believed(closer: readonly PeerInfo[], limitGroups: boolean): PeerInfo[] {
  const crowded = (group: number): boolean => closer.filter(({ groups }) => groups.includes(group)).length > groupInAnswer
  const kept = limitGroups ? closer.filter(({ groups }) => !groups.some(crowded)) : closer
  return kept.slice(0, readFromAnswer)
}

function names(wanted: string | undefined): (peer: PeerInfo) => boolean {
  return ({ contact, addresses }) => contact.id === wanted && addresses.count > 0
}

function place(sorted: readonly Known[], away: bigint): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as Known).away < away) {
      low = middle + 1
    } else {
      high = middle
    }
  }

  return low
}

function list(ids: readonly string[]): string {
  return `[${ids.join(' ')}]`
}
