/** How a node finds its place. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limits, minute, Rng, Table } from '@vicinity/kademlia'
import type { Millis } from '@vicinity/kademlia'
import { Bootstrap } from '../src/upkeep/bootstrap.ts'
import { contactOf, entryOf, peersOf } from './support/contacts.ts'
import { drain } from './support/drain.ts'

const low = 20

function make(count: number, interval: Millis = 5 * minute): { bootstrap: Bootstrap; table: Table; fill: (to: number) => void } {
  const table = new Table(contactOf('self'), 100)
  const peers = peersOf('peer', 100)
  const fill = (to: number): void => {
    for (const peer of peers.slice(table.size, to)) {
      table.add(entryOf(peer))
    }
  }
  fill(count)
  return { bootstrap: new Bootstrap(table, { interval, low }, new Rng('bootstrap')), table, fill }
}

function types(bootstrap: Bootstrap): string[] {
  return drain(bootstrap).map(({ type }) => type)
}

/** One whole bootstrap at a time; what it ended with. */
function pass(bootstrap: Bootstrap, now: Millis, contacts = 5, refreshes = true): void {
  assert.deepEqual(types(bootstrap), ['began', 'lookup'])
  bootstrap.handle(now, { type: 'looked', contacts })
  if (!refreshes) {
    assert.deepEqual(drain(bootstrap), [{ type: 'ended', contacts }])
    return
  }

  assert.deepEqual(types(bootstrap), contacts > 0 ? ['refresh'] : ['ended'])
  if (contacts > 0) {
    bootstrap.handle(now, { type: 'refreshed' })
    assert.deepEqual(drain(bootstrap), [{ type: 'ended', contacts }])
  }
}

describe('bootstrap', () => {
  it('begins with the first peer: a self-lookup, then a refresh', () => {
    const { bootstrap, fill } = make(0)
    assert.equal(bootstrap.deadline, Infinity)
    bootstrap.handle(0, { type: 'tick' })
    assert.deepEqual(types(bootstrap), [])
    fill(1)
    bootstrap.handle(3, { type: 'table' })
    pass(bootstrap, 10)
  })

  it('ends without the refresh when nobody answered', () => {
    const { bootstrap } = make(3)
    bootstrap.handle(0, { type: 'table' })
    pass(bootstrap, 100, 0)
  })

  it('comes again after the interval, spread by a tenth, without the refresh', () => {
    const { bootstrap } = make(low)
    let now = 0
    const pauses = new Set<number>()
    for (let i = 0; i < 20; i++) {
      bootstrap.handle(now, { type: 'tick' })
      pass(bootstrap, now, 5, i === 0)
      const pause = bootstrap.deadline - now
      assert(pause >= 5 * minute && pause <= 5.5 * minute, `${pause} ms`)
      pauses.add(pause)
      bootstrap.handle(bootstrap.deadline - 1, { type: 'tick' })
      assert.deepEqual(types(bootstrap), [], 'not early')
      now = bootstrap.deadline
    }
    assert(pauses.size > 10)
  })

  it('backs off from 1 s to 5 min while the table stays low', () => {
    const { bootstrap } = make(low - 1, Infinity)
    let now = 0
    const pauses: number[] = []
    for (let i = 0; i < 12; i++) {
      bootstrap.handle(now, { type: 'tick' })
      pass(bootstrap, now)
      pauses.push(bootstrap.deadline - now)
      now = bootstrap.deadline
    }
    assert.deepEqual(
      pauses.map(pause => pause / 1_000),
      [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    )
  })

  it('has no reason to begin with a table that is not low, where it has no interval', () => {
    const { bootstrap, table } = make(low, Infinity)
    bootstrap.handle(0, { type: 'table' })
    assert.deepEqual([types(bootstrap), bootstrap.deadline], [[], Infinity])
    table.remove(contactOf('peer0'))
    bootstrap.handle(7, { type: 'table' })
    pass(bootstrap, 7)

    const periodic = make(low).bootstrap
    periodic.handle(0, { type: 'table' })
    pass(periodic, 0)
  })

  it('begins its back-off anew after the table was not low', () => {
    const { bootstrap, table, fill } = make(low - 1, Infinity)
    for (let now = 0, i = 0; i < 5; i++, now = bootstrap.deadline) {
      bootstrap.handle(now, { type: 'tick' })
      pass(bootstrap, now)
    }
    fill(low)
    assert.equal(bootstrap.deadline, Infinity, 'it is not low')
    bootstrap.handle(1e6, { type: 'start' })
    pass(bootstrap, 1e6)
    table.remove(contactOf('peer0'))
    bootstrap.handle(1e6 + 60_000, { type: 'table' })
    pass(bootstrap, 1e6 + 60_000)
    assert.equal(bootstrap.deadline, 1e6 + 61_000)
  })

  it('runs when it is asked for, whatever the table holds, and joins the one that runs', () => {
    const { bootstrap } = make(0)
    bootstrap.handle(0, { type: 'start' })
    assert.deepEqual(types(bootstrap), ['began', 'lookup'])
    bootstrap.handle(1, { type: 'start' })
    bootstrap.handle(1, { type: 'refreshed' })
    assert.deepEqual(types(bootstrap), [], 'a refresh of somebody else is not its own')
    bootstrap.handle(2, { type: 'looked', contacts: 2 })
    assert.deepEqual(types(bootstrap), ['refresh'])
    bootstrap.handle(3, { type: 'start' })
    bootstrap.handle(3, { type: 'looked', contacts: 9 })
    assert.deepEqual(types(bootstrap), [])
    bootstrap.handle(4, { type: 'refreshed' })
    assert.deepEqual(drain(bootstrap), [{ type: 'ended', contacts: 2 }])
    assert.deepEqual(types(bootstrap), [])
  })

  it('has no time while it runs or while there is nobody to ask', () => {
    const { bootstrap, table } = make(1)
    bootstrap.handle(0, { type: 'tick' })
    drain(bootstrap)
    assert.equal(bootstrap.deadline, Infinity)
    bootstrap.handle(0, { type: 'looked', contacts: 0 })
    drain(bootstrap)
    assert.equal(bootstrap.deadline, limits.bootstrapBackoffMin)
    table.remove(contactOf('peer0'))
    assert.equal(bootstrap.deadline, Infinity)
  })
})
