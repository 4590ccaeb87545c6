/** Who enters the table. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limits, Table } from '@vicinity/kademlia'
import type { PeerInfo } from '@vicinity/kademlia'
import { Include } from '../src/upkeep/include.ts'
import { contactOf, entryOf, ids, peerOf, peersIn, peersOf } from './support/contacts.ts'
import { drain, only } from './support/drain.ts'

const self = contactOf('self')

function make(limitGroups = false, k = 20): { include: Include; table: Table } {
  const table = new Table(self, k)
  return { include: new Include(table, { limitGroups }), table }
}

function offer(include: Include, peers: readonly PeerInfo[], now = 0): void {
  for (const peer of peers) {
    include.handle(now, { type: 'candidate', peer })
  }
}

/** Who is to be checked now. */
function checks(include: Include): string[] {
  return ids(only(drain(include), 'check').map(({ peer }) => peer))
}

describe('a candidate', () => {
  it('is checked, and enters when it has answered', () => {
    const { include, table } = make()
    const peer = peerOf('peer')
    offer(include, [peer])
    assert.deepEqual(drain(include), [{ type: 'check', peer }])
    assert.equal(table.size, 0, 'not before')
    include.handle(30, { type: 'answered', peer, roundTrip: 12 })
    assert.deepEqual(drain(include), [{ type: 'added', peer, heard: 30 }])
    assert.deepEqual(table.entry(peer.contact), { ...entryOf(peer, 30), roundTrip: 12 })
    assert.deepEqual(include.sizes, { queue: 0, checking: 0, resting: 0 })
  })

  it('is checked once at a time, and not when it is in the table', () => {
    const { include } = make()
    const peer = peerOf('peer')
    offer(include, [peer, peer])
    assert.deepEqual(checks(include), ['peer'])
    offer(include, [peer])
    assert.deepEqual(checks(include), [])
    include.handle(0, { type: 'answered', peer, roundTrip: 1 })
    offer(include, [peer])
    assert.deepEqual(checks(include), [])
  })

  it('rests after it failed, and then candidates are wanted again', () => {
    const { include } = make()
    const peer = peerOf('peer')
    offer(include, [peer])
    drain(include)
    include.handle(100, { type: 'failed', contact: peer.contact })
    const wakes = 100 + limits.includeRetryAfter
    assert.equal(include.deadline, wakes)
    offer(include, [peer], wakes - 1)
    include.handle(wakes - 1, { type: 'tick' })
    assert.deepEqual(drain(include), [])
    include.handle(wakes, { type: 'tick' })
    assert.deepEqual(drain(include), [{ type: 'rested', id: 'peer' }])
    assert.deepEqual([include.deadline, include.sizes.resting], [Infinity, 0])
    offer(include, [peer], wakes)
    assert.deepEqual(checks(include), ['peer'])
  })

  it('does not rest when it only said that it does not serve, and may think better of it', () => {
    const { include } = make()
    const peer = peerOf('peer')
    offer(include, [peer])
    include.handle(1, { type: 'gone', contact: peer.contact })
    assert.deepEqual(checks(include), [], 'no longer wanted')
    offer(include, [peer], 2)
    assert.deepEqual(checks(include), ['peer'])
    include.handle(3, { type: 'gone', contact: peer.contact })
    assert.equal(include.sizes.checking, 0)
  })

  it('that answered somebody else meanwhile is not checked', () => {
    const { include, table } = make()
    const peer = peerOf('peer')
    offer(include, [peer])
    include.handle(0, { type: 'answered', peer, roundTrip: 1 })
    assert.deepEqual(checks(include), [])
    assert(table.has(peer.contact))
  })

  it('is not checked when its bucket is full, nor when it fills while it waits', () => {
    const { include, table } = make(false, 3)
    const [a, b, c, d, e] = peersIn(self, 2, 5) as [PeerInfo, PeerInfo, PeerInfo, PeerInfo, PeerInfo]
    offer(include, [d])
    for (const peer of [a, b, c]) {
      include.handle(0, { type: 'answered', peer, roundTrip: 1 })
    }
    offer(include, [e])
    assert.deepEqual(checks(include), [])
    include.handle(0, { type: 'answered', peer: e, roundTrip: 1 })
    assert.deepEqual(ids(table.closest(self.key, 9)).sort(), ids([a, b, c]).sort(), 'live peers are not evicted for new ones')
  })

  it('is not ourselves', () => {
    const { include, table } = make()
    offer(include, [peerOf(self)])
    include.handle(0, { type: 'answered', peer: peerOf(self), roundTrip: 1 })
    assert.deepEqual([drain(include), table.size], [[], 0])
  })
})

describe('many candidates', () => {
  it(`are checked ${limits.includeChecks} at once, and ${limits.includeQueue} wait`, () => {
    const { include, table } = make(false, 2_000)
    const peers = peersOf('peer', limits.includeChecks + limits.includeQueue + 10)
    offer(include, peers.slice(0, limits.includeChecks))
    assert.equal(checks(include).length, limits.includeChecks)
    offer(include, peers.slice(limits.includeChecks))
    assert.deepEqual(checks(include), [])
    assert.deepEqual(include.sizes, { queue: limits.includeQueue, checking: limits.includeChecks, resting: 0 })

    const [first, second] = peers as [PeerInfo, PeerInfo]
    include.handle(1, { type: 'answered', peer: first, roundTrip: 1 })
    include.handle(1, { type: 'failed', contact: second.contact })
    assert.deepEqual(checks(include), ['peer64', 'peer65'], 'in the order in which they came')
    assert.equal(table.size, 1)
  })

  it('that rest are remembered up to a bound, the latest rather than the first', () => {
    const { include } = make()
    const peers = peersOf('peer', limits.includeQueue + 5)
    for (const [i, { contact }] of peers.entries()) {
      include.handle(i, { type: 'failed', contact })
    }
    assert.equal(include.sizes.resting, limits.includeQueue)
    offer(include, [peers[0] as PeerInfo, peers.at(-1) as PeerInfo], peers.length)
    assert.deepEqual(checks(include), ['peer0'])
  })
})

describe('whoever answers a lookup', () => {
  it('enters at once where there is room', () => {
    const { include, table } = make()
    include.handle(5, { type: 'answered', peer: peerOf('peer'), roundTrip: 3 })
    assert.deepEqual(only(drain(include), 'added').length, 1)
    assert.equal(table.entry(contactOf('peer'))?.heard, 5)
  })

  it('is heard of, with its new addresses, if it is there already', () => {
    const { include, table } = make()
    const peer = peerOf('peer')
    table.add(entryOf(peer))
    table.failed(peer.contact)
    const moved = { ...peer, addresses: { count: 2 } }
    include.handle(50, { type: 'answered', peer: moved, roundTrip: 9 })
    assert.deepEqual(table.entry(peer.contact), { ...entryOf(moved, 50), roundTrip: 9 })
    assert.deepEqual(drain(include), [])
  })
})

describe('a restored peer', () => {
  it('enters unchecked, with the time at which it was heard', () => {
    const { include, table } = make()
    include.handle(9, { type: 'restored', peer: peerOf('peer'), heard: -500, roundTrip: 40 })
    assert.deepEqual(table.entry(contactOf('peer')), { ...entryOf(peerOf('peer'), -500), roundTrip: 40 })
    include.handle(9, { type: 'restored', peer: peerOf('peer'), heard: 7, roundTrip: 0 })
    assert.equal(table.entry(contactOf('peer'))?.heard, -500, 'once')
  })
})

describe('on the public network', () => {
  const enter = (include: Include, peers: readonly PeerInfo[]): void => {
    for (const peer of peers) {
      include.handle(0, { type: 'answered', peer, roundTrip: 1 })
    }
  }

  it(`${limits.groupPerBucket} of an address group enter a bucket, and ${limits.groupPerTable} the table`, () => {
    const { include, table } = make(true)
    enter(
      include,
      [0, 1, 2].flatMap(bucket => peersIn(self, bucket, 3, [7]))
    )
    assert.deepEqual(
      [0, 1, 2].map(bucket => table.bucketCount(bucket)),
      [2, 1, 0]
    )
    enter(include, peersIn(self, 0, 6).slice(3))
    assert.equal(table.bucketCount(0), 5, 'those of no group have no limit')
  })

  it('no candidate is checked whose group has its share', () => {
    const { include } = make(true)
    const [a, b, c] = peersIn(self, 0, 3, [7]) as [PeerInfo, PeerInfo, PeerInfo]
    enter(include, [a, b])
    drain(include)
    offer(include, [c])
    assert.deepEqual(checks(include), [])
  })

  it('a peer of several groups counts in each', () => {
    const { include, table } = make(true)
    const [a, b] = peersIn(self, 0, 2, [7, 8]) as [PeerInfo, PeerInfo]
    const [c, d] = peersIn(self, 1, 2, [8, 9]) as [PeerInfo, PeerInfo]
    enter(include, [a, b, c, d])
    assert.deepEqual(
      [a, b, c, d].map(({ contact }) => table.has(contact)),
      [true, true, true, false]
    )
  })

  it('a peer cannot move to where it could not have come in', () => {
    const { include, table } = make(true)
    const [third, ...crowd] = peersIn(self, 0, 3, [7]) as [PeerInfo, PeerInfo, PeerInfo]
    const mover = { ...third, groups: [8] }
    enter(include, [...crowd, mover])
    assert.equal(table.size, 3)
    const moved = { ...mover, addresses: { count: 2 }, groups: [7] }
    include.handle(0, { type: 'readdressed', peer: moved })
    assert.equal(table.get(mover.contact), mover)
    include.handle(0, { type: 'answered', peer: moved, roundTrip: 1 })
    assert.equal(table.get(mover.contact), mover)
    const home = { ...mover, addresses: { count: 2 }, groups: [8] }
    include.handle(0, { type: 'readdressed', peer: home })
    assert.equal(table.get(mover.contact), home)
  })

  it('elsewhere groups do not matter', () => {
    const { include, table } = make(false)
    enter(include, peersIn(self, 0, 9, [7]))
    assert.equal(table.size, 9)
  })
})
