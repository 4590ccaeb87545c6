import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { second } from '@vicinity/kademlia'
import type { Cut } from '../src/network/network.ts'
import { SmallWorld } from './support/small-world.ts'

/** Numbers that the engines, who ask little themselves here, do not come to. */
const first = 1_000_000

/** Of an engine that wants nobody else once it knows one. */
const content = { k: 1, alpha: 1, beta: 1 }

describe('the network', () => {
  it('dials first, and then carries a request and its answer in a round trip', () => {
    const small = new SmallWorld()
    const [one, other] = small.servers(2) as [never, never]
    small.send(one, other, first)
    small.run(second)
    assert.equal(small.openedAt(one, first), 200)
    assert.deepEqual(small.endOf(one, first), { at: 300, as: 'response' })

    const again = small.send(one, other, first + 1)
    small.run(second)
    assert.equal(small.openedAt(one, again), second, 'there is a connection already')
    assert.deepEqual(small.endOf(one, again), { at: second + 100, as: 'response' })
  })

  it('tells both ends of a connection of each other, and what they serve', () => {
    const small = new SmallWorld()
    const [server, client] = [small.server(), small.server({ mode: 'client', advertised: false })]
    small.send(client, server, first)
    small.run(second)
    assert.deepEqual(small.statesOf(server, client), ['serving'])
    assert.deepEqual(small.statesOf(client, server), ['connected'])
  })

  it('lets messages take longer by their jitter, and no longer', () => {
    const small = new SmallWorld({ jitter: 0.5, connections: false })
    const [one, other] = small.servers(2) as [never, never]
    const times: number[] = []
    for (let i = 0; i < 200; i++) {
      const began = small.world.now
      small.send(one, other, first + i)
      small.run(second)
      times.push((small.endOf(one, first + i)?.at ?? Infinity) - began)
    }

    assert(Math.min(...times) >= 100 && Math.min(...times) < 112, `the quickest took ${Math.min(...times)} ms`)
    assert(Math.max(...times) <= 151 && Math.max(...times) > 138, `the slowest took ${Math.max(...times)} ms`)
  })

  it('loses the share of messages that it should', () => {
    const small = new SmallWorld({ loss: 0.2, connections: false })
    const [one, other] = small.servers(2) as [never, never]
    for (let i = 0; i < 2_000; i++) {
      small.send(one, other, first + i)
    }

    small.run(second)
    const answered = small.told.filter(({ input }) => input.type === 'response' && input.rpc >= first).length
    // both ways must go well: .64 of them, with a standard deviation of 21
    assert(Math.abs(answered - 1_280) < 110, `${answered} of 2,000 were answered`)
  })

  it('carries nothing over a cut, and fails dials across it, until it is healed', () => {
    const small = new SmallWorld()
    const [one, other] = small.servers(2)
    assert(one !== undefined && other !== undefined)
    small.send(one, other, first)
    small.run(second)
    const deaf: Cut = (from, to) => from === other && to === one
    small.world.network.cut(deaf)
    small.send(one, other, first + 1)
    small.run(second)
    assert.equal(small.endOf(one, first + 1), undefined, 'the answer does not come back')
    assert.equal(small.world.network.joins(one, other), false)

    const stranger = small.server()
    const wall: Cut = (from, to) => from === stranger || to === stranger
    small.world.network.cut(wall)
    const began = small.world.now
    small.send(one, stranger, first + 2)
    small.run(6 * second)
    assert.deepEqual(small.endOf(one, first + 2), { at: began + 5 * second, as: 'dial' })

    small.world.network.heal(deaf)
    small.world.network.heal(wall)
    small.send(one, other, first + 3)
    small.send(one, stranger, first + 4)
    small.run(second)
    assert.deepEqual([small.endOf(one, first + 3)?.as, small.endOf(one, first + 4)?.as], ['response', 'response'])
  })

  it('reaches a node that cannot be dialled over the connection that it opened itself', () => {
    const small = new SmallWorld()
    const [hidden, other] = [small.server({ reachable: false }), small.server()]
    small.send(other, hidden, first)
    small.run(6 * second)
    assert.deepEqual(small.endOf(other, first), { at: 5 * second, as: 'dial' })

    small.send(hidden, other, first)
    small.run(second)
    small.send(other, hidden, first + 1)
    small.run(second)
    assert.equal(small.endOf(other, first + 1)?.as, 'response')
  })

  it('fails dials of a node that is gone at once where its host refuses them, else when time is up', () => {
    for (const [refused, after] of [
      [1, 100],
      [0, 5 * second]
    ] as const) {
      const small = new SmallWorld({ refused })
      const [one, gone] = small.servers(2)
      assert(one !== undefined && gone !== undefined)
      small.world.crash(gone)
      small.send(one, gone, first)
      small.run(6 * second)
      assert.deepEqual(small.endOf(one, first), { at: after, as: 'dial' })
    }
  })

  it('knows no address of whoever has moved but the new one', () => {
    const small = new SmallWorld()
    const [one, moving] = small.servers(2)
    assert(one !== undefined && moving !== undefined)
    const before = moving.info
    small.world.readdress(moving)
    small.world.network.send(one, one.tagOf(first), before, { type: 'PING' })
    small.send(one, moving, first + 1)
    small.run(6 * second)
    assert.equal(small.endOf(one, first)?.as, 'dial')
    assert.equal(small.endOf(one, first + 1)?.as, 'response')
  })

  it('lets what a node sends wait for what it sent before', () => {
    const small = new SmallWorld({ bandwidth: 1_000, connections: false })
    const [one, other] = small.servers(2)
    assert(one !== undefined && other !== undefined)
    for (let i = 0; i < 10; i++) {
      small.send(one, other, first + i)
    }

    small.run(5 * second)
    const arrivals = Array.from({ length: 10 }, (_, i) => small.endOf(one, first + i)?.at ?? Infinity)
    const bytes = one.bytesSent / 10
    arrivals.forEach((at, i) => {
      const answers = other.bytesSent / 10
      const expected = 100 + (i + 1) * bytes + answers
      assert(Math.abs(at - expected) <= 12, `answer ${i} came at ${at} ms, not at about ${expected}`)
    })
  })

  it('closes a connection that has not been used, and not one that has', () => {
    const small = new SmallWorld({ connectionIdle: 10 * second }, content)
    const [one, idle, busy] = small.servers(3)
    assert(one !== undefined && idle !== undefined && busy !== undefined)
    small.send(one, idle, first)
    small.send(one, busy, first + 1)
    for (let i = 0; i < 6; i++) {
      small.run(4 * second)
      small.send(one, busy, first + 2 + i)
    }

    small.run(second)
    assert.deepEqual(small.statesOf(idle, one), ['serving', 'disconnected'])
    assert.deepEqual(small.statesOf(one, idle), ['serving', 'disconnected'])
    assert.deepEqual(small.statesOf(busy, one), ['serving'])
    assert(small.world.network.connected(one, busy))
  })

  it('close some at a time, however many are idle, so that others can do something between', () => {
    const small = new SmallWorld()
    const nodes = small.servers(40)
    for (const [i, one] of nodes.entries()) {
      for (const other of nodes.slice(i + 1)) {
        small.world.network.connect(one, other)
      }
    }
    const open = (): number => nodes.reduce((sum, node) => sum + small.world.network.connections(node), 0) / 2
    const all = open()
    assert.equal(all, (40 * 39) / 2)
    small.world.run(59_999)
    let closedAtOnce = 0
    for (let before = all, left = 10_000; before > 0 && left > 0; left--) {
      small.world.run(80_000, 1)
      closedAtOnce = Math.max(closedAtOnce, before - open())
      before = open()
    }
    assert.equal(open(), 0)
    assert(closedAtOnce > 0 && closedAtOnce <= 10, `${closedAtOnce} at once`)
  })

  it('resets a connection with what is under way on it', () => {
    const small = new SmallWorld({ resets: true }, content)
    const [one, other] = small.servers(2)
    assert(one !== undefined && other !== undefined)
    small.send(one, other, first)
    small.run(second)
    small.send(one, other, first + 1)
    small.run(50)
    small.world.network.reset(one, other)
    assert.equal(small.world.network.connected(one, other), false)
    assert.deepEqual(small.statesOf(other, one), ['serving', 'disconnected'])
    assert.deepEqual(small.statesOf(one, other), ['serving', 'disconnected'])
    small.run(second)
    assert.deepEqual(small.endOf(one, first + 1), { at: second + 50, as: 'reset' })
  })

  it('slows down in bad weather', () => {
    const small = new SmallWorld({ connections: false })
    const [one, other] = small.servers(2) as [never, never]
    small.world.network.weather = { loss: 0, stretch: 3 }
    small.send(one, other, first)
    small.run(second)
    assert.equal(small.endOf(one, first)?.at, 300)
    small.world.network.weather = { loss: 1, stretch: 1 }
    small.send(one, other, first + 1)
    small.run(second)
    assert.equal(small.endOf(one, first + 1), undefined)
  })
})
