/** Many lookups at once. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Table } from '@vicinity/kademlia'
import { Pool } from '../src/lookup/pool.ts'
import type { LookupStart } from '../src/lookup/pool.ts'
import { contactOf, entryOf, ids, peerOf, peersOf, targetOf } from './support/contacts.ts'
import { drain, only } from './support/drain.ts'

const config = { k: 20, alpha: 10, beta: 3 }
const lookup: LookupStart = { target: targetOf('target'), timeout: 1_000, awaitPeers: false }

function poolOf(count: number): { pool: Pool; table: Table } {
  const table = new Table(contactOf('self'), config.k)
  for (const peer of peersOf('peer', count)) {
    table.add(entryOf(peer))
  }

  return { pool: new Pool(table, config), table }
}

describe('the pool', () => {
  it('begins a lookup with the nearest of the table, and more of them than it needs', () => {
    const { pool, table } = poolOf(25)
    pool.handle(0, { type: 'start', op: 1, lookup })
    const asks = only(drain(pool), 'ask')
    assert.deepEqual(ids(asks.map(({ peer }) => peer)), ids(table.closest(lookup.target.key, 10)))
    assert.deepEqual(pool.counts(1), { queued: 15, running: 10, total: 25 })
    assert(asks.every(({ op, target }) => op === 1 && target === lookup.target))
  })

  it('gives every lookup its own width, and each hears only of its own requests', () => {
    const { pool } = poolOf(25)
    pool.handle(0, { type: 'start', op: 1, lookup })
    pool.handle(0, { type: 'start', op: -7, lookup: { ...lookup, target: targetOf('another') } })
    const asks = only(drain(pool), 'ask')
    assert.deepEqual(
      [1, -7].map(op => asks.filter(ask => ask.op === op).length),
      [10, 10]
    )

    const [first] = asks.filter(({ op }) => op === 1)
    assert(first !== undefined)
    pool.handle(1, { type: 'failed', op: 1, contact: first.peer.contact, nobodyAt: [] })
    pool.handle(1, { type: 'answered', op: 99, contact: first.peer.contact, closer: [] })
    assert.deepEqual(
      drain(pool).map(({ op }) => op),
      [1]
    )
  })

  it('ends each at its own deadline, once, and forgets it', () => {
    const { pool } = poolOf(5)
    pool.handle(0, { type: 'start', op: 1, lookup })
    pool.handle(0, { type: 'start', op: 2, lookup: { ...lookup, timeout: 400 } })
    drain(pool)
    assert.equal(pool.deadline, 400)
    pool.handle(399, { type: 'tick' })
    assert.deepEqual(drain(pool), [])
    pool.handle(400, { type: 'tick' })
    const ended = only(drain(pool), 'finished')
    assert.deepEqual(
      ended.map(({ op, result }) => [op, result.reason]),
      [[2, 'timeout']]
    )
    assert.deepEqual([pool.size, pool.counts(1) !== undefined, pool.counts(2), pool.deadline], [1, true, undefined, 1_000])
    pool.handle(1_000, { type: 'tick' })
    assert.equal(only(drain(pool), 'finished').length, 1)
    assert.deepEqual([pool.size, pool.counts(1)], [0, undefined])
    pool.handle(2_000, { type: 'tick' })
    assert.equal(pool.deadline, Infinity)
  })

  it('ends one, or all', () => {
    const { pool } = poolOf(5)
    for (const op of [1, 2, 3]) {
      pool.handle(0, { type: 'start', op, lookup })
    }
    drain(pool)
    pool.handle(0, { type: 'stop', op: 2, reason: 'cancelled' })
    assert.deepEqual(
      only(drain(pool), 'finished').map(({ op, result }) => [op, result.reason]),
      [[2, 'cancelled']]
    )
    pool.handle(0, { type: 'stopAll' })
    assert.deepEqual(
      only(drain(pool), 'finished').map(({ op, result }) => [op, result.reason]),
      [
        [1, 'stopped'],
        [3, 'stopped']
      ]
    )
    assert.equal(pool.size, 0)
  })

  it('gives a lookup that waits for a first peer the first peer', () => {
    const { pool, table } = poolOf(0)
    pool.handle(0, { type: 'start', op: 1, lookup: { ...lookup, awaitPeers: true } })
    pool.handle(0, { type: 'start', op: 2, lookup })
    assert.deepEqual(
      drain(pool).map(({ op, type }) => [op, type]),
      [[2, 'finished']]
    )
    pool.handle(5, { type: 'peers' })
    assert.deepEqual(drain(pool), [], 'nobody yet')
    table.add(entryOf(peerOf('first')))
    pool.handle(6, { type: 'peers' })
    assert.deepEqual(ids(only(drain(pool), 'ask').map(({ peer }) => peer)), ['first'])

    table.add(entryOf(peerOf('second')))
    pool.handle(7, { type: 'peers' })
    assert.deepEqual(drain(pool), [], 'those that have begun find the others themselves')
  })
})
