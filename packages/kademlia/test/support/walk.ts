import assert from 'node:assert/strict'
import { limits, Lookup } from '@vicinity/kademlia'
import type { Contact, LookupConfig, LookupResult, PeerInfo } from '@vicinity/kademlia'
import { contactOf, distance, ids, nearest, targetOf } from './contacts.ts'

type Phase = 'waiting' | 'late' | 'answered' | 'failed'

/**
 * A lookup and its judge: it drives the machine, keeps its own account of what has happened, and holds the machine to
 * what must be true at every step, whatever the network does.
 */
export class Walk {
  readonly lookup: Lookup
  readonly config: LookupConfig
  /** Everybody asked, and what became of it. */
  readonly asked = new Map<string, Phase>()
  /** Everybody named who counts, by id. */
  readonly known = new Map<string, PeerInfo>()
  /** The ids asked since this was last taken, in order. */
  fresh: string[] = []
  result: LookupResult | undefined
  /** How far from the seeds each of them was when it was first named. */
  readonly #hops = new Map<string, number>()
  /** Answers in a row that named nobody nearer than all, nor filled the first k. */
  #fruitless = 0
  /** The distance of the nearest of those known. */
  #nearest: bigint | undefined

  constructor(seeds: readonly PeerInfo[], config: Partial<LookupConfig> = {}) {
    this.config = {
      target: targetOf('target'),
      self: contactOf('self'),
      k: 20,
      alpha: 10,
      beta: 3,
      deadline: limits.queryTimeout,
      awaitPeers: false,
      ...config
    }
    this.lookup = new Lookup(this.config)
    this.seed(seeds)
  }

  seed(peers: readonly PeerInfo[]): void {
    this.#name(peers, 1)
    this.lookup.handle(0, { type: 'seeds', peers })
    this.pump()
  }

  answer(contact: Contact, closer: readonly PeerInfo[]): void {
    this.asked.set(contact.id, 'answered')
    this.#fruitless = this.#name(closer, (this.#hops.get(contact.id) ?? NaN) + 1) ? 0 : this.#fruitless + 1
    this.lookup.handle(1, { type: 'answered', contact, closer })
    this.pump()
  }

  late(contact: Contact): void {
    this.asked.set(contact.id, 'late')
    this.lookup.handle(1, { type: 'late', contact })
    this.pump()
  }

  fail(contact: Contact): void {
    this.asked.set(contact.id, 'failed')
    this.lookup.handle(1, { type: 'failed', contact, nobodyAt: [this.peer(contact.id).addresses] })
    this.pump()
  }

  tick(now: number): void {
    this.lookup.handle(now, { type: 'tick' })
    this.pump()
  }

  stop(reason: 'cancelled' | 'stopped'): void {
    this.lookup.handle(1, { type: 'stop', reason })
    this.pump()
  }

  peer(id: string): PeerInfo {
    const peer = this.known.get(id)
    assert(peer !== undefined, `${id} is known`)
    return peer
  }

  /** Those asked who are in a phase, in the order in which they were asked. */
  those(phase: Phase): string[] {
    return [...this.asked].filter(([, is]) => is === phase).map(([id]) => id)
  }

  /** The ids asked since the last call. */
  takeFresh(): string[] {
    const fresh = this.fresh
    this.fresh = []
    return fresh
  }

  pump(): void {
    for (let output = this.lookup.poll(); output !== undefined; output = this.lookup.poll()) {
      assert(this.result === undefined, 'nothing comes after the end')
      if (output.type === 'ask') {
        this.#ask(output.peer)
      } else {
        this.result = output.result
        this.#judge(output.result)
      }
    }

    assert(this.lookup.counts.total <= limits.frontier, 'the frontier is bounded')
    const idle = this.those('waiting').length === 0
    const nobodyYet = this.known.size === 0 && this.config.awaitPeers
    // those that are late are all the hope there is
    const onlyLate = this.those('late').length > 0 && this.those('answered').length === 0 && this.asked.size === this.known.size
    assert(this.result !== undefined || !idle || nobodyYet || onlyLate, 'it works or it ends')
  }

  #ask(peer: PeerInfo): void {
    const { id } = peer.contact
    assert.notEqual(id, this.config.self.id, 'it does not ask itself')
    assert(this.known.has(id), 'it asks those it was told of')
    assert(!this.asked.has(id), 'it asks nobody twice')
    this.asked.set(id, 'waiting')
    this.fresh.push(id)
    const { alpha, k } = this.config
    const width = this.#fruitless >= alpha ? Math.max(alpha, k) : alpha
    assert(this.those('waiting').length <= width, 'it keeps to its width')
    assert.equal(this.lookup.counts.running, this.those('waiting').length)
  }

  #name(peers: readonly PeerInfo[], hops: number): boolean {
    const { target, self, k } = this.config
    let progress = false
    for (const peer of peers.slice(0, limits.closerPeersRead)) {
      if (peer.contact.id !== self.id && !this.known.has(peer.contact.id)) {
        const away = distance(target.key, peer.contact.key)
        progress ||= this.#nearest === undefined || away < this.#nearest || this.known.size < k
        this.#nearest = this.#nearest === undefined || away < this.#nearest ? away : this.#nearest
        this.known.set(peer.contact.id, peer)
        this.#hops.set(peer.contact.id, hops)
      }
    }

    return progress
  }

  /** What is true of every result, and more of one that converged. */
  #judge(result: LookupResult): void {
    const { target, k } = this.config
    const answered = this.those('answered').map(id => this.peer(id))
    const expected = nearest(answered, target.key, k)
    assert.deepEqual(ids(result.closest), ids(expected), 'the k nearest of those that answered, and nobody else')
    assert.deepEqual([result.requests, result.answers], [this.asked.size, answered.length])
    assert.equal(result.hops, Math.max(0, ...ids(expected).map(id => this.#hops.get(id) ?? NaN)))
    if (result.reason === 'converged') {
      const reachable = [...this.known.values()].filter(({ contact }) => {
        const phase = this.asked.get(contact.id)
        return phase !== 'failed' && phase !== 'late'
      })
      assert.deepEqual(ids(expected), ids(nearest(reachable, target.key, k)), 'nobody nearer was left out')
    }
  }
}
