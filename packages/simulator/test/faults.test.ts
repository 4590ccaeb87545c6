import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hour, Rng, second } from '@vicinity/kademlia'
import type { Fault } from '../src/faults/faults.ts'
import { faultsOf } from '../src/faults/faults.ts'
import { defaultOptions } from '../src/options.ts'
import type { SimulationOptions } from '../src/options.ts'
import type { RunReport } from '../src/report/index.ts'
import { Population } from '../src/population/population.ts'
import { Simulation } from '../src/simulation/simulation.ts'
import { wallAtZero } from '../src/world/node.ts'
import type { Node } from '../src/world/node.ts'
import { SmallWorld } from './support/small-world.ts'

/** A settled world and the one fault that the options ask for. */
function suffering(set: Partial<SimulationOptions>): { small: SmallWorld; fault: Fault } {
  const small = new SmallWorld({ resets: true }, { k: 8, beta: 3 }, 'suffering')
  const options = { ...defaultOptions, k: 8, nodes: 60, ...set }
  const population = new Population(small.world, options, new Rng('people'), () => undefined)
  population.settle()
  population.converge()
  small.run(30 * second)
  const [fault, ...others] = faultsOf(small.world, population, options, new Rng('faults'))
  assert(fault !== undefined && others.length === 0)
  return { small, fault }
}

function run(set: Partial<SimulationOptions>): { report: RunReport; simulation: Simulation } {
  const options = { ...defaultOptions, nodes: 60, k: 8, duration: 240, lookups: 0.5, checks: 'none', ...set } as const
  const simulation = new Simulation({ scenario: 'faults', seed: 'faults', options })
  while (simulation.step(100_000)) {}
  return { report: simulation.report(), simulation }
}

function phase(report: RunReport, name: string): number {
  return report.phases?.find(each => each.name === name)?.lookups.recall?.mean ?? 0
}

describe('faults', () => {
  it('are none where none is asked for, and each stands at its place whatever the others are', () => {
    const small = new SmallWorld()
    const all = {
      partition: 0.3,
      outage: 0.1,
      merge: 0.2,
      clockJump: 1,
      suspended: 0.1,
      moved: 0.1,
      flips: 0.1,
      slowdown: 2,
      resets: 0.1
    }
    const names = (options: Partial<SimulationOptions>): string[] => {
      const population = new Population(small.world, defaultOptions, new Rng('people'), () => undefined)
      return faultsOf(small.world, population, { ...defaultOptions, ...options }, new Rng('faults')).map(({ name }) => name)
    }
    assert.deepEqual(names({}), [])
    assert.deepEqual(names(all), [
      ...['partition', 'outage', 'merge', 'clock jump', 'sleep', 'moves', 'mode flips', 'bad weather', 'resets']
    ])
    assert.deepEqual(names({ asymmetric: true, partition: 0.1, faultLoss: 0.1 }), ['asymmetric partition', 'bad weather'])
  })

  it('cut a network in two that each find what there is, and one again after it', () => {
    const { report } = run({ partition: 0.5, faultStart: 60, faultEnd: 120 })
    assert(phase(report, 'during the faults') > 0.9, `recall was ${phase(report, 'during the faults')} meanwhile`)
    assert(phase(report, 'after the faults') > 0.98, `recall was ${phase(report, 'after the faults')} afterwards`)
  })

  it('end a partition for both sides, and an asymmetric one lets messages through one way only', () => {
    for (const asymmetric of [false, true]) {
      const { small, fault } = suffering({ partition: 0.5, asymmetric })
      const { network, nodes } = small.world
      fault.begin()
      const [one] = nodes as [Node]
      const apart = nodes.filter(node => !network.joins(one, node))
      assert(apart.length > 15 && apart.length < 45)
      fault.end()
      assert(nodes.every(node => network.joins(one, node)))
      assert(network.whole)
    }
  })

  it('join two networks that never met', () => {
    const { report } = run({ merge: 0.5, faultEnd: 60 })
    assert(phase(report, 'before they meet') > 0.97)
    assert(phase(report, 'after they met') > 0.97)
  })

  it('let servers be down, and come back with their tables', () => {
    const { small, fault } = suffering({ outage: 0.5 })
    fault.begin()
    const down = small.world.nodes.filter(({ up }) => !up)
    assert(down.length > 15 && down.length < 45)
    small.run(60 * second)
    fault.end()
    assert(small.world.nodes.every(({ up, machine }) => up && (machine?.size ?? 0) > 8))
  })

  it('let nodes sleep through everything, and wake without a storm or a loss of their table', () => {
    const { small, fault } = suffering({ suspended: 0.3 })
    const { world } = small
    fault.begin()
    const asleep = world.nodes.filter(({ asleep: sleeps }) => sleeps)
    assert(asleep.length > 8 && asleep.length < 30)
    const sent = asleep.map(node => node.sent)
    small.told.length = 0
    small.run(8 * hour)
    assert(
      small.told.every(({ node }) => !asleep.includes(node)),
      'who sleeps is told nothing'
    )
    assert.deepEqual(
      asleep.map(node => node.sent),
      sent
    )
    assert(asleep.every(({ contact }) => !world.census.all.some(other => other.contact === contact)))

    fault.end()
    small.run(10 * second)
    asleep.forEach((node, i) => {
      const more = node.sent - (sent[i] ?? 0)
      const size = node.machine?.size ?? 0
      assert(more < 400, `n${node.index} sent ${more} requests in the first ten seconds`)
      assert(size > 8, `n${node.index} is left with ${size} peers`)
    })
    small.run(600 * second)
    assert(world.nodes.every(({ up }) => up))
  })

  it('let servers move: others hear of the new address from them', () => {
    const { small, fault } = suffering({ moved: 0.3 })
    const before = small.world.nodes.map(({ info }) => info)
    fault.begin()
    const moved = small.world.nodes.filter((node, i) => node.info !== before[i])
    assert(moved.length > 8 && moved.length < 30)
    fault.end()
    small.run(1_800 * second)
    for (const node of small.world.nodes) {
      for (const { peer } of node.machine?.table.entries() ?? []) {
        const current = small.world.nodes.find(({ contact }) => contact === peer.contact)?.info
        assert.equal(peer.addresses, current?.addresses, `n${node.index} has an old address of ${peer.contact.id}`)
      }
    }
  })

  it('let servers be clients for a while, whom nobody keeps in a table that they are connected to', () => {
    const { small, fault } = suffering({ flips: 0.4 })
    const { world } = small
    fault.begin()
    const clients = world.nodes.filter(({ serves }) => !serves)
    assert(clients.length > 12 && clients.length < 36)
    for (const client of clients) {
      for (const peer of world.network.peersOf(client)) {
        assert.equal(peer.machine?.table.has(client.contact), false)
      }
    }
    fault.end()
    assert(world.nodes.every(({ serves }) => serves))
  })

  it('tell all nodes a wrong time, which changes nothing that they do', () => {
    const { small, fault } = suffering({ clockJump: 72 })
    small.told.length = 0
    fault.begin()
    fault.end()
    const walls = small.told.map(({ input }) => (input.type === 'clock' ? input.wallAtZero - wallAtZero : NaN))
    assert.deepEqual(walls, [...Array.from({ length: 60 }, () => 72 * hour), ...Array.from({ length: 60 }, () => 0)])

    const jumps = [0, 72, -1].map(clockJump => run({ clockJump, duration: 120 }).report)
    assert.equal(new Set(jumps.map(({ requests }) => requests)).size, 1)
    assert.equal(new Set(jumps.map(({ lookups }) => JSON.stringify(lookups))).size, 1)
  })

  it('bring tables through a restart whose clock has jumped', () => {
    for (const clockJump of [72, -1]) {
      const { report } = run({ clockJump, outage: 0.4, faultStart: 60, faultEnd: 120 })
      assert(phase(report, 'after the faults') > 0.98)
    }
  })

  it('lose and slow down messages, and reset connections, which lookups survive', () => {
    // of every twenty messages one is lost: a tenth of all requests has no answer, and whoever has none is not found
    for (const [set, least] of [
      [{ faultLoss: 0.05 }, 0.85],
      [{ slowdown: 3 }, 0.95],
      [{ resets: 0.3 }, 0.85]
    ] as const) {
      const { report } = run({ ...set, faultStart: 60, faultEnd: 120 })
      const [meanwhile, afterwards] = [phase(report, 'during the faults'), phase(report, 'after the faults')]
      const what = JSON.stringify(set)
      assert(meanwhile > least, `${what}: recall was ${meanwhile} meanwhile`)
      assert(afterwards > 0.99, `${what}: recall was ${afterwards} afterwards`)
      assert.equal((report.failures['reset'] ?? 0) > 0, 'resets' in set)
    }
  })
})
