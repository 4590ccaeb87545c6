/** Lookups in any network: what holds whatever peers answer, fail, lie or keep silent, in whatever order. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limits, Rng } from '@vicinity/kademlia'
import type { PeerInfo } from '@vicinity/kademlia'
import * as fc from 'fast-check'
import { contactAt, keyNear, nearest, peerOf, peersOf } from './support/contacts.ts'
import { Walk } from './support/walk.ts'

const self = peerOf('self')
const population = [self, ...peersOf('peer', 59)]

const behaviours = fc.record({
  does: fc.constantFrom('answer', 'answer', 'answer', 'fail', 'late, then answer', 'late, then fail', 'silent'),
  /** Whom it names: anybody, itself and us among them, in any order and perhaps twice. */
  names: fc.array(fc.nat(population.length - 1), { maxLength: 45 })
})
const networks = fc.record({
  peers: fc.array(behaviours, { minLength: population.length, maxLength: population.length }),
  seeds: fc.array(fc.nat(population.length - 1), { maxLength: 20 }),
  order: fc.array(fc.nat(1_000), { maxLength: 100 }),
  k: fc.integer({ min: 1, max: 20 }),
  alpha: fc.integer({ min: 1, max: 25 }),
  beta: fc.integer({ min: 1, max: 20 })
})
type AnyNetwork = typeof networks extends fc.Arbitrary<infer N> ? N : never

function named(indices: readonly number[]): PeerInfo[] {
  return indices.map(index => population[index] as PeerInfo)
}

/** Lets the network answer in its order until nobody has anything more to say. */
function play(walk: Walk, { peers, order }: Pick<AnyNetwork, 'peers' | 'order'>): void {
  for (let step = 0; walk.result === undefined; step++) {
    const pending = [...walk.those('waiting'), ...walk.those('late').filter(id => behaviourOf(peers, id).does !== 'silent')]
    const id = pending[(order[step] ?? 0) % pending.length]
    if (id === undefined) {
      const [silent] = walk.those('late')
      assert(silent !== undefined, 'a lookup that has not ended waits for somebody')
      walk.fail(walk.peer(silent).contact) // its request is abandoned in the end
      continue
    }

    const { contact } = walk.peer(id)
    const { does, names } = behaviourOf(peers, id)
    const isLate = walk.asked.get(id) === 'late'
    if (does === 'answer' || (does === 'late, then answer' && isLate)) {
      walk.answer(contact, named(names))
    } else if (does === 'fail' || (does === 'late, then fail' && isLate)) {
      walk.fail(contact)
    } else {
      walk.late(contact)
    }
  }
}

function behaviourOf(peers: AnyNetwork['peers'], id: string): AnyNetwork['peers'][number] {
  return peers[population.findIndex(({ contact }) => contact.id === id)] as AnyNetwork['peers'][number]
}

describe('a lookup, in any network', () => {
  it('ends by itself, within its width, asking nobody twice, listing the nearest that answered (see Walk)', () => {
    fc.assert(
      fc.property(networks, ({ k, alpha, beta, seeds, ...network }) => {
        const walk = new Walk(named(seeds), { k, alpha, beta: Math.min(k, beta) })
        play(walk, network)
        assert.equal(walk.result?.reason, 'converged')
      }),
      { numRuns: 1_000 }
    )
  })

  it('ends when it is told to, or at its deadline, with what it has', () => {
    const ends = fc.constantFrom('timeout' as const, 'cancelled' as const, 'stopped' as const)
    fc.assert(
      fc.property(networks, fc.nat(20), ends, ({ seeds, peers, order }, steps, end) => {
        const walk = new Walk(named(seeds))
        for (const id of order.slice(0, steps).map(step => walk.those('waiting')[step % 10])) {
          if (id !== undefined && walk.result === undefined) {
            walk.answer(walk.peer(id).contact, named(behaviourOf(peers, id).names))
          }
        }

        if (walk.result === undefined) {
          walk.tick(walk.lookup.deadline - 1)
          assert.equal(walk.result, undefined, 'an early tick is nothing')
          if (end === 'timeout') {
            walk.tick(walk.lookup.deadline)
          } else {
            walk.stop(end)
          }
          assert.equal((walk.result as Walk['result'])?.reason, end)
        }

        // whatever comes now is ignored
        assert.equal(walk.lookup.deadline, Infinity)
        const { requests } = walk.result ?? {}
        for (const peer of population) {
          walk.lookup.handle(2, { type: 'answered', contact: peer.contact, closer: population })
        }
        walk.seed(population)
        walk.tick(1e9)
        assert.equal(walk.result?.requests, requests)
      })
    )
  })
})

describe('a lookup among liars', () => {
  const seeds = peersOf('honest', 20)

  it('reads 40 of 10,000 peers', () => {
    const walk = new Walk(seeds)
    const [first] = walk.those('waiting')
    walk.answer(walk.peer(first ?? '').contact, peersOf('crowd', 10_000))
    assert.equal(walk.lookup.counts.total, 20 + limits.closerPeersRead)
  })

  it('takes no notice of itself, of the asker, and of the same peer again', () => {
    const walk = new Walk(seeds)
    for (const id of walk.those('waiting')) {
      const asker = walk.peer(id)
      walk.answer(asker.contact, [asker, self, self, asker, ...seeds, ...seeds].slice(0, limits.closerPeersRead))
    }
    assert.equal(walk.lookup.counts.total, 20)
    assert.equal(walk.asked.has('self'), false)
  })

  it('ends among endless fakes, each naming 40 that are nearer', () => {
    const rng = new Rng('fakes')
    const walk = new Walk(seeds)
    let depth = 10
    while (walk.result === undefined) {
      const [id] = walk.those('waiting').toReversed()
      depth = Math.min(depth + 1, 250)
      const fakes = Array.from({ length: 40 }, () => peerOf(contactAt(keyNear(walk.config.target.key, depth, rng))))
      walk.answer(walk.peer(id ?? '').contact, fakes)
    }
    assert(walk.result.requests <= limits.frontier)
  })

  it('still asks the nearest peer of all after a flood has filled its frontier', () => {
    const rng = new Rng('flood')
    // all five are asked at once, so the farthest of all is one that cannot be dropped
    const walk = new Walk(seeds.slice(0, 5))
    const flood = (): PeerInfo[] => Array.from({ length: 40 }, () => peerOf(contactAt(keyNear(walk.config.target.key, 12, rng))))
    while (walk.lookup.counts.total < limits.frontier) {
      const [id] = walk.those('waiting')
      walk.answer(walk.peer(id ?? '').contact, flood())
    }

    const honest = peerOf(contactAt(keyNear(walk.config.target.key, 40, rng)))
    const [id, ...others] = walk.those('waiting')
    walk.answer(walk.peer(id ?? '').contact, [honest])
    assert.equal(walk.lookup.counts.total, limits.frontier)
    for (const other of others) {
      walk.fail(walk.peer(other).contact)
    }
    assert.equal(walk.asked.get(honest.contact.id), 'waiting')
  })

  it('drops those farther than its frontier', () => {
    const rng = new Rng('far')
    const walk = new Walk(seeds)
    const at = (bits: number): PeerInfo => peerOf(contactAt(keyNear(walk.config.target.key, bits, rng)))
    while (walk.lookup.counts.total < limits.frontier) {
      const [id] = walk.those('waiting')
      walk.answer(
        walk.peer(id ?? '').contact,
        Array.from({ length: 40 }, () => at(30))
      )
    }

    const before = nearest(walk.known.values(), walk.config.target.key, 20)
    const [id] = walk.those('waiting')
    walk.answer(walk.peer(id ?? '').contact, [at(0)])
    assert.equal(walk.lookup.counts.total, limits.frontier)
    assert.deepEqual(nearest(walk.known.values(), walk.config.target.key, 20), before)
  })
})
