/** Who is connected to whom, and the columns it stands in: each beside a plain model of it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Connections } from '../src/network/connections.ts'
import { DueQueue } from '../src/network/due-queue.ts'
import { Pairs } from '../src/network/pairs.ts'

const nodes = 12
const node = fc.nat(nodes - 1)
/** Two different nodes. */
const two = fc.tuple(node, node).filter(([one, other]) => one !== other)

describe('pairs', () => {
  it('are found by either order, and are with a node in the order in which they came', () => {
    const step = fc.record({ two, add: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), steps => {
        const pairs = new Pairs(2)
        const model: Array<{ one: number; other: number; pair: number }> = []
        for (let each = 0; each < nodes; each++) {
          pairs.addNode()
        }

        for (const {
          two: [one, other],
          add
        } of steps) {
          const at = model.findIndex(each => [one, other].every(end => end === each.one || end === each.other))
          if (at >= 0 && !add) {
            pairs.delete(model[at]?.pair ?? -1)
            model.splice(at, 1)
          } else if (at < 0 && add) {
            const pair = pairs.add(one, other)
            assert(pair < pairs.capacity)
            assert(
              model.every(each => each.pair !== pair),
              'its number is its own'
            )
            model.push({ one, other, pair })
          }

          for (let each = 0; each < nodes; each++) {
            const mates = model.flatMap(known => (known.one === each ? [known.other] : known.other === each ? [known.one] : []))
            assert.deepEqual(pairs.of(each), mates)
            assert.equal(pairs.count(each), mates.length)
            for (let mate = 0; mate < each; mate++) {
              const known = model.find(({ one: a, other: b }) => (a === each && b === mate) || (a === mate && b === each))
              assert.equal(pairs.find(each, mate), known?.pair ?? -1)
              assert.equal(pairs.find(mate, each), known?.pair ?? -1)
            }
          }
        }
      })
    )
  })

  it('keep their room where as many go as come', () => {
    const pairs = new Pairs(4)
    for (let each = 0; each < nodes; each++) {
      pairs.addNode()
    }

    for (let round = 0; round < 100; round++) {
      pairs.delete(pairs.add(round % nodes, (round + 1) % nodes))
    }

    assert.equal(pairs.capacity, 4)
  })
})

describe('the queue of what is due', () => {
  it('gives back first what came first', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 100 }), steps => {
        const queue = new DueQueue(2)
        const model: Array<[number, number, number]> = []
        steps.forEach((push, name) => {
          if (push) {
            queue.push(name, name + 1, name / 2)
            model.push([name, name + 1, name / 2])
          } else if (model.length > 0) {
            queue.shift()
            model.shift()
          }

          assert.equal(queue.size, model.length)
          assert.equal(queue.due, model[0]?.[2] ?? Infinity)
          if (model.length > 0) {
            assert.deepEqual([queue.one, queue.other, queue.due], model[0])
          }
        })
      })
    )
  })
})

describe('connections', () => {
  it('stay while they are used, and close when they have been idle for long enough', () => {
    const step = fc.record({ two, what: fc.constantFrom('open', 'use', 'close', 'sweep'), pause: fc.nat(30) })
    const idle = 60
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 50 }), (steps, most) => {
        const connections = new Connections(idle)
        const model = new Map<string, number>()
        const nameOf = (one: number, other: number): string => [one, other].sort((a, b) => a - b).join()
        for (let each = 0; each < nodes; each++) {
          connections.add()
        }

        let now = 0
        for (const {
          two: [one, other],
          what,
          pause
        } of steps) {
          now += pause
          const name = nameOf(one, other)
          const known = model.has(name)
          if (what === 'open') {
            assert.equal(connections.open(one, other, now), !known)
            model.set(name, now)
          } else if (what === 'use') {
            connections.use(one, other, now)
            if (known) {
              model.set(name, now)
            }
          } else if (what === 'close') {
            connections.close(one, other)
            model.delete(name)
          } else {
            let closed = 0
            const all = connections.closeIdle(now, most, (a, b) => {
              assert((model.get(nameOf(a, b)) ?? Infinity) + idle <= now, 'it has been idle')
              model.delete(nameOf(a, b))
              closed++
            })
            assert(closed <= most)
            assert(!all || [...model.values()].every(used => used + idle > now), 'nothing that is due is left')
          }

          assert.equal(connections.has(one, other), model.has(name))
        }

        // whatever order they stood in: once all are due, they are closed after as many looks as it takes
        let left = steps.length + 1
        const close = (a: number, b: number): void => void model.delete(nameOf(a, b))
        while (!connections.closeIdle(now + idle, most, close) && left > 0) {
          left--
        }
        assert(left > 0, 'it ends')
        assert.equal(model.size, 0)
        assert.equal(connections.any, false)
        for (let each = 0; each < nodes; each++) {
          assert.equal(connections.count(each), 0)
          assert.deepEqual(connections.peers(each), [])
        }
      })
    )
  })
})
