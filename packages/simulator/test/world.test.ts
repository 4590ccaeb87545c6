import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compareDistance, commonPrefixLength, Rng } from '@vicinity/kademlia'
import type { Key } from '@vicinity/kademlia'
import { Census } from '../src/world/census.ts'
import { keyNear, randomKey } from '../src/world/contacts.ts'
import { EventHeap } from '../src/world/heap.ts'
import type { Node } from '../src/world/node.ts'
import { SmallWorld } from './support/small-world.ts'

describe('the heap of events', () => {
  it('gives events back by time, and those of one time in the order in which they were scheduled', () => {
    const step = fc.oneof(fc.record({ push: fc.nat(20) }), fc.constant({ pop: true }))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), steps => {
        const heap = new EventHeap(2)
        const waiting: Array<{ time: number; name: number }> = []
        let name = 0
        for (const each of steps) {
          if ('push' in each) {
            heap.push(each.push, 1, name, 2, 3, `event ${name}`)
            waiting.push({ time: each.push, name: name++ })
          } else {
            waiting.sort((a, b) => a.time - b.time || a.name - b.name)
            const next = waiting.shift()
            assert.equal(heap.next, next?.time ?? Infinity)
            assert.equal(heap.pop(), next?.time ?? Infinity)
            if (next !== undefined) {
              assert.deepEqual([heap.kind, heap.a, heap.b, heap.number, heap.value], [1, next.name, 2, 3, `event ${next.name}`])
            }
          }

          assert.equal(heap.size, waiting.length)
        }
      })
    )
  })
})

describe('the census', () => {
  /** Keys that crowd, so that long prefixes are shared. */
  function crowd(seed: number, count: number): { census: Census; nodes: Node[]; rng: Rng } {
    const rng = new Rng(`census ${seed}`)
    const small = new SmallWorld({}, {}, `census ${seed}`)
    const centre = randomKey(rng)
    const nodes = Array.from({ length: count }, () => small.server({}, keyNear(centre, rng.below(40), rng)))
    const census = new Census()
    for (const node of nodes) {
      census.add(node)
    }

    return { census, nodes, rng }
  }

  function byDistance(nodes: readonly Node[], key: Key): Node[] {
    return [...nodes].sort((a, b) => compareDistance(key, a.contact.key, b.contact.key))
  }

  it('finds the nearest to any key, as looking at all of them does', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 25 }), (seed, size, count) => {
        const { census, nodes, rng } = crowd(seed, size)
        const [gone, except] = [nodes[rng.below(size)] as Node, nodes[rng.below(size)] as Node]
        census.delete(gone)
        const left = nodes.filter(node => node !== gone)
        for (const key of [randomKey(rng), except.contact.key, keyNear(except.contact.key, 20, rng)]) {
          const others = left.filter(node => node !== except)
          assert.deepEqual(indexes(census.closest(key, count, except)), indexes(byDistance(others, key).slice(0, count)))
          const even = (node: Node): boolean => node.index % 2 === 0
          assert.deepEqual(
            indexes(census.closestOf(key, count, even)),
            indexes(byDistance(left.filter(even), key).slice(0, count))
          )
          const bits = rng.below(30)
          assert.deepEqual(
            new Set(indexes(census.under(key, bits))),
            new Set(indexes(left.filter(({ contact }) => commonPrefixLength(contact.key, key) >= bits)))
          )
        }
      }),
      { numRuns: 60 }
    )
  })

  it('counts who serves, answers and can be reached', () => {
    const small = new SmallWorld()
    const server = small.server()
    small.server({ mode: 'client' })
    small.server({ reachable: false })
    assert.deepEqual(indexes(small.world.census.all), [server.index])
    small.world.setMode(server, 'client')
    assert.equal(small.world.census.size, 0)
    small.world.setMode(server, 'server')
    small.world.suspend(server)
    assert.equal(small.world.census.size, 0, 'who sleeps answers nobody')
    small.world.resume(server)
    assert.equal(small.world.census.size, 1)
    small.world.crash(server)
    assert.equal(small.world.census.size, 0)
  })
})

function indexes(nodes: readonly Node[]): number[] {
  return nodes.map(({ index }) => index)
}
