/** Keys and the XOR metric, judged by big integers. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  commonPrefixLength,
  compareDistance,
  keyBit,
  keyBits,
  keyBytes,
  keyEquals,
  keyFromBytes,
  keyToBytes
} from '@vicinity/kademlia'
import type { Key } from '@vicinity/kademlia'
import * as fc from 'fast-check'
import { distance, toBigInt } from './support/contacts.ts'

const bytes = fc.uint8Array({ minLength: keyBytes, maxLength: keyBytes })
const keys = bytes.map(keyFromBytes)
/** Pairs that random keys never give: alike in all but a few bits. */
const alike = fc
  .tuple(keys, fc.array(fc.nat(keyBits - 1), { maxLength: 3 }))
  .map(([key, bits]) => [key, flip(key, bits)] as const)
const pairs = fc.oneof(fc.tuple(keys, keys), alike)

function flip(key: Key, bits: readonly number[]): Key {
  const flipped = keyToBytes(key)
  for (const bit of bits) {
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7))
  }

  return keyFromBytes(flipped)
}

describe('keys', () => {
  it('are their bytes, most significant first', () => {
    const key = keyFromBytes(Uint8Array.from({ length: 32 }, (_, i) => i))
    assert.deepEqual([key[0], key[7]], [0x00010203, 0x1c1d1e1f])
    fc.assert(fc.property(bytes, given => assert.deepEqual(keyToBytes(keyFromBytes(given)), given)))
  })

  it('have 32 of them', () => {
    for (const length of [0, 31, 33]) {
      assert.throws(() => keyFromBytes(new Uint8Array(length)), RangeError)
    }
  })

  it('are equal when all their bits are', () => {
    fc.assert(fc.property(pairs, ([a, b]) => assert.equal(keyEquals(a, b), toBigInt(a) === toBigInt(b))))
    fc.assert(fc.property(keys, key => assert(keyEquals(key, key.slice()))))
  })

  it('have the bits of their number', () => {
    fc.assert(
      fc.property(keys, fc.nat(keyBits - 1), (key, index) => {
        assert.equal(BigInt(keyBit(key, index)), (toBigInt(key) >> BigInt(keyBits - 1 - index)) & 1n)
      })
    )
  })
})

describe('distance', () => {
  it('compares as the numbers do', () => {
    fc.assert(
      fc.property(keys, pairs, (target, [a, b]) => {
        const difference = distance(target, a) - distance(target, b)
        assert.equal(Math.sign(compareDistance(target, a, b)), difference < 0n ? -1 : difference > 0n ? 1 : 0)
      }),
      { numRuns: 500 }
    )
  })

  it('orders by a metric: the target is nearest to itself, and both ends measure the same', () => {
    fc.assert(
      fc.property(keys, keys, keys, (a, b, c) => {
        assert(keyEquals(a, b) || compareDistance(a, a, b) < 0)
        assert.equal(compareDistance(a, b, c), -compareDistance(a, c, b) + 0)
        assert(distance(a, c) <= distance(a, b) + distance(b, c))
        // from c, a is nearer than b exactly when c is nearer to a than it is to b
        assert.equal(compareDistance(c, a, b) < 0, distance(a, c) < distance(b, c))
      })
    )
  })

  it('is less than 2 to the bits that are not shared', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const shared = commonPrefixLength(a, b)
        const length = distance(a, b) === 0n ? 0 : distance(a, b).toString(2).length
        assert.equal(shared, keyBits - length)
        assert.equal(commonPrefixLength(b, a), shared)
      })
    )
  })
})
