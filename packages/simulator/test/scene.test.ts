import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { drawScene, mergeScenes, pictureNames, Scene, scenarioOptions, Simulation } from '@vicinity/simulator'
import type { SceneData, SimulationOptions } from '@vicinity/simulator'
import { parseXml } from './report/support/xml.ts'

const options = scenarioOptions('partition', {
  ...{ nodes: 40, duration: 40, faultStart: 10, faultEnd: 20, lookups: 2, heal: 0, checks: 'none' }
})

function run(seed: string, set: Partial<SimulationOptions> = {}): { simulation: Simulation; scene: Scene } {
  const simulation = new Simulation({ scenario: 'partition', seed, options: { ...options, ...set } })
  const scene = new Scene(simulation)
  while (simulation.step(1_000)) {}
  return { simulation, scene }
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0)
}

describe('the scene of a run', () => {
  const { simulation, scene: watched } = run('1')
  const data = watched.data()
  const report = simulation.report()

  it('changes nothing of it', () => {
    const unseen = new Simulation({ scenario: 'partition', seed: '1', options })
    while (unseen.step()) {}
    assert.deepEqual(report, unseen.report())
  })

  it('counts every request that reached a server, by where that is', () => {
    const received = simulation.world.nodes.reduce((sum, node) => sum + node.received, 0)
    assert.equal(total(data.heat), received)
    const places = new Set(simulation.world.nodes.map(({ contact }) => (contact.key[0] ?? 0) >>> 20))
    data.heat.forEach((count, slice) => {
      assert.ok(count === 0 || places.has(slice))
    })
  })

  it('counts every lookup in the span in which it began', () => {
    assert.equal(total(data.course.counts), report.lookups.count)
    const mean = total(data.course.recallSums) / report.lookups.count
    assert.ok(Math.abs(mean - (report.lookups.recall?.mean ?? 0)) < 1e-9)
  })

  it('has a walk that is a whole lookup of ordinary length', () => {
    const { requests } = report.lookups
    assert.ok(data.walk !== undefined && requests !== undefined)
    assert.ok(data.walk.requests.length >= requests.min && data.walk.requests.length <= requests.max)
    assert.equal(data.walk.requests.filter(({ chosen }) => chosen).length, options.k)
  })

  it('crosses to another thread, and gives every picture there', () => {
    const pictures = drawScene(structuredClone(data), { scenario: 'partition', seeds: 'seed 1', options })
    assert.deepEqual(Object.keys(pictures).sort(), [...pictureNames].sort())
    for (const picture of Object.values(pictures)) {
      parseXml(picture)
    }
    assert.match(pictures.requests ?? '', />during the faults</)
    assert.match(pictures.course ?? '', />partition</)
  })

  it('of several runs is the sum of them', () => {
    const other = run('2').scene.data()
    const both = mergeScenes([data, other])
    assert.ok(both !== undefined)
    assert.equal(total(both.heat), total(data.heat) + total(other.heat))
    assert.equal(total(both.course.counts), total(data.course.counts) + total(other.course.counts))
    const count = ({ measures }: SceneData): number => measures.reduce((sum, part) => sum + part.count, 0)
    assert.equal(count(both), count(data) + count(other))
    assert.deepEqual(both.walk, data.walk)
    assert.equal(mergeScenes([]), undefined)
    assert.equal(mergeScenes([data]), data)
  })

  it('of a run without lookups shows what there is', () => {
    const { scene: idle } = run('1', { lookups: 0, partition: 0 })
    const pictures = drawScene(idle.data(), { scenario: 'partition', seeds: 'seed 1', options })
    assert.deepEqual(Object.keys(pictures), ['heat'])
  })
})
