import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Rng } from '@vicinity/kademlia'
import * as fc from 'fast-check'

function draw(rng: Rng, count: number): number[] {
  return Array.from({ length: count }, () => rng.uint32())
}

describe('random numbers', () => {
  it('are these for this seed, in every engine and every version', () => {
    assert.deepEqual(draw(new Rng('vicinity'), 4), [1_177_322_218, 4_183_119_337, 2_399_102_906, 129_323_883])
    assert.deepEqual(draw(new Rng(''), 2), [3_395_976_299, 2_583_529_939])
    assert.deepEqual(draw(new Rng('vicinity').split('churn'), 2), [3_968_823_182, 1_956_131_679])
  })

  it('are the same for the same seed and others for another', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        assert.deepEqual(draw(new Rng(one), 8), draw(new Rng(one), 8))
        assert.equal(draw(new Rng(one), 4).join() === draw(new Rng(other), 4).join(), one === other)
      })
    )
  })

  it('of a split do not depend on what was drawn, nor shift what is drawn', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(20), (seed, purpose, drawn) => {
        const rng = new Rng(seed)
        const before = draw(rng, drawn)
        const split = draw(rng.split(purpose), 4)
        assert.deepEqual(split, draw(new Rng(seed).split(purpose), 4))
        assert.deepEqual([...before, ...draw(rng, 4)], draw(new Rng(seed), drawn + 4))
        assert.notDeepEqual(split, draw(rng.split(`${purpose}'`), 4))
      })
    )
  })

  it('stay in their range, and reach all of it', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, bound) => {
        const rng = new Rng(seed)
        for (let i = 0; i < 20; i++) {
          const whole = rng.below(bound)
          assert(Number.isInteger(whole) && whole >= 0 && whole < bound)
          const fraction = rng.float()
          assert(fraction >= 0 && fraction < 1)
        }
      })
    )
    const rng = new Rng('dice')
    const counts = new Array<number>(6).fill(0)
    for (let i = 0; i < 6_000; i++) {
      const side = rng.below(6)
      counts[side] = (counts[side] ?? 0) + 1
    }
    // six standard deviations: 173
    assert(
      counts.every(count => Math.abs(count - 1_000) < 173),
      counts.join()
    )
  })
})
