import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { mutants } from '../scripts/mutants.ts'
import { engineSource, hunt, mutated } from '../scripts/mutate.ts'
import { defaultOptions, optionNames, optionSpecs } from '../src/options.ts'
import type { SimulationOptions } from '../src/options.ts'
import { drawOptions } from '../src/swarm/draw.ts'
import { initOf, runInit } from '../src/swarm/run.ts'
import type { SeedRun } from '../src/swarm/run.ts'
import { shrink } from '../src/swarm/shrink.ts'
import type { SimulationInit } from '../src/simulation/simulation.ts'
import { regressionSeeds } from './seeds.ts'

describe('the options of a seed', () => {
  it('are the same every time, and others for another seed', () => {
    assert.deepEqual(drawOptions('7'), drawOptions('7'))
    assert.notDeepEqual(drawOptions('7'), drawOptions('8'))
  })

  it('are as they are given where they are, and shift no other', () => {
    const [drawn, given] = [drawOptions('7'), drawOptions('7', { refused: 0.25 })]
    assert.deepEqual(given, { ...drawn, refused: 0.25 })
  })

  it('that are drawn take every value that they may', () => {
    const seen = new Map(optionNames.map(name => [name, new Set<unknown>()]))
    for (let seed = 0; seed < 400; seed++) {
      const options = drawOptions(String(seed))
      optionNames.forEach(name => seen.get(name)?.add(options[name]))
    }

    for (const name of optionNames) {
      for (const value of optionSpecs[name].swarm ?? [defaultOptions[name]]) {
        // a round trip's range and the kinds of trouble are made to fit each other
        assert(seen.get(name)?.has(value) || ['rttMax', 'sybils', 'beta'].includes(name), `${name} is ${String(value)} somewhere`)
      }
    }
  })
})

describe('50 swarm seeds', () => {
  for (let seed = 1; seed <= 50; seed++) {
    it(`find nothing wrong: ${seed}`, () => {
      // small enough for every run of the tests: all sizes run in the nightly script
      const { options } = initOf(String(seed))
      const run = runInit(initOf(String(seed), { nodes: Math.min(options.nodes, 30) }))
      assert.deepEqual(run.findings, [], told(run))
      assert(
        run.report.checkers.every(({ name, checked }) => checked > 0 || name === 'healing'),
        'every checker has looked'
      )
    })
  }
})

describe('what failed once', () => {
  for (const { seed, options, found, mended } of regressionSeeds) {
    it(`does not fail again: ${found} (${mended})`, () => {
      const run = runInit({ scenario: 'swarm', seed, options: { ...defaultOptions, ...options, checks: 'all' } })
      assert.deepEqual(run.findings, [], told(run))
    })
  }
})

describe('the mutants', () => {
  it('are all faults of the engine as it is', () => {
    for (const mutant of mutants) {
      const source = readFileSync(join(engineSource, mutant.file), 'utf8')
      assert(mutated(source, mutant).length - source.length === mutant.by.length - mutant.text.length, mutant.name)
    }
  })

  it('of which a text is no longer there are called by name', () => {
    const [mutant] = mutants
    assert(mutant !== undefined)
    assert.throws(() => mutated('nothing', mutant), new RegExp(`${mutant.name}.*occurs 0 times`))
  })

  for (const name of ['accept itself as a candidate', 'evict after one failure', 'answer in no order']) {
    it(`are caught: ${name}`, async () => {
      const result = await hunt(
        mutants.find(mutant => mutant.name === name),
        5
      )
      assert(result.caught, 'within 5 seeds')
    })
  }
})

describe('a failing run', () => {
  const fake = (fails: (init: SimulationInit) => boolean): ((init: SimulationInit) => SeedRun) => {
    const report = runInit({
      scenario: 'swarm',
      seed: '1',
      options: { ...defaultOptions, nodes: 4, duration: 5, lookups: 1 }
    }).report
    return init => ({
      init,
      report,
      findings: fails(init) ? [{ checker: 'tables', violations: 1, first: 'it fails' }] : []
    })
  }

  it('is made as small as it can be', () => {
    const fails = ({ options, only }: SimulationInit): boolean =>
      options.loss > 0 && options.nodes >= 7 && options.duration >= 9 && (only?.lookups ?? [3]).includes(3)
    const run = fake(fails)
    const failing = run(initOf('5', { loss: 0.05, silent: 0.1, nodes: 20, checks: 'all' }))
    const { init } = shrink(failing, 1_000, {}, { until: run, whole: run })
    const expected: Partial<SimulationOptions> = { ...defaultOptions, loss: 0.05, nodes: 7, duration: 9, heal: 0, checks: 'all' }
    const { lookups, faultStart, faultEnd } = init.options
    assert.deepEqual(init.options, { ...expected, lookups, faultStart, faultEnd })
    assert.deepEqual(init.only?.lookups, [3])
  })

  it('is shrunk within its budget, and for as long as it is watched', () => {
    const run = fake(() => true)
    const failing = run(initOf('5'))
    let tries = 0
    shrink(failing, 7, { tried: () => ++tries > 0 }, { until: run, whole: run })
    assert.equal(tries, 7)
    tries = 0
    shrink(failing, 100, { tried: () => ++tries < 3 }, { until: run, whole: run })
    assert.equal(tries, 3)
  })

  it('that does not fail is left as it is', () => {
    const run = fake(() => false)
    const fine = run(initOf('5'))
    assert.equal(shrink(fine, 10, {}, { until: run, whole: run }), fine)
  })
})

/** How to see it again. */
function told({ init }: SeedRun): string {
  const { seed, options } = init
  const changed = optionNames.filter(name => options[name] !== defaultOptions[name])
  return `seed ${seed} with ${changed.map(name => `${name} ${String(options[name])}`).join(', ')}`
}
