/** The numbers to hold: lookups in a random network of 1,000 whose tables are converged. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defaultConfig, limits, Rng, Table } from '@vicinity/kademlia'
import type { LookupResult, PeerInfo, Target } from '@vicinity/kademlia'
import { Pool } from '../src/lookup/pool.ts'
import { entryOf, ids, nearest, peersOf, targetOf } from './support/contacts.ts'
import { drain, only } from './support/drain.ts'

const size = 1_000
const lookups = 200
const rng = new Rng('a network of 1,000')
const peers = peersOf('node', size)

/** A node that has met everybody, in an order of its own, and kept whom its buckets had room for. */
function tableOf(self: PeerInfo): Table {
  const table = new Table(self.contact, limits.k)
  const start = rng.below(size)
  for (let i = 0; i < size; i++) {
    const peer = peers[(start + i * 7) % size] as PeerInfo
    if (peer !== self && table.hasRoom(peer.contact)) {
      table.add(entryOf(peer))
    }
  }

  return table
}

const tables = new Map(peers.map(peer => [peer.contact.id, tableOf(peer)]))

/** One lookup, in a network whose round trips are drawn by `roundTrip`. */
function lookUp(asker: PeerInfo, target: Target, roundTrip: () => number): LookupResult {
  const pool = new Pool(tables.get(asker.contact.id) as Table, defaultConfig)
  const inFlight: Array<{ peer: PeerInfo; at: number }> = []
  let now = 0
  pool.handle(now, { type: 'start', op: 1, lookup: { target, timeout: limits.queryTimeout, awaitPeers: false } })
  for (;;) {
    const outputs = drain(pool)
    const [finished] = only(outputs, 'finished')
    if (finished !== undefined) {
      return finished.result
    }

    inFlight.push(...only(outputs, 'ask').map(({ peer }) => ({ peer, at: now + roundTrip() })))
    inFlight.sort((a, b) => a.at - b.at)
    const next = inFlight.shift()
    assert(next !== undefined && inFlight.length < limits.k)
    now = next.at
    const { contact } = next.peer
    const closer = (tables.get(contact.id) as Table).closest(target.key, limits.k, asker.contact)
    pool.handle(now, { type: 'answered', op: 1, contact, closer })
  }
}

/** Looks random keys up, each to be found wholly. @returns the requests a lookup took on average. */
function average(roundTrip: () => number): number {
  let requests = 0
  for (let i = 0; i < lookups; i++) {
    const asker = peers[rng.below(size)] as PeerInfo
    const target = targetOf(`key ${i}`)
    const result = lookUp(asker, target, roundTrip)
    const others = peers.filter(peer => peer !== asker)
    assert.deepEqual(ids(result.closest), ids(nearest(others, target.key, limits.k)))
    requests += result.requests
  }

  return requests / lookups
}

describe(`${lookups} lookups in a random network of ${size} find the true k closest, every one of them`, () => {
  it('with 27.8 requests where all round trips are alike, give or take a twentieth', t => {
    const requests = average(() => 50)
    t.diagnostic(`${requests} requests a lookup`)
    assert(Math.abs(requests / 27.8 - 1) < 0.05, `${requests} requests a lookup`)
  })

  it('with at most 32 requests where they differ as on the internet', t => {
    const requests = average(() => 50 + rng.below(200))
    t.diagnostic(`${requests} requests a lookup`)
    assert(requests <= 32, `${requests} requests a lookup`)
  })

  it('whatever the order in which answers come', () => {
    const requests = average(() => rng.float())
    assert(requests <= 40, `${requests} requests a lookup`)
  })
})
