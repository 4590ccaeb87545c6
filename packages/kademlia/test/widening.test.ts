/** Lookups whose peers look made up, and what they do about it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commonPrefixLength, defaultConfig, limits, Rng } from '@vicinity/kademlia'
import type { LookupResult, PeerInfo, Prefix, Target } from '@vicinity/kademlia'
import { Widening } from '../src/lookup/widening.ts'
import type { WideningOutput } from '../src/lookup/widening.ts'
import { contactAt, ids, keyNear, nearest, peerOf, randomKey, targetOf } from './support/contacts.ts'
import { Crowd } from './support/crowd.ts'
import { drain } from './support/drain.ts'

describe('a widening', () => {
  const rng = new Rng('widening')
  const target = contactAt(randomKey(rng))
  const first: LookupResult = {
    reason: 'converged',
    closest: nearest(peersAt(30, 20), target.key, 20),
    found: undefined,
    requests: 30,
    answers: 28,
    hops: 2
  }
  const deadline = 60_000

  function peersAt(bits: number, count: number): PeerInfo[] {
    return Array.from({ length: count }, () => peerOf(contactAt(keyNear(target.key, bits, rng))))
  }

  function make(networkSize: number, k = 20): Widening {
    const started = { target, timeout: deadline, awaitPeers: false, disjointPaths: 2 }
    return new Widening({ started, k, deadline, result: first, suspicion: { divergence: 1.5, networkSize } })
  }

  /** What it says next, where it can say one thing only. */
  function next(widening: Widening): WideningOutput {
    const [output, ...more] = drain(widening)
    assert(output !== undefined && more.length === 0)
    return output
  }

  /** Lets it walk to the end, each walk finding the peers of its own subtree and `found` more. */
  function walk(
    widening: Widening,
    found: readonly PeerInfo[] = []
  ): { prefixes: Prefix[]; walked: Target[]; result: LookupResult } {
    const prefixes: Prefix[] = []
    const walked: Target[] = []
    for (;;) {
      const output = next(widening)
      if (output.type === 'finished') {
        return { prefixes, walked, result: output.result }
      } else if (output.type === 'target') {
        prefixes.push(output.prefix)
        widening.handle(1, { type: 'targeted', target: contactAt(output.prefix.key) })
      } else {
        walked.push(output.lookup.target)
        assert.deepEqual([output.deadline, output.lookup.disjointPaths], [deadline, 2])
        const own = peersAt(commonPrefixLength(target.key, output.lookup.target.key), 2)
        const closest = [...own, ...found]
        // the second walk goes farther than all others
        const hops = walked.length === 2 ? 4 : 1
        widening.handle(1, { type: 'walked', result: { ...first, closest, requests: 20, answers: 19, hops } })
      }
    }
  }

  it('walks into each subtree beside the key, from one that holds k to 2k peers to one that holds none', () => {
    for (const [size, bits] of [
      [13_000, [8, 9, 10, 11, 12, 13]],
      [1_000, [4, 5, 6, 7, 8, 9]],
      [20_000, [8, 9, 10, 11, 12, 13, 14]],
      [25, [0, 1, 2, 3, 4]]
    ] as const) {
      const { prefixes, walked } = walk(make(size))
      assert.deepEqual(
        prefixes.map(prefix => prefix.bits - 1),
        bits,
        `of ${size}`
      )
      assert(prefixes.every(prefix => commonPrefixLength(prefix.key, target.key) === prefix.bits - 1))
      assert.equal(walked.length, bits.length)
    }
    for (let k = 1; k <= limits.closerPeersRead; k++) {
      for (const size of [k, 2 * k + 1, 16 * k - 1, 777 * k]) {
        assert(walk(make(size, k)).walked.length <= limits.regionWalks)
      }
    }
  })

  it('goes where no hashing reaches by the ids of those it finds there, if it finds any', () => {
    const known = peersAt(16, 1)
    const { prefixes, walked } = walk(make(100_000), known)
    assert.deepEqual(
      prefixes.map(({ bits }) => bits),
      [12, 13, 14, 15]
    )
    assert.deepEqual(
      walked.slice(4),
      ids(known).map(() => known[0]?.contact)
    )
  })

  it('gives the nearest of all that it found, those of the region, and what it took', () => {
    const far = peersAt(2, 3)
    const near = peersAt(40, 1)
    const { result } = walk(make(13_000), [...far, ...near])
    assert.deepEqual([result.reason, result.requests, result.answers], ['converged', 30 + 6 * 20, 28 + 6 * 19])
    assert.equal(result.hops, 4)
    assert.deepEqual(ids(result.closest), ids(nearest([...first.closest, ...near], target.key, 20)))
    assert(result.alarm !== undefined)
    const { region, ...suspicion } = result.alarm
    assert.deepEqual(suspicion, { divergence: 1.5, networkSize: 13_000 })
    assert.equal(region.length, 20 + 1 + 6 * 2)
    assert.deepEqual(ids(region), ids(nearest(region, target.key, 100)))
    assert(!far.some(peer => region.includes(peer)))
  })

  it('ends with what it has: at its deadline, when it is told to, and when a walk was cut short', () => {
    const late = make(13_000)
    assert.equal(next(late).type, 'target')
    late.handle(deadline - 1, { type: 'tick' })
    assert.deepEqual([drain(late), late.deadline], [[], deadline])
    late.handle(deadline, { type: 'tick' })
    const end = next(late)
    assert(end.type === 'finished' && end.result.reason === 'timeout')
    assert.deepEqual([ids(end.result.closest), late.deadline], [ids(first.closest), Infinity])
    late.handle(deadline, { type: 'targeted', target })
    assert.deepEqual(drain(late), [])

    const cancelled = make(13_000)
    drain(cancelled)
    cancelled.handle(1, { type: 'stop', reason: 'cancelled' })
    const cancellation = next(cancelled)
    assert(cancellation.type === 'finished' && cancellation.result.reason === 'cancelled')

    const cut = make(13_000)
    drain(cut)
    cut.handle(1, { type: 'targeted', target })
    assert.equal(next(cut).type, 'walk')
    cut.handle(deadline, { type: 'tick' })
    assert.deepEqual(drain(cut), [], 'the walk has the same deadline, and something to tell')
    cut.handle(deadline, { type: 'walked', result: { ...first, reason: 'timeout', closest: peersAt(9, 1) } })
    const cutShort = next(cut)
    assert(cutShort.type === 'finished' && cutShort.result.reason === 'timeout')
    assert.equal(cutShort.result.alarm?.region.length, 21)
  })
})

describe('a lookup among Sybils', () => {
  /** A crowd in which a node has looked around enough to know its size. */
  function crowdOf(seed: string, config = {}): Crowd {
    const crowd = new Crowd(seed, 1_000, config)
    for (let i = 0; i < 12; i++) {
      const { result } = crowd.closest(targetOf(`${seed} ${i}`))
      assert.equal(result.alarm, undefined)
    }
    return crowd
  }

  it('finds the honest peers that they hide, within its width and under its id', () => {
    const crowd = crowdOf('hidden')
    const target = targetOf('attacked')
    const sybils = crowd.surround(target.key, 30)
    const { result, width, asked, targets, progress } = crowd.closest(target)
    assert.equal(result.reason, 'converged')
    assert.deepEqual(ids(result.closest), ids(nearest(sybils, target.key, 20)), 'these are the nearest still')
    assert(result.alarm !== undefined && result.alarm.divergence > defaultConfig.sybilThreshold)
    assert.equal(result.alarm.networkSize, Math.round(result.alarm.networkSize))

    const honest = result.alarm.region.filter(({ contact }) => !crowd.sybils.has(contact.id))
    const truth = crowd.truth(target.key)
    const found = truth.filter(peer => honest.some(({ contact }) => contact.id === peer.contact.id))
    assert(found.length >= 19, `${found.length} of the 20 that are hidden`)

    assert(width <= limits.k, `${width} in flight`)
    assert(targets >= 5 && targets <= 7)
    assert.equal(asked.length, result.requests)
    assert.equal(progress.filter(event => event.type === 'asked').length, result.requests)
    assert.equal(crowd.machine.sizes['widenings'], 0)
    assert.equal(crowd.machine.sizes['ownLookups'], 0)
  })

  it('without the alarm names Sybils only, and costs what it always did', () => {
    const crowd = crowdOf('unseen', { sybilThreshold: Infinity })
    const target = targetOf('attacked')
    crowd.surround(target.key, 30)
    const { result, targets } = crowd.closest(target)
    assert.deepEqual([result.alarm, targets], [undefined, 0])
    assert(result.requests < 60, `${result.requests} requests`)
    assert(result.closest.every(({ contact }) => crowd.sybils.has(contact.id)))
  })

  it('ends at its deadline when no preimage comes', () => {
    const crowd = crowdOf('no hash')
    const target = targetOf('attacked')
    const sybils = crowd.surround(target.key, 30)
    crowd.hashing = false
    const { result } = crowd.closest(target, { timeout: 20_000 })
    assert.equal(result.reason, 'timeout')
    assert.deepEqual(ids(result.closest), ids(nearest(sybils, target.key, 20)))
    assert(result.alarm !== undefined && result.alarm.region.length >= 20)
    assert.equal(crowd.machine.sizes['widenings'], 0)
  })

  it('ends when it is cancelled or stopped, in the first lookup or a later walk', () => {
    for (const at of [5, 80]) {
      for (const end of ['cancelled', 'stopped'] as const) {
        const crowd = crowdOf(`ends ${at} ${end}`)
        const target = targetOf('attacked')
        crowd.surround(target.key, 30)
        crowd.interrupt = sent => {
          const op = 13
          return sent === at ? (end === 'stopped' ? { type: 'stop' } : { type: 'cancel', op }) : undefined
        }
        const { result, asked } = crowd.closest(target)
        assert.equal(result.reason, end)
        assert.equal(result.alarm !== undefined, at === 80)
        assert.equal(result.requests, asked.length)
        const { lookups, ownLookups, widenings, requests } = crowd.machine.sizes
        assert.deepEqual({ lookups, ownLookups, widenings, requests }, { lookups: 0, ownLookups: 0, widenings: 0, requests: 0 })
      }
    }
  })

  it('takes a peer that is looked for and found for no sign of Sybils', () => {
    const crowd = crowdOf('a peer')
    const [peer] = crowd.truth(targetOf('somebody').key, 1) as [PeerInfo]
    const { result } = crowd.closest(peer.contact)
    assert.equal(result.closest[0]?.contact.id, peer.contact.id)
    assert.equal(result.alarm, undefined)
  })

  it('that takes disjoint paths says what each found, and is widened all the same', () => {
    const crowd = crowdOf('disjoint', { disjointPaths: 4 })
    const target = targetOf('attacked')
    crowd.surround(target.key, 30)
    const { result, width } = crowd.closest(target)
    assert.equal(result.paths?.length, 4)
    assert(result.alarm !== undefined)
    assert(width <= limits.alpha, `${width} in flight`)
  })
})
