/** Every rule by which a lookup is judged, broken by hand. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Rng } from '@vicinity/kademlia'
import type { LookupResult, Millis, PeerInfo } from '@vicinity/kademlia'
import type { Asked } from '../../src/check/ledger.ts'
import { Walk } from '../../src/check/walk.ts'
import type { WalkRules } from '../../src/check/walk.ts'
import { randomKey, targetAt } from '../../src/world/contacts.ts'
import { SmallWorld } from '../support/small-world.ts'

const rules: WalkRules = { k: 3, alpha: 2, beta: 1, paths: 1, limitGroups: false }

/** A walk that knows peers called by their order: 0 is the nearest. */
class Course {
  readonly walk: Walk
  readonly peers: readonly PeerInfo[]
  readonly #asked = new Map<number, Asked>()

  constructor(known: readonly number[], some: Partial<WalkRules> = {}) {
    const small = new SmallWorld()
    const target = targetAt(randomKey(new Rng('target')))
    const away = ({ contact }: PeerInfo): bigint =>
      contact.key.reduce((number, word, i) => (number << 32n) | BigInt((word ^ (target.key[i] ?? 0)) >>> 0), 0n)
    this.peers = small
      .servers(12)
      .map(({ info }) => info)
      .sort((a, b) => (away(a) < away(b) ? -1 : 1))
    this.walk = new Walk(target, 'self', { ...rules, ...some }, 0)
    this.walk.seed(known.map(index => this.peer(index)))
  }

  peer(index: number): PeerInfo {
    const peer = this.peers[index]
    assert(peer !== undefined)
    return peer
  }

  ask(index: number, now: Millis = 0, lateAt: Millis = 1_000, at = this.peer(index).addresses): string | undefined {
    const to = this.peer(index).contact
    const request = { rpc: index, to, at, op: 1, target: this.walk.target, sent: now, opened: now, lateAt, moot: false }
    this.#asked.set(index, request)
    return this.walk.send(request, now)
  }

  answer(index: number, ...named: number[]): this {
    this.walk.answered(
      this.#request(index),
      named.map(name => this.peer(name))
    )
    return this
  }

  fail(index: number, nobody = false): this {
    this.walk.failed(this.#request(index), nobody)
    return this
  }

  /** Somebody's answer names a peer at these addresses. */
  name(by: number, index: number, addresses: PeerInfo['addresses']): this {
    this.walk.answered(this.#request(by), [{ ...this.peer(index), addresses }])
    return this
  }

  end(closest: readonly number[], requests: number, answers: number, hops = 1, now: Millis = 10): string | undefined {
    return this.finish({ reason: 'converged', closest: closest.map(index => this.peer(index)), requests, answers, hops }, now)
  }

  finish(result: Omit<LookupResult, 'found' | 'hops'> & Partial<LookupResult>, now: Millis = 10): string | undefined {
    return this.walk.finished({ found: undefined, hops: 1, ...result }, now)
  }

  #request(index: number): Asked {
    const request = this.#asked.get(index)
    assert(request !== undefined)
    return request
  }
}

describe('a walk', () => {
  it('that does as it should is left in peace', () => {
    const course = new Course([1, 2, 3])
    assert.deepEqual([course.ask(1), course.ask(2), course.walk.rest(0)], [undefined, undefined, undefined])
    assert.equal(course.answer(1, 0, 2).ask(0, 5), undefined)
    assert.equal(course.fail(2).ask(3, 6), undefined)
    course.answer(0).answer(3)
    assert(course.walk.converged(10))
    assert.equal(course.walk.rest(10), undefined)
    assert.equal(course.end([0, 1, 3], 4, 3, 2), undefined)
  })

  it('may not ask whom nobody named', () => {
    assert.match(new Course([1]).ask(0) ?? '', /nobody told it/)
  })

  it('may not ask anybody twice', () => {
    const course = new Course([0])
    course.ask(0)
    assert.match(course.answer(0).ask(0) ?? '', /again/)
  })

  it('asks somebody once more who was not there, and only where others say it is', () => {
    const elsewhere = [{ count: 1 }, { count: 1 }] as const
    const course = new Course([0, 1, 2])
    for (const index of [0, 1]) {
      course.ask(index)
    }
    course.fail(0, true)
    assert.match(course.ask(0) ?? '', /again/)
    course.name(1, 0, elsewhere[0])
    assert.match(course.ask(0) ?? '', /again/)
    assert.equal(course.ask(0, 0, 1_000, elsewhere[0]), undefined)
    course.fail(0, true).ask(2)
    assert.match(course.name(2, 0, elsewhere[1]).ask(0, 0, 1_000, elsewhere[1]) ?? '', /again/)
  })

  it('may not ask anybody before somebody nearer', () => {
    assert.match(new Course([0, 1]).ask(1) ?? '', /before .*, which is nearer/)
  })

  it('may not have more than α requests in flight, nor more than k while it is stalled', () => {
    const course = new Course([0, 1, 2, 3, 4, 5])
    assert.deepEqual([course.ask(0), course.ask(1)], [undefined, undefined])
    assert.match(course.ask(2) ?? '', /3 requests in flight, and 2 may be/)
    const stalled = new Course([0, 1, 2, 3, 4, 5, 6, 7], { k: 4 })
    stalled.ask(0)
    stalled.ask(1)
    stalled.answer(0).answer(1)
    assert.deepEqual([stalled.ask(2), stalled.ask(3)], [undefined, undefined])
    assert.equal(stalled.walk.rest(10), undefined)
  })

  it('may count late requests no longer', () => {
    const course = new Course([0, 1, 2, 3])
    course.ask(0, 0, 1_000)
    course.ask(1, 0, 5_000)
    assert.match(course.ask(2, 500) ?? '', /3 requests in flight/)
    const later = new Course([0, 1, 2, 3])
    later.ask(0, 0, 1_000)
    later.ask(1, 0, 5_000)
    assert.equal(later.ask(2, 1_500), undefined)
  })

  it('may not ask beyond the k nearest in the follow-up', () => {
    const course = new Course([0, 1, 2, 3], { alpha: 3 })
    course.ask(0)
    course.ask(1)
    course.ask(2)
    assert.match(course.answer(0).ask(3) ?? '', /beyond the 3 nearest, in the follow-up/)
  })

  it('may not idle while it has a place and somebody to ask', () => {
    const course = new Course([0, 1, 2])
    course.ask(0)
    assert.match(course.walk.rest(1) ?? '', /leaves n\d+ unasked, with 1 requests in flight of 2/)
  })

  it('may not idle behind somebody who is late', () => {
    const course = new Course([0, 1, 2])
    course.ask(0, 0, 1_000)
    course.ask(1, 0, 5_000)
    assert.equal(course.walk.rest(500), undefined)
    assert.match(course.walk.rest(1_100) ?? '', /unasked, with 1 requests in flight/)
  })

  it('may not keep to α while it is stalled', () => {
    const course = new Course([0, 1, 2, 3, 4, 5], { k: 5 })
    course.ask(0)
    course.ask(1)
    course.answer(0).answer(1).ask(2)
    course.ask(3)
    assert.match(course.walk.rest(10) ?? '', /with 2 requests in flight of 5/)
  })

  it('may not wait behind slow peers on its approach', () => {
    const course = new Course([0, 1, 2, 3, 4], { alpha: 4, beta: 2 })
    for (const index of [0, 1, 2]) {
      course.ask(index)
    }
    assert.match(course.walk.rest(10) ?? '', /leaves n\d+ unasked, with 3 requests in flight of 4/)
  })

  it('may not end with somebody who did not answer, without who did, or in another order', () => {
    const course = new Course([0, 1, 2])
    course.ask(0)
    course.ask(1)
    course.answer(0).fail(1).ask(2)
    course.answer(2)
    for (const closest of [[0, 1, 2], [0], [2, 0]]) {
      assert.match(course.end(closest, 3, 2) ?? '', /ends with/)
    }
    assert.equal(course.end([0, 2], 3, 2), undefined)
  })

  it('may not say that it went farther than it did, or less far', () => {
    const course = new Course([2, 3])
    course.ask(2)
    course.answer(2, 1).ask(1)
    course.answer(1, 0).ask(0)
    course.answer(0, 3)
    assert.match(course.end([0, 1, 2], 3, 3, 2) ?? '', /ends after 2 hops, but walked 3/)
    assert.match(course.end([0, 1, 2], 3, 3, 4) ?? '', /ends after 4 hops, but walked 3/)
    course.ask(3)
    assert.equal(course.answer(3).end([0, 1, 2], 4, 4, 3), undefined)
  })

  it('may not miscount', () => {
    const course = new Course([0])
    course.ask(0)
    course.answer(0)
    assert.match(course.end([0], 2, 1) ?? '', /1 answers to 2 requests, but it had 1 to 1/)
  })

  it('may not end as converged while somebody nearer was not asked, or may still answer', () => {
    const course = new Course([0, 1])
    course.ask(0)
    assert.match(course.answer(0).end([0], 1, 1) ?? '', /without n\d+, which is nearer and heard/)
    course.ask(1)
    assert.match(course.end([0], 2, 1) ?? '', /nearer and waiting/)
    assert.equal(course.end([0], 2, 1, 1, 1_500), undefined)
  })

  it('for a peer ends as found when an answer names an address of it, or is its own, and only then', () => {
    const course = new Course([1, 2])
    const [wanted, closest] = [course.peer(0), [course.peer(1)]]
    course.walk.wanted = wanted.contact.id
    course.ask(1)
    course.ask(2)
    const found = { reason: 'found', closest, requests: 2, answers: 1, found: wanted } as const
    course.name(1, 0, { count: 0 })
    assert.match(course.finish(found) ?? '', /ends with n\d+, of whom nobody told it/)
    course.answer(2, 0)
    const more = { ...found, closest: [course.peer(1), course.peer(2)], requests: 2, answers: 2 }
    assert.equal(course.finish(more), undefined)
    assert.match(course.finish({ ...more, reason: 'converged' }) ?? '', /ends as converged with n\d+/)
    assert.match(course.ask(0) ?? '', /asks n\d+, though n\d+ was named/)
    assert.match(
      course.finish({ ...more, requests: 2, reason: 'timeout', found: undefined }) ?? '',
      /ends as timeout, but n\d+ was named/
    )
    assert.match(course.finish({ ...more, found: course.peer(2) }) ?? '', /ends with n\d+, which is not whom it is for/)

    const own = new Course([0])
    own.walk.wanted = own.peer(0).contact.id
    own.ask(0)
    own.answer(0)
    assert.equal(own.finish({ ...found, requests: 1, closest: [own.peer(0)], found: own.peer(0) }), undefined)
  })

  it('believes at most 40 peers of an answer, and of no address group a crowd', () => {
    const course = new Course([0], { limitGroups: true })
    const crowd = [1, 2, 3, 4].map(index => ({ ...course.peer(index), groups: [9] }))
    course.ask(0)
    course.walk.answered(
      {
        rpc: 0,
        to: course.peer(0).contact,
        at: course.peer(0).addresses,
        op: 1,
        target: undefined,
        sent: 0,
        opened: 0,
        lateAt: 9,
        moot: false
      },
      crowd
    )
    assert.match(course.ask(1) ?? '', /nobody told it/)
  })
})
