import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commonPrefixLength, hour, minute, Rng } from '@vicinity/kademlia'
import { defaultOptions } from '../src/options.ts'
import type { SimulationOptions } from '../src/options.ts'
import { ConvergedTables } from '../src/population/converged.ts'
import { Keys } from '../src/population/keys.ts'
import { Population } from '../src/population/population.ts'
import { sessionsOf } from '../src/population/sessions.ts'
import { indexOf } from '../src/world/contacts.ts'
import { wallAtZero } from '../src/world/node.ts'
import { SmallWorld } from './support/small-world.ts'

function populated(set: Partial<SimulationOptions>): SmallWorld & { population: Population } {
  const small = new SmallWorld({}, { k: 8, beta: 3 }, 'population')
  const population = new Population(small.world, { ...defaultOptions, k: 8, ...set }, new Rng('population'), () => undefined)
  return Object.assign(small, { population })
}

describe('converged tables', () => {
  it('hold of every bucket as many as the census knows there, at most k', () => {
    const { world, population } = populated({ nodes: 150, clients: 0.2, clustered: 0.4 })
    population.settle()
    population.converge()
    for (const node of world.nodes) {
      const { key } = node.contact
      const entries = [...(node.machine?.table.entries() ?? [])]
      for (let bucket = 0; bucket < 40; bucket++) {
        // those that share exactly so many bits: all that share so many, but for those that share one more, and itself
        const within = world.census.under(key, bucket).length - world.census.under(key, bucket + 1).length
        const held = entries.filter(({ peer }) => commonPrefixLength(peer.contact.key, key) === bucket)
        assert.equal(held.length, Math.min(8, within), `n${node.index}, bucket ${bucket}`)
      }

      assert(entries.every(({ peer }) => world.node(indexOf(peer.contact)).serves))
    }
  })

  it('draw every peer of a bucket as often as any other', () => {
    const { world, population } = populated({ nodes: 60 })
    population.settle()
    const [node] = world.nodes
    assert(node !== undefined)
    const far = world.census.all.filter(({ contact }) => commonPrefixLength(contact.key, node.contact.key) === 0)
    const counts = new Map(far.map(({ index }) => [index, 0]))
    const rng = new Rng('draws')
    for (let i = 0; i < 1_000; i++) {
      for (const { peer } of new ConvergedTables(world.census.all, 8, rng).of(node, 0)) {
        const index = indexOf(peer.contact)
        counts.set(index, (counts.get(index) ?? 0) + 1)
      }
    }

    const expected = 8_000 / far.length
    for (const { index } of far) {
      const count = counts.get(index) ?? 0
      // binomial: six standard deviations
      assert(Math.abs(count - expected) < 6 * Math.sqrt(expected), `n${index} was drawn ${count} times, not about ${expected}`)
    }
  })

  it('were heard within the time of a probe', () => {
    const { world, population } = populated({ nodes: 30 })
    population.settle()
    const entries = new ConvergedTables(world.census.all, 8, new Rng('heard')).of(world.node(0), 10 * minute)
    assert(entries.every(({ heard }) => heard <= wallAtZero && heard > wallAtZero - 10 * minute))
    assert(new Set(entries.map(({ heard }) => heard)).size > 10)
  })

  it('of two networks that have yet to meet hold nobody of the other', () => {
    const { world, population } = populated({ nodes: 100, merge: 0.4 })
    population.settle()
    population.converge()
    const theirs = world.nodes.filter(({ realm }) => realm === 1)
    assert(theirs.length > 25 && theirs.length < 55)
    for (const node of world.nodes) {
      const entries = [...(node.machine?.table.entries() ?? [])]
      assert(entries.length > 8 && entries.every(({ peer }) => world.node(indexOf(peer.contact)).realm === node.realm))
    }
  })
})

describe('sessions', () => {
  const median = 30

  function lengths(kind: 'exponential' | 'measured', which: 'next' | 'rest'): number[] {
    const sessions = sessionsOf(kind, median, new Rng('sessions'))
    return Array.from({ length: 8_000 }, () => sessions[which]() / minute).sort((a, b) => a - b)
  }

  function quantile(sorted: readonly number[], share: number): number {
    return sorted[Math.floor(sorted.length * share)] ?? 0
  }

  for (const kind of ['exponential', 'measured'] as const) {
    it(`that are ${kind} have the median that was asked for`, () => {
      const middle = quantile(lengths(kind, 'next'), 0.5)
      assert(Math.abs(middle - median) < 0.06 * median, `the median is ${middle} min`)
    })
  }

  it('that are measured last four medians in four of five cases at most', () => {
    const fourFifths = quantile(lengths('measured', 'next'), 0.8)
    assert(Math.abs(fourFifths - 4 * median) < 0.08 * 4 * median, `four fifths end within ${fourFifths} min`)
  })

  it('that are met at a random moment are long ones', () => {
    // the rest of a session met at random is half its length, and long ones are met more often: E(l²) / 2 E(l)
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
    const all = lengths('measured', 'next')
    const expected = mean(all.map(length => length * length)) / (2 * mean(all))
    assert(Math.abs(mean(lengths('measured', 'rest')) - expected) < 0.06 * expected)
  })
})

describe('keys', () => {
  it('crowd as much as they are told to', () => {
    const keys = new Keys(new Rng('keys'), 0.3, 16)
    const drawn = Array.from({ length: 2_000 }, () => keys.next()[0] ?? 0)
    const prefixes = new Map<number, number>()
    for (const word of drawn) {
      prefixes.set(word >>> 16, (prefixes.get(word >>> 16) ?? 0) + 1)
    }

    const crowd = Math.max(...prefixes.values())
    assert(Math.abs(crowd - 600) < 110, `${crowd} of 2,000 crowd`)
  })
})

describe('churn', () => {
  /** Nodes that know nobody and have nothing to do but to come and go. */
  const strangers = { clients: 0.95, redial: 0 }

  it('keeps the size of the network, and half of its nodes for the median of a session', () => {
    const { world, population } = populated({ nodes: 120, sessionMedian: 60, crash: 0.5, ...strangers })
    population.settle()
    const began = new Set(world.nodes)
    world.run(hour)
    const left = [...began].filter(({ up }) => up).length
    assert.equal(world.nodes.filter(({ up }) => up).length, 120)
    assert(left > 40 && left < 80, `${left} of 120 are left after an hour`)
  })

  it('spares those that never leave, and ends when it is told to', () => {
    const { world, population } = populated({ nodes: 60, sessionMedian: 15, stable: 0.5, ...strangers })
    population.settle()
    const began = new Set(world.nodes)
    world.run(2 * hour)
    const left = [...began].filter(({ up }) => up).length
    // the others have had eight times their median
    assert(left > 18 && left < 42, `${left} of 60 never leave`)
    population.stopChurn()
    const count = world.nodes.length
    world.run(3 * hour)
    assert.equal(world.nodes.length, count)
  })
})
