/** The numbers to hold (T4, T5): how large the network is, and whether the peers around a key look made up. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Rng } from '@vicinity/kademlia'
import type { Key, NetworkSize, PeerInfo } from '@vicinity/kademlia'
import { divergence } from '../src/estimate/divergence.ts'
import { NetworkSizeEstimate } from '../src/estimate/network-size.ts'
import { Watch } from '../src/estimate/watch.ts'
import { contactAt, peerOf, peersOf, randomKey, targetOf } from './support/contacts.ts'
import { Crowd } from './support/crowd.ts'

const k = 20

/** A number in (0, 1) with all the bits it has. */
function uniform(rng: Rng): number {
  return (rng.uint32() * 2 ** 21 + (rng.uint32() >>> 11) + 0.5) / 2 ** 53
}

/** The distances, as shares of the keyspace, of those nearest to a key of `size` peers spread evenly: one after the other. */
function distances(size: number, rng: Rng, count = k): number[] {
  const found: number[] = []
  for (let i = 0, beyond = 1; i < count; i++) {
    beyond *= uniform(rng) ** (1 / (size - i))
    found.push(1 - beyond)
  }

  return found
}

/** A peer at a distance from a key, a share of the keyspace. */
function peerAt(key: Key, distance: number, rng: Rng): PeerInfo {
  const leading = Math.floor(distance * 2 ** 53)
  const away = randomKey(rng)
  away[0] = Math.floor(leading / 2 ** 21)
  away[1] = ((leading % 2 ** 21) << 11) | (rng.uint32() >>> 21)
  return peerOf(contactAt(key.map((word, i) => word ^ (away[i] as number))))
}

function closestTo(key: Key, size: number, rng: Rng): PeerInfo[] {
  return distances(size, rng).map(distance => peerAt(key, distance, rng))
}

/** `count` estimates by `lookups` lookups each, of a network of `size`: their mean and deviation, as shares of the truth. */
function estimates(size: number, lookups: number, count: number): { mean: number; deviation: number; claimed: number } {
  const rng = new Rng(`${size} ${lookups}`)
  const shares: number[] = []
  let claimed = 0
  for (let i = 0; i < count; i++) {
    const estimate = new NetworkSizeEstimate(k)
    for (let j = 0; j < lookups; j++) {
      const key = randomKey(rng)
      estimate.looked(key, closestTo(key, size, rng))
    }
    assert.equal(estimate.value?.lookups, lookups)
    shares.push(estimate.value.peers / size)
    claimed = estimate.value.relativeError
  }

  const mean = shares.reduce((sum, share) => sum + share) / count
  const deviation = Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / (count - 1))
  return { mean, deviation, claimed }
}

describe('the estimated size of the network', () => {
  for (const [size, lookups, count, expected] of [
    [1_000, 5, 1_000, 0.108],
    [13_000, 20, 500, 0.0541],
    [20_000, 150, 100, 0.0198]
  ] as const) {
    it(`is right on average with ${lookups} lookups among ${size} peers, and errs by ${expected * 100} %`, () => {
      const { mean, deviation, claimed } = estimates(size, lookups, count)
      assert(Math.abs(mean - 1) < (3 * expected) / Math.sqrt(count), `biased: ${mean}`)
      // the deviation of a deviation from so many trials, thrice
      assert(Math.abs(deviation / expected - 1) < 3 / Math.sqrt(2 * count), `errs by ${deviation}`)
      assert(Math.abs(claimed / expected - 1) < 0.01, `claims to err by ${claimed}`)
    })
  }

  it('is unknown before five lookups have told', () => {
    const rng = new Rng('few')
    const estimate = new NetworkSizeEstimate(k)
    for (let i = 0; i < 5; i++) {
      assert.equal(estimate.value, undefined)
      const key = randomKey(rng)
      estimate.looked(key, closestTo(key, 1_000, rng))
    }
    assert.equal(estimate.value?.lookups, 5)
  })

  it('rests on each key once, with its latest lookup', () => {
    const rng = new Rng('once')
    const estimate = new NetworkSizeEstimate(k)
    const keys = Array.from({ length: 5 }, () => randomKey(rng))
    for (const size of [500, 50_000]) {
      for (const key of keys) {
        estimate.looked(key, closestTo(key, size, rng))
      }
    }
    assert.equal(estimate.value?.lookups, 5)
    assert(estimate.value.peers > 25_000)
  })

  for (const [from, to] of [
    [25, 20_000],
    [20_000, 300]
  ] as const) {
    it(`is that of ${to} peers, and of no mixture, once most lookups were among them rather than ${from}`, () => {
      const rng = new Rng('met the world')
      const estimate = new NetworkSizeEstimate(k)
      for (const [size, lookups] of [
        [from, 20],
        [to, 21]
      ] as const) {
        for (let i = 0; i < lookups; i++) {
          const key = randomKey(rng)
          estimate.looked(key, closestTo(key, size, rng))
        }
      }
      assert.equal(estimate.value?.lookups, 21)
      assert(Math.abs(estimate.value.peers / to - 1) < 0.25, `${estimate.value.peers}`)
    })
  }

  it('is unknown where fewer than five are of one network', () => {
    const rng = new Rng('neither')
    const estimate = new NetworkSizeEstimate(k)
    for (const size of [25, 25, 25, 25, 20_000, 20_000, 20_000]) {
      const key = randomKey(rng)
      estimate.looked(key, closestTo(key, size, rng))
    }
    assert.equal(estimate.value, undefined)
  })

  it('is not moved by those who crowd around keys, while there are fewer of these, even if they come one after the other', () => {
    const rng = new Rng('crowded')
    const estimate = new NetworkSizeEstimate(k)
    for (let i = 0; i < 40; i++) {
      const key = randomKey(rng)
      estimate.looked(key, closestTo(key, i < 21 ? 20_000 : 20_000_000, rng))
    }
    assert(estimate.value !== undefined && Math.abs(estimate.value.peers / 20_000 - 1) < 0.25, `${estimate.value?.peers}`)
    assert.equal(estimate.value.lookups, 21)
  })

  it('forgets what was so 150 lookups ago', () => {
    const rng = new Rng('forgets')
    const estimate = new NetworkSizeEstimate(k)
    for (const size of [500, 50_000]) {
      for (let i = 0; i < 150; i++) {
        const key = randomKey(rng)
        estimate.looked(key, closestTo(key, size, rng))
      }
    }
    assert.equal(estimate.value?.lookups, 150)
    assert(Math.abs(estimate.value.peers / 50_000 - 1) < 0.1)
  })

  it('takes no notice of lookups that found too few, and none of the peer that was the target itself', () => {
    const rng = new Rng('itself')
    const plain = new NetworkSizeEstimate(k)
    const itself = new NetworkSizeEstimate(k)
    for (let i = 0; i < 400; i++) {
      const key = randomKey(rng)
      const closest = closestTo(key, 10_000, rng)
      plain.looked(key, closest.slice(1))
      itself.looked(key, [peerOf(contactAt(key)), ...closest.slice(0, -1)])
    }
    assert.equal(plain.value, undefined)
    assert(itself.value !== undefined && Math.abs(itself.value.peers / 10_000 - 1) < 0.06, `${itself.value?.peers}`)
  })
})

describe('the divergence of the peers around a key', () => {
  const size = 13_000
  const trials = 2_000
  const rng = new Rng('sybils')
  const key = randomKey(rng)

  /** The divergences around keys, each with Sybils anywhere nearer than the nearest honest peer. */
  function divergences(sybils: number): number[] {
    return Array.from({ length: trials }, () => {
      const honest = distances(size, rng)
      const nearer = Array.from({ length: sybils }, () => uniform(rng) * (honest[0] as number))
      const nearest = [...honest, ...nearer].sort((a, b) => a - b).slice(0, k)
      return divergence(
        key,
        nearest.map(distance => peerAt(key, distance, rng)),
        size
      )
    }).sort((a, b) => a - b)
  }

  function shareAbove(threshold: number, values: readonly number[]): number {
    return values.filter(value => value > threshold).length / values.length
  }

  it('of honest keys is small, and above the threshold for one in 170', () => {
    const honest = divergences(0)
    const percentiles = [0.5, 0.9, 0.95, 0.99].map(share => honest[Math.floor(share * trials)] as number)
    for (const [i, expected] of [0.217, 0.465, 0.591, 0.836].entries()) {
      assert(Math.abs((percentiles[i] as number) / expected - 1) < 0.15, `${percentiles[i]}, not ${expected}`)
    }
    assert((honest[0] as number) >= 0)
    assert(shareAbove(0.94, honest) < 0.0115, 'thrice the deviation from .006')
  })

  for (const [sybils, expected] of [
    [5, 0.32],
    [10, 0.865],
    [15, 0.99],
    [20, 0.9991],
    [30, 1]
  ] as const) {
    it(`tells ${expected * 100} % of the keys with ${sybils} Sybils`, () => {
      const share = shareAbove(0.94, divergences(sybils))
      assert(Math.abs(share - expected) <= 3 * Math.sqrt((expected * (1 - expected)) / trials), `${share}`)
    })
  }

  it('is exact where hashing could never come, and infinite where somebody is missing', () => {
    // one of twenty shares 200 bits, where 13,000 / 2^201 are expected
    const others = distances(size, rng).slice(1)
    const near = [2 ** -52, ...others].map(distance => peerAt(key, distance, rng))
    const nearer = near.with(0, peerOf(contactAt(key.map((word, i) => (i === 6 ? word ^ 0x00800000 : word)))))
    const ratio = Math.log(2 ** (200 - 51)) / 20
    assert(Math.abs(divergence(key, nearer, size) - divergence(key, near, size) - ratio) < 1e-9)
    const opposite = [...distances(size, rng, 19), 0.9].map(distance => peerAt(key, distance, rng))
    assert.equal(divergence(key, opposite, size), Infinity)
    assert.equal(divergence(key, [peerAt(key, 0.9, rng)], 1), Math.LN2, 'one peer is where it is expected half of the time')
  })
})

describe('what is watched', () => {
  const rng = new Rng('watched')
  const result = { reason: 'converged', found: undefined, requests: 0, answers: 0, hops: 1 } as const
  const key = randomKey(rng)
  const sybils = Array.from({ length: k }, (_, i) => peerAt(key, (i + 1) * 2 ** -40, rng))

  function watching(sybilThreshold: number): Watch {
    const watch = new Watch({ k, sybilThreshold })
    for (let i = 0; i < 20; i++) {
      const other = randomKey(rng)
      watch.looked(other, { ...result, closest: closestTo(other, 1_000, rng) })
      watch.looked(other, { ...result, reason: 'timeout', closest: peersOf('far', k) })
    }
    return watch
  }

  it('is suspected by what is known of the network', () => {
    const watch = watching(0.94)
    const suspicion = watch.suspicion(key, { ...result, closest: sybils })
    assert(suspicion !== undefined && suspicion.divergence > 5)
    assert.equal(suspicion.networkSize, watch.networkSize?.peers)
    assert.equal(new Watch({ k, sybilThreshold: 0.94 }).suspicion(key, { ...result, closest: sybils }), undefined)
  })

  it('is not when it was cut short, found too few, or nobody asks for it', () => {
    const watch = watching(0.94)
    for (const reason of ['timeout', 'found', 'cancelled'] as const) {
      assert.equal(watch.suspicion(key, { ...result, reason, closest: sybils }), undefined)
    }
    assert.equal(watch.suspicion(key, { ...result, closest: sybils.slice(1) }), undefined)
    assert.equal(watching(Infinity).suspicion(key, { ...result, closest: sybils }), undefined)
  })
})

describe('a node', () => {
  it('knows how large its network is by its lookups', () => {
    const crowd = new Crowd('size', 800)
    const known = (): NetworkSize | undefined => crowd.machine.networkSize
    assert.equal(known(), undefined)
    for (let i = 0; i < 40; i++) {
      crowd.closest(targetOf(`key ${i}`))
    }
    const size = known()
    assert(size?.lookups === 40 && Math.abs(size.relativeError - 0.0383) < 0.001)
    assert(Math.abs(size.peers / 800 - 1) < 3 * size.relativeError, `${size.peers}`)
  })
})
