/** The line that shows how far a run is, and the estimate in it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatProgress, ProgressRate } from '../../src/report/index.ts'
import * as fc from 'fast-check'

describe('progress', () => {
  const half = { virtualMs: 4_320_000, virtualEndMs: 10_260_000, share: 0.63, eventsPerSecond: 812_345, restMs: 171_000 }

  it('shows virtual time, speed and the rest, and says less where there is less room', () => {
    assert.equal(
      formatProgress(half, 100),
      '[######----] 63 %  virtual 1 h 12 min of 2 h 51 min · 812,000 events/s · about 2 min 55 s left'
    )
    assert.equal(formatProgress(half, 60), '[######----] 63 %  812k events/s · 2 min 55 s left')
    assert.equal(formatProgress(half, 5), '63 %')
    assert.equal(
      formatProgress({ ...half, restMs: undefined, label: 'seed 3 of 50' }),
      'seed 3 of 50  [######----] 63 %  1 h 12 min of 2 h 51 min · 812k events/s'
    )
  })

  it('fits its line always, and says 100 % only at the end', () => {
    const amount = fc.oneof(fc.double({ min: 0, max: 1e15, noNaN: true }), fc.nat())
    const part = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(1))
    fc.assert(
      fc.property(amount, part, amount, fc.option(amount, { nil: undefined }), fc.string(), (now, share, speed, rest, label) => {
        const progress = { virtualMs: now, virtualEndMs: now * 2, share, eventsPerSecond: speed, restMs: rest }
        const lines = [formatProgress(progress), formatProgress({ ...progress, label })]
        for (const line of lines) {
          assert.ok(Array.from(line).length <= 80, line)
        }
        assert.equal(lines[0]?.includes('100 %'), share === 1)
      })
    )
  })

  it('estimates a steady run exactly', () => {
    const rate = new ProgressRate({ virtualMs: 10_000, work: 20 })
    assert.equal(rate.progress.restMs, undefined)
    for (let second = 0; second <= 4; second++) {
      rate.sample(1_000 * second, { virtualMs: 500 * second, work: second, events: 80_000 * second })
    }

    const { virtualMs, virtualEndMs, share, eventsPerSecond, restMs } = rate.progress
    assert.deepEqual([virtualMs, virtualEndMs, share], [2_000, 10_000, 0.2])
    assert.ok(Math.abs(eventsPerSecond - 80_000) < 1e-6)
    assert.ok(Math.abs((restMs ?? 0) - 16_000) < 1e-6)
  })

  it('forgets how fast it was a minute ago, and is not misled by a pause', () => {
    const rate = new ProgressRate({ virtualMs: 1e6, work: 1e6 })
    const sample = (wallMs: number, work: number, events: number): void => {
      rate.sample(wallMs, { virtualMs: work, work, events })
    }
    sample(0, 0, 0)
    sample(1_000, 100_000, 1e6)
    for (let second = 2; second <= 61; second++) {
      sample(1_000 * second, 100_000 + 1_000 * (second - 1), 1e6 + 1e4 * (second - 1))
    }

    const steady = rate.progress
    assert.ok(Math.abs(steady.eventsPerSecond - 1e4) < 2_000, `${steady.eventsPerSecond}`)
    assert.ok(Math.abs((steady.restMs ?? 0) - 840_000) < 0.25 * 840_000, `${steady.restMs}`)

    sample(61_000, 0, 0)
    assert.deepEqual(rate.progress, steady, 'a sample at the same time changes nothing')
    sample(62_000, 160_000, 1.6e6)
    const paused = rate.progress.restMs ?? Infinity
    assert.ok(paused > (steady.restMs ?? 0) && paused < 1.2 * (steady.restMs ?? 0), `${paused}`)
  })

  it('does not take a halt for the pace of the rest', () => {
    const rate = new ProgressRate({ virtualMs: 1e6, work: 110_000 })
    for (let second = 0; second <= 400; second++) {
      const work = 1_000 * Math.min(second, 100)
      rate.sample(1_000 * second, { virtualMs: work, work, events: 100 * second })
    }
    // 10,000 are left, and so far 100,000 have taken 400 s: at most four times as long as that
    const { restMs, eventsPerSecond } = rate.progress
    assert.ok(restMs !== undefined && restMs > 40_000 && restMs <= 160_000, `${restMs}`)
    assert.ok(Math.abs(eventsPerSecond - 100) < 1e-6)
  })
})
