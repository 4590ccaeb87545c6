import { assert, unreachable } from '../assert.ts'
import { isSamePeer, leadsElsewhere } from '../contact.ts'
import type { Addresses, Contact, PeerInfo, Target } from '../contact.ts'
import { limits } from '../limits.ts'
import type { Machine } from '../machine.ts'
import type { Millis } from '../time.ts'
import { Candidates } from './candidates.ts'
import type { Row } from './candidates.ts'

export interface LookupConfig {
  readonly target: Target
  /** Never asked and never listed: ourselves. */
  readonly self: Contact
  readonly k: number
  readonly alpha: number
  /** The same while the lookup is stalled: k, or α if that is more, unless something else is said. */
  readonly stalledAlpha?: number
  readonly beta: number
  /** Ends the lookup as soon as an answer names this peer with addresses, or is its own. */
  readonly wanted?: Contact | undefined
  /** When the lookup ends with what it has. */
  readonly deadline: Millis
  /** Stay open while no candidate is known at all (a node that has just started). */
  readonly awaitPeers: boolean
}

export type LookupInput =
  | { readonly type: 'tick' }
  /** Peers to begin with: our table's closest. */
  | { readonly type: 'seeds'; readonly peers: readonly PeerInfo[] }
  | { readonly type: 'answered'; readonly contact: Contact; readonly closer: readonly PeerInfo[] }
  | { readonly type: 'late'; readonly contact: Contact }
  /** `nobodyAt`: where nobody was, if that is why; empty if there was somebody. */
  | { readonly type: 'failed'; readonly contact: Contact; readonly nobodyAt: readonly Addresses[] }
  | { readonly type: 'stop'; readonly reason: 'cancelled' | 'stopped' }

export type LookupOutput =
  | { readonly type: 'ask'; readonly peer: PeerInfo }
  | { readonly type: 'finished'; readonly result: LookupResult }

export interface LookupResult {
  /** `converged`: the k nearest that could be reached have answered. `found`: the wanted peer was named. */
  readonly reason: 'converged' | 'found' | 'timeout' | 'cancelled' | 'stopped'
  /** The nearest peers that answered, nearest first, at most k. */
  readonly closest: readonly PeerInfo[]
  /** The wanted peer, with addresses. */
  readonly found: PeerInfo | undefined
  /** How many requests it sent, and how many of them were answered. */
  readonly requests: number
  readonly answers: number
  /**
   * How far it walked for those of `closest`: 1 if all stood in our table, 2 if some were named by those; 0 without any. Of one
   * that was widened: how far the walk went that went farthest.
   */
  readonly hops: number
  /** Of a lookup over disjoint paths: the nearest that each of them reached, as in `closest`. */
  readonly paths?: ReadonlyArray<readonly PeerInfo[]>
  /** Where the peers that it found looked made up, so that it was widened. */
  readonly alarm?: SybilAlarm
}

/** Somebody may have put peers of his own around a key, nearer than all others. */
export interface SybilAlarm {
  /** How little the k nearest looked like those of an honest network: see `divergence`. */
  readonly divergence: number
  /** The number of peers on the network, by which that was judged. */
  readonly networkSize: number
  /** Everybody who answered in the region of the key's k nearest, nearest first: Sybils, and those they hide. */
  readonly region: readonly PeerInfo[]
}

/** The wanted peer, with addresses, by an answer: as one of those named, or as the one who answers. */
export function whereabouts(wanted: Contact, answering: PeerInfo | undefined, closer: readonly PeerInfo[]): PeerInfo | undefined {
  return [answering, ...closer].find(peer => peer?.contact.id === wanted.id && peer.addresses.count > 0)
}

/**
 * One walk towards a target: a single set of candidates, at most α requests in flight for the whole of it.
 *
 * Whenever a place is free it asks the nearest candidate not asked yet, among the k nearest that have neither failed
 * nor are late, and it ends when those k have answered. α answers in a row without progress make it *stalled*: it then
 * has k places, until an answer makes progress (names a peer nearer than the nearest known, or any new peer while
 * fewer than k are known). Until the β nearest have answered it is on its *approach*, and does not idle behind slow
 * peers: with all k nearest asked and fewer than α in flight it asks beyond them. In the *follow-up*, after that, it
 * never does. It never lists a peer that has not answered, and asks none twice but one that was not where the first to
 * name it said it was (a liar would hide whom he names at false addresses): once more, where somebody else says it is.
 *
 * Takes `seeds`, `answered`, `late`, `failed` for the peers it asked, `stop`, and `tick` at its deadline. Gives `ask`,
 * and exactly one `finished`, after which it takes and gives nothing more.
 */
export class Lookup implements Machine<LookupInput, LookupOutput> {
  readonly #config: LookupConfig
  readonly #candidates: Candidates
  #queued = 0
  #waiting = 0
  #fruitless = 0
  #requests = 0
  #answers = 0
  #followUp = false
  #found: PeerInfo | undefined
  #ended: LookupResult['reason'] | undefined
  #reported = false

  constructor(config: LookupConfig) {
    assert(config.alpha > 0 && config.beta > 0 && config.k >= config.beta, 'alpha and beta are at least 1, and beta at most k')
    this.#config = config
    this.#candidates = new Candidates(config.target.key)
  }

  /** For progress reports: candidates not asked yet, requests holding a place, and all candidates. */
  get counts(): { queued: number; running: number; total: number } {
    return { queued: this.#queued, running: this.#waiting, total: this.#candidates.nearest.length }
  }

  /** How far from our table a candidate was when somebody first named it; `Infinity` for who is none. */
  hopsTo(contact: Contact): number {
    const row = this.#candidates.find(contact)
    return row < 0 ? Infinity : (this.#candidates.hops[row] as number)
  }

  get empty(): boolean {
    return this.#candidates.nearest.length === 0
  }

  get stalled(): boolean {
    return this.#fruitless >= this.#config.alpha
  }

  get deadline(): Millis {
    return this.#reported ? Infinity : this.#config.deadline
  }

  handle(now: Millis, input: LookupInput): void {
    if (this.#ended !== undefined) {
      return
    }

    switch (input.type) {
      case 'tick':
        if (now >= this.#config.deadline) {
          this.#ended = 'timeout'
        }
        break
      case 'seeds':
        this.#merge(input.peers, 1)
        break
      case 'answered':
        this.#answered(input.contact, input.closer)
        break
      case 'late':
        this.#move(input.contact, 'late')
        break
      case 'failed':
        this.#failed(input.contact, input.nobodyAt)
        break
      case 'stop':
        this.#ended = input.reason
        break
      default:
        unreachable(input)
    }
  }

  poll(): LookupOutput | undefined {
    if (this.#reported) {
      return undefined
    }

    const next = this.#ended === undefined ? this.#next() : 'ended'
    if (next === 'ended') {
      this.#reported = true
      return { type: 'finished', result: this.#result() }
    }

    if (next === undefined) {
      return undefined
    }

    this.#candidates.phases[next] = 'waiting'
    this.#queued--
    this.#waiting++
    this.#requests++
    return { type: 'ask', peer: this.#candidates.peers[next] as PeerInfo }
  }

  /** The candidate to ask now, `undefined` if there is nothing to do but wait, `ended` if all is known. */
  #next(): Row | 'ended' | undefined {
    const { k, alpha, beta } = this.#config
    let late = 0
    let reachable = 0
    let answered = 0
    let next: Row | undefined

    const { nearest, phases } = this.#candidates
    for (const row of nearest) {
      const phase = phases[row]
      if (phase === 'failed' || phase === 'late') {
        late += phase === 'late' ? 1 : 0
        continue
      }

      reachable++
      if (phase === 'answered') {
        answered++
        this.#followUp ||= answered === beta && reachable === beta
      } else if (phase === 'heard') {
        next ??= row
      }

      // only an approach that waits for slow peers looks beyond the k nearest, and never with more than α in flight
      if (reachable >= k && (next !== undefined || this.#followUp || this.#waiting >= alpha)) {
        break
      }
    }

    if (answered === reachable) {
      // with nobody reachable, those that are late are all the hope there is: they answer or are abandoned soon
      const waitForFirst = reachable === 0 && (late > 0 || (this.empty && this.#config.awaitPeers))
      this.#ended = waitForFirst ? undefined : 'converged'
      return waitForFirst ? undefined : 'ended'
    }

    const { stalledAlpha = Math.max(k, alpha) } = this.#config
    const width = this.stalled ? stalledAlpha : alpha
    return this.#waiting < width ? next : undefined
  }

  #answered(contact: Contact, closer: readonly PeerInfo[]): void {
    const row = this.#move(contact, 'answered')
    if (row === undefined) {
      return
    }

    this.#answers++
    this.#findWanted(this.#candidates.peers[row], closer)
    const progress = this.#merge(closer, (this.#candidates.hops[row] as number) + 1)
    this.#fruitless = progress ? 0 : this.#fruitless + 1
  }

  /** Only an answer counts: one that names the wanted peer, or the wanted peer's own. What we knew may be outdated. */
  #findWanted(answering: PeerInfo | undefined, closer: readonly PeerInfo[]): void {
    const { wanted } = this.#config
    if (wanted === undefined) {
      return
    }

    this.#found = whereabouts(wanted, answering, closer)
    if (this.#found !== undefined) {
      this.#ended = 'found'
    }
  }

  #failed(contact: Contact, nobodyAt: readonly Addresses[]): void {
    const row = this.#move(contact, 'failed')
    if (row === undefined) {
      return
    }

    const elsewhere = this.#candidates.elsewhere(row)
    const peer = this.#candidates.peers[row] as PeerInfo
    if (nobodyAt.length === 0) {
      this.#candidates.noteElsewhere(row, { retried: true })
    } else if (nobodyAt.every(place => leadsElsewhere(place, peer.addresses))) {
      // it is another path that was told wrong, or nobody knew an address when it was asked
      this.#hearAgain(row, peer)
    } else if (elsewhere.peer !== undefined) {
      this.#retry(row, elsewhere.peer)
    }
  }

  #retry(row: Row, peer: PeerInfo): void {
    if (!this.#candidates.elsewhere(row).retried) {
      this.#candidates.noteElsewhere(row, { retried: true })
      this.#hearAgain(row, peer)
    }
  }

  #hearAgain(row: Row, peer: PeerInfo): void {
    this.#candidates.peers[row] = peer
    this.#candidates.phases[row] = 'heard'
    this.#queued++
  }

  /** Takes a candidate that was asked to a later phase. @returns it, unless it was not asked or has ended already. */
  #move(contact: Contact, to: 'answered' | 'failed' | 'late'): Row | undefined {
    const row = this.#candidates.find(contact)
    const phase = row < 0 ? undefined : this.#candidates.phases[row]
    if (phase !== 'waiting' && (phase !== 'late' || to === 'late')) {
      return undefined
    }

    if (phase === 'waiting') {
      this.#waiting--
    }

    this.#candidates.phases[row] = to
    return row
  }

  /** @returns whether the peers named, so many hops away, are progress. */
  #merge(peers: readonly PeerInfo[], hops: number): boolean {
    let progress = false
    const read = Math.min(peers.length, limits.closerPeersRead)
    for (let i = 0; i < read; i++) {
      progress = this.#insert(peers[i] as PeerInfo, hops) || progress
    }

    return progress
  }

  /** @returns whether the candidate is new and is progress. */
  #insert(peer: PeerInfo, hops: number): boolean {
    const { self, k } = this.#config
    if (peer.contact.head === self.head && isSamePeer(peer.contact, self)) {
      return false
    }

    const row = this.#candidates.find(peer.contact)
    if (row >= 0) {
      this.#named(row, peer)
      return false
    }

    const rank = -1 - row
    const before = this.#candidates.nearest.length
    if (!this.#candidates.insert(rank, peer, hops)) {
      return false
    }

    // one more, unless another that nobody had asked had to leave for it
    this.#queued += this.#candidates.nearest.length - before
    return before < k || rank === 0
  }

  /** Somebody else names a candidate. */
  #named(row: Row, peer: PeerInfo): void {
    const { peers, phases } = this.#candidates
    const known = peers[row] as PeerInfo
    // mostly it is the very same object, and then not even a look at it
    if (known === peer || !leadsElsewhere(known.addresses, peer.addresses)) {
      return
    }

    if (phases[row] === 'failed') {
      this.#retry(row, peer)
    } else if (known.addresses.count === 0) {
      // the first to name it may have known no address of it
      peers[row] = peer
    } else if (phases[row] !== 'answered' && this.#candidates.elsewhere(row).peer === undefined) {
      this.#candidates.noteElsewhere(row, { peer })
    }
  }

  #result(): LookupResult {
    const closest: PeerInfo[] = [] // bounded by limits.k
    const { nearest, peers, phases } = this.#candidates
    let hops = 0
    for (const row of nearest) {
      if (phases[row] === 'answered' && closest.length < this.#config.k) {
        closest.push(peers[row] as PeerInfo)
        hops = Math.max(hops, this.#candidates.hops[row] as number)
      }
    }

    assert(this.#ended !== undefined, 'a result belongs to a lookup that ended')
    return {
      reason: this.#ended,
      closest,
      found: this.#found,
      requests: this.#requests,
      answers: this.#answers,
      hops
    }
  }
}
