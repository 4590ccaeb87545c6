import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Rng } from '@vicinity/kademlia'
import type { ProgressEvent } from '@vicinity/kademlia'
import { defaultOptions } from '../src/options.ts'
import type { SimulationOptions } from '../src/options.ts'
import { ConvergedTables } from '../src/population/converged.ts'
import type { RunReport } from '../src/report/index.ts'
import { Lookups } from '../src/workload/lookups.ts'
import { expectedRequests } from '../src/simulation/expected.ts'
import { Simulation } from '../src/simulation/simulation.ts'
import type { SimulationInit } from '../src/simulation/simulation.ts'
import { indexOf, randomKey, targetAt } from '../src/world/contacts.ts'
import type { Node } from '../src/world/node.ts'
import { SmallWorld } from './support/small-world.ts'

/** A bit of everything that can be random. */
const everything: Partial<SimulationOptions> = {
  ...{ nodes: 40, clients: 0.1, undialable: 0.1, clustered: 0.2, groupSize: 5, k: 8, duration: 60, lookups: 1, checks: 'none' },
  ...{
    loss: 0.02,
    reorder: 0.1,
    bandwidth: 64,
    sessionMedian: 5,
    silent: 0.05,
    slow: 0.05,
    flooders: 0.05,
    selfish: 0.05,
    liars: 0.05
  },
  ...{
    findPeers: 0.3,
    sybils: 5,
    foreign: 0.2,
    partition: 0.3,
    outage: 0.1,
    suspended: 0.1,
    moved: 0.1,
    flips: 0.1,
    faultLoss: 0.1,
    slowdown: 2,
    resets: 0.1
  }
}

function run(set: Partial<SimulationOptions>, seed = 'a seed', only?: SimulationInit['only']): RunReport {
  const simulation = new Simulation({ scenario: 'test', seed, options: { ...defaultOptions, ...set }, ...(only && { only }) })
  while (simulation.step(10_000)) {}
  return simulation.report()
}

/** All that a run came to, but for what it was run with. */
function cameTo(report: RunReport): RunReport {
  return { ...report, options: {} }
}

describe('a simulation', () => {
  const report = run(everything)

  it('is the same for the same seed, however it is stepped', () => {
    const simulation = new Simulation({ scenario: 'test', seed: 'a seed', options: { ...defaultOptions, ...everything } })
    while (simulation.step(777)) {}
    assert.deepEqual(simulation.report(), report)
  })

  it('is another for another seed, or another option', () => {
    const hashes = [report, run(everything, 'another seed'), run({ ...everything, jitter: 0.2 })].map(({ hash }) => hash)
    assert.equal(new Set(hashes).size, hashes.length)
  })

  it('is the same when messages cross as bytes', () => {
    assert.deepEqual(cameTo(run({ ...everything, wire: true })), cameTo(report))
  })

  it('suffers only those faults, and runs only those lookups, that are left of it', () => {
    const calm = run(everything, 'a seed', { faults: [], lookups: [] })
    assert.equal(calm.lookups.count, 0)
    const some = run(everything, 'a seed', { lookups: [0, 1, 2] })
    assert(some.lookups.count <= 3)
    assert(new Set([calm.hash, some.hash, report.hash]).size === 3)
  })

  it('stops every node in order when it is over, and holds nothing then', () => {
    const simulation = new Simulation({
      scenario: 'test',
      seed: 'b',
      options: { ...defaultOptions, nodes: 30, duration: 20, checks: 'none' }
    })
    let stopped = 0
    simulation.world.observe({
      stopped(_node, machine) {
        stopped++
        assert(Object.values(machine.sizes).every(size => size === 0))
      }
    })
    while (simulation.step(10_000)) {}
    assert.equal(stopped, 30)
  })

  it('can be asked for a report at any time', () => {
    const simulation = new Simulation({ scenario: 'test', seed: 'c', options: { ...defaultOptions, ...everything } })
    simulation.step(5_000)
    const early = simulation.report()
    assert.equal(early.ended, 'interrupted')
    assert.equal(early.events, 5_000)
    assert(early.tables.length > 0)
  })
})

describe('the expected work of a run', () => {
  /** By how much the share of the work that is said to be done is wrong at most, and the work at the end, as a share. */
  function errorsOf(set: Partial<SimulationOptions>): { share: number; whole: number } {
    const options = { ...defaultOptions, ...set }
    const simulation = new Simulation({ scenario: 'test', seed: 'work', options })
    const expected = expectedRequests(options)
    const seen: Array<{ now: number; requests: number }> = []
    while (simulation.step(1_000)) {
      seen.push({ now: simulation.world.now, requests: simulation.world.requests })
    }

    const { requests } = simulation.world
    const whole = expected(simulation.end)
    const errors = seen.map(({ now, requests: until }) => Math.abs(expected(now) / whole - until / requests))
    return { share: Math.max(...errors), whole: whole / requests - 1 }
  }

  it('is near what is sent, though most of it is at the beginning', () => {
    const { share, whole } = errorsOf({ nodes: 500, checks: 'none' })
    assert(share < 0.2, `${share}`)
    assert(Math.abs(whole) < 0.2, `${whole}`)
  })

  it('is the lookups where nobody refreshes anything', () => {
    const { share, whole } = errorsOf({ nodes: 300, refreshInterval: 0, bootstrapInterval: 0, lookups: 50, checks: 'none' })
    assert(share < 0.2, `${share}`)
    assert(Math.abs(whole) < 0.4, `${whole}`)
  })

  it('is never all done before the end, even where nobody does anything', () => {
    for (const set of [
      { refreshInterval: 0, bootstrapInterval: 0, lookups: 0 },
      { lookups: 0, heal: 1_000 }
    ]) {
      const options = { ...defaultOptions, ...set }
      const expected = expectedRequests(options)
      const { end } = new Simulation({ scenario: 'test', seed: 'work', options })
      const times = Array.from({ length: 101 }, (_, i) => expected((end * i) / 100))
      assert(times.every((work, i) => i === 0 || work > (times[i - 1] as number)))
    }
  })
})

describe('searches for peers', () => {
  const set = { nodes: 60, duration: 120, lookups: 2, findPeers: 0.5, connections: false, checks: 'all' } as const

  it('are a share of the lookups, and find everybody in a network that is well', () => {
    const { searches, lookups, checkers } = run({ ...set, jitter: 0 })
    assert(searches !== undefined && Math.abs(searches.count / (searches.count + lookups.count) - 0.5) < 0.15)
    assert.deepEqual([searches.findable, searches.found], [searches.count, searches.count])
    assert(searches.latencyMs !== undefined && searches.latencyMs.max < 5_000)
    assert.equal(lookups.began, lookups.count)
    assert.deepEqual(
      checkers.filter(({ violations }) => violations > 0),
      []
    )
  })

  it('are judged by whom they could find', () => {
    const { searches } = run({ ...set, partition: 0.5, faultStart: 20, faultEnd: 100, connections: true })
    assert(searches !== undefined && searches.findable < searches.count, 'some are cut off from whoever looks for them')
    assert(
      searches.found <= searches.findable && searches.found > 0.9 * searches.findable,
      `${searches.found} of ${searches.findable}`
    )
  })

  it('are in no report of a run without them', () => {
    assert.equal('searches' in run({ ...set, findPeers: 0 }), false)
  })
})

describe('the workload', () => {
  for (const rate of [2, 1_000, 20_000]) {
    it(`begins ${rate} lookups a second, if that is its rate`, () => {
      const seconds = rate < 10 ? 500 : 1
      const small = new SmallWorld({ connections: false }, {}, 'rate')
      small.servers(2)
      const lookups = new Lookups(small.world, 20, new Rng('rate'), () => undefined)
      lookups.run(rate, seconds * 1_000)
      small.run(seconds * 1_000)
      // four standard deviations, and what rounding adds
      const expected = rate * seconds
      assert(Math.abs(lookups.drawn - expected) < 4 * Math.sqrt(expected) + 0.01 * expected, `${lookups.drawn} of ${expected}`)
      assert.equal(lookups.begun, lookups.drawn)
    })
  }
})

describe('a lookup', () => {
  it('goes from the table to the target, asking the nearest that it knows', () => {
    const small = new SmallWorld({ connections: false, roundTrip: [50, 150] }, { k: 8, beta: 3 }, 'walk')
    small.servers(200)
    const tables = new ConvergedTables(small.world.census.all, 8, new Rng('walk'))
    for (const node of small.world.nodes) {
      node.handle({ type: 'restore', entries: tables.of(node, 0) })
    }

    small.run(60_000)
    const [asker] = small.world.nodes as [Node]
    const key = randomKey(small.rng)
    const events: ProgressEvent[] = []
    let found: number[] = []
    const known = new Set(asker.machine?.table.closest(key, 40).map(({ contact }) => indexOf(contact)))
    asker.operate(
      { type: 'closest', target: targetAt(key) },
      {
        progress: event => events.push(event),
        finished(outcome) {
          found = outcome.type === 'lookup' ? outcome.result.closest.map(({ contact }) => indexOf(contact)) : []
        }
      }
    )
    small.run(10_000)

    const waiting = new Set<number>()
    for (const event of events) {
      const index = indexOf(event.peer.contact)
      if (event.type === 'asked') {
        assert(known.has(index), `n${index} is asked, of whom nobody has spoken`)
        waiting.add(index)
        assert(waiting.size <= 10)
      } else if (event.type === 'answered') {
        assert(waiting.delete(index), `n${index} answers, who was not asked`)
        for (const { contact } of event.closer) {
          known.add(indexOf(contact))
        }
      }
    }

    assert.deepEqual(
      found,
      small.world.census.closest(key, 8, asker).map(({ index }) => index)
    )
    assert(
      found.every(index => !waiting.has(index)),
      'only who answered is found'
    )
  })
})
