/** Buckets of tokens, with a clock of the test. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Tokens } from '../../src/guard/tokens.ts'

const rates = fc.record({ perSecond: fc.integer({ min: 1, max: 1_000 }), burst: fc.integer({ min: 1, max: 100 }) })
const steps = fc.array(fc.record({ passMs: fc.integer({ min: 0, max: 500 }), count: fc.integer({ min: 1, max: 20 }) }), {
  maxLength: 200,
  size: 'max'
})

test('a bucket never gives more than its burst and what its rate adds, from any moment on', () => {
  fc.assert(
    fc.property(rates, steps, (rate, takes) => {
      let now = 0
      let taken = 0
      /** The least of what was taken above the rate, over all moments so far. */
      let least = 0
      const tokens = new Tokens(rate, () => now)
      for (const { passMs, count } of takes) {
        now += passMs
        const added = (rate.perSecond * now) / 1_000
        least = Math.min(least, taken - added)
        taken += tokens.take(count) ? count : 0
        assert.ok(taken - added - least <= rate.burst + 1e-6, `${taken} tokens after ${now} ms`)
      }
    })
  )
})

test('a bucket gives the whole burst at once, and nothing after it', () => {
  const tokens = new Tokens({ perSecond: 1, burst: 5 }, () => 0)
  assert.deepEqual(
    Array.from({ length: 7 }, () => tokens.take()),
    [true, true, true, true, true, false, false]
  )
})

test('a take that fails takes nothing', () => {
  const tokens = new Tokens({ perSecond: 1, burst: 5 }, () => 0)
  assert.equal(tokens.take(6), false)
  assert.equal(tokens.take(5), true)
})

test('the tokens are there after the wait that the bucket names, and not a millisecond before', () => {
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 1_000 }), (rate, wanted, drawn) => {
      const count = Math.min(wanted, rate.burst)
      let now = 0
      const tokens = new Tokens(rate, () => now)
      tokens.draw(drawn)
      const waitMs = tokens.waitMs(count)
      if (waitMs > 0) {
        now = waitMs - 1
        assert.equal(tokens.take(count), false)
      }
      now = waitMs + 1e-6
      assert.equal(tokens.take(count), true)
    })
  )
})

test('more tokens than the bucket holds are waited for no longer than until it is full', () => {
  const tokens = new Tokens({ perSecond: 10, burst: 5 }, () => 0)
  assert.equal(tokens.waitMs(1_000), 0)
  tokens.draw(5)
  assert.equal(tokens.waitMs(1_000), 500)
})
