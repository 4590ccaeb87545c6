/** What is true is worked out twice, by words and by whole numbers, neither of them the engine's way: both say the same. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Rng } from '@vicinity/kademlia'
import type { Key } from '@vicinity/kademlia'
import * as fc from 'fast-check'
import { distance, numberOf } from '../src/check/distance.ts'
import { keyNear, randomKey } from '../src/world/contacts.ts'
import { bitOf, compareKeys, compareNearness } from '../src/world/truth.ts'

/** Three keys, which share any number of bits, so that any word of them may decide. */
const keys = fc.tuple(fc.string(), fc.nat(256), fc.nat(256)).map(([seed, one, other]): [Key, Key, Key] => {
  const rng = new Rng(seed)
  const key = randomKey(rng)
  return [key, keyNear(key, one, rng), keyNear(key, other, rng)]
})

function order(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

describe('the arithmetic of whoever judges', () => {
  it('orders keys as numbers, and by their distance', () => {
    fc.assert(
      fc.property(keys, ([target, a, b]) => {
        assert.equal(Math.sign(compareKeys(a, b)), order(numberOf(a), numberOf(b)))
        assert.equal(Math.sign(compareNearness(target, a, b)), order(distance(target, a), distance(target, b)))
        assert.equal(compareNearness(target, a, a), 0)
      })
    )
  })

  it('knows the bits of a key', () => {
    fc.assert(
      fc.property(keys, fc.nat(255), ([key], bit) => {
        assert.equal(bitOf(key, bit), Number((numberOf(key) >> BigInt(255 - bit)) & 1n))
      })
    )
  })
})
