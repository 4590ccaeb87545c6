import { assert, unreachable } from '../assert.ts'
import { leadsElsewhere } from '../contact.ts'
import type { Addresses, PeerInfo } from '../contact.ts'
import { compareDistance } from '../key.ts'
import type { Machine } from '../machine.ts'
import type { Millis } from '../time.ts'
import type { PeerPhase } from './candidates.ts'
import { Lookup, whereabouts } from './lookup.ts'
import type { LookupConfig, LookupInput, LookupOutput, LookupResult } from './lookup.ts'

/** What a peer that some path has asked did; the others hear of it, but not whom it named. */
interface Claim {
  readonly peer: PeerInfo
  readonly path: Lookup
  phase: Exclude<PeerPhase, 'heard'>
  /** Where nobody was, whichever path asked. Bounded by the addresses that each path may try: two. */
  nobodyAt: readonly Addresses[]
}

/** What the paths hear that have not asked. */
function echoOf({ peer: { contact }, nobodyAt }: Claim, type: 'answered' | 'late' | 'failed'): LookupInput {
  return { type, contact, closer: [], nobodyAt }
}

/** Whether a path knows of another place where a peer may be that was not where the one said that has claimed it. */
function mayBeAt({ phase, nobodyAt }: Claim, peer: PeerInfo): boolean {
  return phase === 'failed' && nobodyAt.length > 0 && nobodyAt.every(place => leadsElsewhere(place, peer.addresses))
}

/**
 * One lookup over d disjoint paths (S/Kademlia, section 4.4): d lookups that know nothing of what the others are told, so
 * that a liar misleads the one path that asked it. The seeds are dealt round, nearest first. No peer is asked by two paths: whoever
 * asks first has claimed it, and to the others it is a peer that will answer, name nobody, be late or fail as it does; but where
 * nobody was at the addresses that one path was told, another that was told others may ask it there.
 *
 * The paths share α: each has max(1, ⌊α/d⌋) requests in flight, and no more while it is stalled, for then the others go on.
 * Takes and gives what a {@link Lookup} does; it ends when every path has, or as soon as one finds the wanted peer.
 */
export class DisjointLookup implements Machine<LookupInput, LookupOutput> {
  readonly #config: LookupConfig
  readonly #paths: readonly Lookup[]
  // bounded by limits.disjointPaths: how each path ended
  readonly #results = new Map<Lookup, LookupResult>()
  // bounded by limits.frontier for each path: everybody asked
  readonly #claims = new Map<string, Claim>()
  #now: Millis = 0
  /** The path that is polled first: each in its turn. */
  #turn = 0
  #running = 0
  #requests = 0
  /** The wanted peer, as one who was late has told a path that had ended. */
  #foundLate: PeerInfo | undefined
  /** Waiting for a first peer at all. */
  #idle: boolean
  #reported = false

  constructor(config: LookupConfig, paths: number) {
    assert(paths > 0, 'there is at least one path')
    const alpha = Math.max(1, Math.floor(config.alpha / paths))
    const stalledAlpha = paths > 1 ? alpha : Math.max(config.k, alpha)
    const one = { ...config, alpha, stalledAlpha, awaitPeers: false }
    this.#config = config
    this.#paths = Array.from({ length: paths }, () => new Lookup(one))
    this.#idle = config.awaitPeers
  }

  /** As a {@link Lookup} counts, over all paths; a candidate of two paths counts twice, a request once. */
  get counts(): Lookup['counts'] {
    const counts = { queued: 0, running: this.#running, total: 0 }
    for (const path of this.#paths) {
      counts.queued += path.counts.queued
      counts.total += path.counts.total
    }

    return counts
  }

  get empty(): boolean {
    return this.#paths.every(path => path.empty)
  }

  get deadline(): Millis {
    return this.#reported ? Infinity : this.#config.deadline
  }

  handle(now: Millis, input: LookupInput): void {
    this.#now = now
    switch (input.type) {
      case 'seeds':
        this.#idle &&= input.peers.length === 0
        this.#deal(input.peers)
        break
      case 'answered':
      case 'late':
      case 'failed':
        this.#hear(input)
        break
      case 'tick':
      case 'stop':
        this.#idle &&= input.type === 'tick' && now < this.#config.deadline
        this.#tell(input)
        break
      default:
        unreachable(input)
    }
  }

  poll(): LookupOutput | undefined {
    if (this.#reported || this.#idle) {
      return undefined
    }

    if (this.#foundLate !== undefined) {
      this.#tell({ type: 'stop', reason: 'stopped' })
    }

    for (let tried = 0; tried < this.#paths.length; tried++) {
      const path = this.#paths[this.#turn] as Lookup
      this.#turn = (this.#turn + 1) % this.#paths.length
      const output = this.#pollPath(path)
      if (output?.type === 'ask') {
        return output
      }

      if (output?.result.reason === 'found') {
        // those that were polled before have not said yet that they end with it
        this.#tell({ type: 'stop', reason: 'stopped' })
        tried = -1
      }
    }

    if (this.#results.size < this.#paths.length) {
      return undefined
    }

    this.#reported = true
    return { type: 'finished', result: this.#result() }
  }

  #deal(seeds: readonly PeerInfo[]): void {
    const d = this.#paths.length
    for (const [i, path] of this.#paths.entries()) {
      path.handle(this.#now, { type: 'seeds', peers: seeds.filter((_, at) => at % d === i) })
    }
  }

  /** What became of a request: the path that asked hears all of it, the others that they need not ask. */
  #hear(input: Extract<LookupInput, { type: 'answered' | 'late' | 'failed' }>): void {
    const claim = this.#claims.get(input.contact.id)
    if (claim === undefined || (claim.phase !== 'waiting' && claim.phase !== 'late')) {
      return
    }

    this.#running -= claim.phase === 'waiting' ? 1 : 0
    claim.phase = input.type
    if (input.type === 'failed') {
      claim.nobodyAt = input.nobodyAt.length === 0 ? [] : [...claim.nobodyAt, ...input.nobodyAt]
    }

    const { wanted } = this.#config
    if (input.type === 'answered' && wanted !== undefined && this.#results.has(claim.path)) {
      this.#foundLate ??= whereabouts(wanted, claim.peer, input.closer)
    }

    claim.path.handle(this.#now, input)
    for (const path of this.#paths) {
      if (path !== claim.path) {
        path.handle(this.#now, echoOf(claim, input.type))
      }
    }
  }

  #tell(input: Extract<LookupInput, { type: 'tick' | 'stop' }>): void {
    for (const path of this.#paths) {
      path.handle(this.#now, input)
    }
  }

  /** What a path wants to ask, once it is somebody whom no other has; or that it has just ended. */
  #pollPath(path: Lookup): LookupOutput | undefined {
    for (let output = path.poll(); output !== undefined; output = path.poll()) {
      if (output.type === 'finished') {
        this.#results.set(path, output.result)
        return output
      }

      const { peer } = output
      const claim = this.#claims.get(peer.contact.id)
      if (claim === undefined || mayBeAt(claim, peer)) {
        this.#claims.set(peer.contact.id, { peer, path, phase: 'waiting', nobodyAt: claim?.nobodyAt ?? [] })
        this.#running++
        this.#requests++
        return output
      }

      if (claim.phase !== 'waiting') {
        path.handle(this.#now, echoOf(claim, claim.phase))
      }
    }

    return undefined
  }

  #result(): LookupResult {
    const results = this.#paths.flatMap(path => this.#results.get(path) ?? [])
    const found = this.#foundLate ?? results.find(({ reason }) => reason === 'found')?.found
    const cut = results.find(({ reason }) => reason !== 'converged')
    const answered = [...this.#claims.values()].filter(({ phase }) => phase === 'answered')
    const byDistance = (a: Claim, b: Claim): number =>
      compareDistance(this.#config.target.key, a.peer.contact.key, b.peer.contact.key)
    const nearest = answered.sort(byDistance).slice(0, this.#config.k)
    return {
      reason: found === undefined ? (cut?.reason ?? 'converged') : 'found',
      closest: nearest.map(({ peer }) => peer),
      found,
      requests: this.#requests,
      answers: answered.length,
      hops: Math.max(0, ...nearest.map(({ peer }) => Math.min(...this.#paths.map(path => path.hopsTo(peer.contact))))),
      paths: results.map(({ closest }) => closest)
    }
  }
}
