/** Logarithm and exponential, against those of the engine at hand. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exp, log, log2 } from '@vicinity/kademlia'
import fc from 'fast-check'

/** Of any magnitude, subnormal ones too. */
const positive = fc.double({ min: Number.MIN_VALUE, max: Number.MAX_VALUE, noNaN: true })

/** Nearly as good as a number can be. */
function assertClose(actual: number, expected: number, what: string): void {
  assert(Math.abs(actual - expected) <= 1e-15 * Math.abs(expected) || actual === expected, `${what}: ${actual}, not ${expected}`)
}

describe('arithmetic of our own', () => {
  it('agrees with the engine over all magnitudes', () => {
    fc.assert(
      fc.property(positive, x => {
        assertClose(log(x), Math.log(x), `log ${x}`)
        assertClose(log2(x), Math.log2(x), `log2 ${x}`)
      }),
      { numRuns: 5_000 }
    )
    fc.assert(
      fc.property(fc.double({ min: -708, max: 709.7, noNaN: true }), x => {
        assertClose(exp(x), Math.exp(x), `exp ${x}`)
      }),
      { numRuns: 5_000 }
    )
  })

  it('is as good where the logarithm is nearly 0', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 }), fc.integer({ min: 33, max: 52 }), (n, bits) => {
        const x = 1 + n / 2 ** bits
        assertClose(log(x), Math.log1p(x - 1), `log ${x}`)
      }),
      { numRuns: 5_000 }
    )
  })

  it('has exact logarithms of powers of two', () => {
    for (let n = -1074; n < 1024; n++) {
      assert.equal(log2(2 ** n), n)
    }
  })

  it('undoes itself', () => {
    fc.assert(
      fc.property(fc.double({ min: -1, max: 1, noNaN: true }), x => {
        assert(Math.abs(log(exp(x)) - x) < 1e-15)
      })
    )
  })

  it('knows the edges', () => {
    assert.deepEqual([log(0), log(Infinity), log(-1), log(NaN), log(1)], [-Infinity, Infinity, NaN, NaN, 0])
    assert.deepEqual([log2(0), log2(Infinity), log2(-1), log2(NaN), log2(1)], [-Infinity, Infinity, NaN, NaN, 0])
    assert.deepEqual([exp(0), exp(Infinity), exp(-Infinity), exp(NaN), exp(710), exp(-746)], [1, Infinity, 0, NaN, Infinity, 0])
    assert.equal(exp(-745), Number.MIN_VALUE)
    assert.equal(exp(709.782712893384), Math.exp(709.782712893384))
  })

  it('gives these bits and no others', () => {
    // what a change of the order of operations would change
    const bits = [1e-300, 0.1, 0.7, 1.4, 3, 13_000, 1e300].flatMap(x => [log(x), log2(x)])
    const powers = [-700, -1.5, -1e-9, 0.1, 1, 20, 700].map(exp)
    assert.deepEqual(
      bits,
      [
        [-690.7755278982137, -996.5784284662087],
        [-2.3025850929940455, -3.321928094887362],
        [-0.35667494393873245, -0.5145731728297585],
        [0.33647223662121284, 0.4854268271702416],
        [1.0986122886681096, 1.5849625007211563],
        [9.472704636443673, 13.66622400280318],
        [690.7755278982137, 996.5784284662087]
      ].flat()
    )
    assert.deepEqual(
      powers,
      [
        9.85967654375977e-305, 0.22313016014842982, 0.999999999, 1.1051709180756477, 2.7182818284590455, 485165195.4097903,
        1.0142320547350045e304
      ]
    )
  })
})
