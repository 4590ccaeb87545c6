/** The rules of a lookup one by one: width, stalls, the approach and the follow-up, and how it ends. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limits, noAddresses, Rng } from '@vicinity/kademlia'
import type { PeerInfo } from '@vicinity/kademlia'
import { contactAt, contactOf, ids, keyNear, nearest, peerOf, targetOf } from './support/contacts.ts'
import { Walk } from './support/walk.ts'

const target = targetOf('target')
const rng = new Rng('lookup rules')
/** A hundred peers, nearest first. */
const peers: PeerInfo[] = nearest(
  Array.from({ length: 100 }, (_, i) => peerOf(contactAt(keyNear(target.key, 100 - i, rng)))),
  target.key,
  100
)

/** Peers by their rank: 0 is the nearest. */
function ranks(...of: number[]): PeerInfo[] {
  return of.map(rank => peers[rank] as PeerInfo)
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

function rankOf(id: string): number {
  return peers.findIndex(({ contact }) => contact.id === id)
}

/** The ranks asked since last looked. */
function asked(walk: Walk): number[] {
  return walk.takeFresh().map(rankOf)
}

function answer(walk: Walk, rank: number, ...names: number[]): void {
  walk.answer((peers[rank] as PeerInfo).contact, ranks(...names))
}

function late(walk: Walk, rank: number): void {
  walk.late((peers[rank] as PeerInfo).contact)
}

function fail(walk: Walk, rank: number): void {
  walk.fail((peers[rank] as PeerInfo).contact)
}

function closest(walk: Walk): number[] | undefined {
  return walk.result && ids(walk.result.closest).map(rankOf)
}

describe('the width of a lookup', () => {
  it('is α, the nearest first, refilled as each answers', () => {
    const walk = new Walk(ranks(...range(30, 50).toReversed()))
    assert.deepEqual(asked(walk), range(30, 40))
    answer(walk, 35, 7)
    assert.deepEqual(asked(walk), [7])
    answer(walk, 7, 3, 9)
    assert.deepEqual(asked(walk), [3])
    fail(walk, 30)
    assert.deepEqual(asked(walk), [9])
  })

  it('does not count those who are late', () => {
    const walk = new Walk(ranks(...range(30, 50)))
    asked(walk)
    late(walk, 31)
    assert.deepEqual(asked(walk), [40])
    late(walk, 31)
    assert.deepEqual(asked(walk), [], 'late once')
    answer(walk, 31, 2)
    assert.deepEqual(asked(walk), [], 'a late answer frees no place')
    answer(walk, 32)
    assert.deepEqual(asked(walk), [2], 'but whom it names is asked')
  })

  it('grows to k after α answers in a row without progress, and shrinks with the next', () => {
    const walk = new Walk(ranks(...range(30, 70)), { alpha: 3, beta: 20 })
    assert.deepEqual(asked(walk), [30, 31, 32])
    answer(walk, 30)
    answer(walk, 31)
    assert.deepEqual(asked(walk), [33, 34])
    assert.equal(walk.lookup.stalled, false)
    answer(walk, 32)
    assert.equal(walk.lookup.stalled, true)
    assert.deepEqual(asked(walk), range(35, 50), 'all of the 20 nearest')
    answer(walk, 33, 4)
    assert.equal(walk.lookup.stalled, false)
    for (const rank of range(34, 47)) {
      answer(walk, rank, 5)
    }
    // by now it is stalled again: 4 was progress, and 5 is farther than 4
    assert.deepEqual(asked(walk).slice(0, 2), [4, 5])
  })

  it('after progress asks nobody until fewer than α are in flight', () => {
    const walk = new Walk(ranks(...range(30, 70)), { alpha: 3, beta: 20 })
    for (const rank of [30, 31, 32]) {
      answer(walk, rank)
    }
    asked(walk)
    assert.equal(walk.those('waiting').length, 17)
    answer(walk, 33, 10)
    for (const [i, rank] of range(34, 47).entries()) {
      answer(walk, rank, 9 - Math.min(i, 9))
      if (i < 9) {
        assert.deepEqual(asked(walk), [], `with ${walk.those('waiting').length} in flight`)
      }
    }
  })

  it('counts any new peer as progress while fewer than k are known', () => {
    const walk = new Walk(ranks(10, 11, 12), { alpha: 3, k: 5 })
    answer(walk, 10, 50)
    answer(walk, 11, 51)
    answer(walk, 12, 52)
    assert.equal(walk.lookup.stalled, false, 'the third was no progress, the first two were')
    answer(walk, 50)
    answer(walk, 51)
    assert.equal(walk.lookup.stalled, true)
  })
})

describe('the approach and the follow-up', () => {
  it('on its approach it does not idle behind slow peers: it asks beyond the k nearest', () => {
    const walk = new Walk(ranks(...range(0, 12)), { k: 4, alpha: 3, beta: 2 })
    assert.deepEqual(asked(walk), [0, 1, 2])
    answer(walk, 2)
    assert.deepEqual(asked(walk), [3])
    answer(walk, 3)
    assert.deepEqual(asked(walk), [4], 'the nearest two are slow, and there is a place')
  })

  it('in the follow-up it asks nobody beyond the k nearest', () => {
    const walk = new Walk(ranks(...range(0, 12)), { k: 4, alpha: 3, beta: 2 })
    answer(walk, 0)
    answer(walk, 1)
    assert.deepEqual(asked(walk), [0, 1, 2, 3])
    answer(walk, 2)
    assert.deepEqual(asked(walk), [], 'one place is taken, two are free, and the rest is beyond')
    answer(walk, 3)
    assert.deepEqual(closest(walk), [0, 1, 2, 3])
    assert.equal(walk.result?.requests, 4)
  })

  it('the follow-up asks all of the k nearest, takes in whom they name, and goes on', () => {
    const walk = new Walk(ranks(...range(10, 20)), { k: 4, alpha: 3, beta: 1 })
    answer(walk, 10)
    assert.deepEqual(asked(walk), [10, 11, 12, 13])
    answer(walk, 11)
    answer(walk, 12)
    assert.equal(walk.result, undefined, 'the fourth nearest has not answered')
    answer(walk, 13, 5, 40)
    assert.deepEqual(asked(walk), [5], 'which was named in the follow-up, and now is the nearest')
    answer(walk, 5)
    assert.deepEqual(closest(walk), [5, 10, 11, 12])
  })

  it('replaces those who fail or are late by the next nearest', () => {
    const walk = new Walk(ranks(...range(0, 8)), { k: 4, alpha: 4, beta: 2 })
    fail(walk, 0)
    late(walk, 1)
    for (const rank of [2, 3, 4, 5]) {
      answer(walk, rank)
    }
    assert.deepEqual(closest(walk), [2, 3, 4, 5])
  })

  it('a late answer counts: it is listed, and whom it names is asked', () => {
    const walk = new Walk(ranks(...range(10, 20)), { k: 4, alpha: 4, beta: 2 })
    late(walk, 10)
    answer(walk, 11)
    answer(walk, 10, 1)
    for (const rank of [12, 13, 1]) {
      answer(walk, rank)
    }
    assert.deepEqual(closest(walk), [1, 10, 11, 12])
  })

  it('nobody answers twice, nor after failing, nor unasked', () => {
    const walk = new Walk(ranks(...range(0, 30)))
    const { lookup } = walk
    const tell = (rank: number): void => {
      lookup.handle(1, { type: 'answered', contact: (peers[rank] as PeerInfo).contact, closer: ranks(90) })
    }
    answer(walk, 0)
    tell(0)
    fail(walk, 1)
    tell(1)
    tell(25)
    tell(99)
    assert.deepEqual(lookup.counts, { queued: 18, running: 10, total: 30 })
  })
})

describe('a lookup ends', () => {
  it('at once when nobody is known', () => {
    const walk = new Walk([])
    const nothing = { reason: 'converged', closest: [], found: undefined, requests: 0, answers: 0, hops: 0 }
    assert.deepEqual(walk.result, nothing)
  })

  it('not before it knows somebody, if it is to wait', () => {
    const walk = new Walk([], { awaitPeers: true })
    assert.equal(walk.result, undefined)
    walk.seed(ranks(3))
    assert.deepEqual(asked(walk), [3])
    fail(walk, 3)
    assert.deepEqual(closest(walk), [], 'it has known somebody')
  })

  it('at its deadline, also while it waits for a first peer', () => {
    const walk = new Walk([], { awaitPeers: true, deadline: 700 })
    assert.equal(walk.lookup.deadline, 700)
    walk.tick(699)
    assert.equal(walk.result, undefined)
    walk.tick(700)
    assert.equal((walk.result as Walk['result'])?.reason, 'timeout')
  })

  it('when an answer names the wanted peer with addresses', () => {
    const wanted = contactOf('wanted')
    const walk = new Walk(ranks(...range(0, 20)), { wanted, target: wanted })
    const [first, second] = walk.those('waiting')
    walk.answer(walk.peer(first ?? '').contact, [{ contact: wanted, addresses: noAddresses, groups: [] }])
    assert.equal(walk.result, undefined, 'a name without an address is not what was wanted')
    const found = peerOf(wanted)
    walk.answer(walk.peer(second ?? '').contact, [found])
    const result = walk.result as Walk['result']
    assert.deepEqual([result?.reason, result?.found], ['found', found])
  })

  it('when the wanted peer itself answers; that we had its address before is not an answer', () => {
    const wanted = peerOf('wanted')
    const walk = new Walk([...ranks(...range(0, 9)), wanted], { wanted: wanted.contact, target: wanted.contact })
    const [other] = walk.those('waiting').filter(id => id !== wanted.contact.id)
    walk.answer(walk.peer(other ?? '').contact, [])
    assert.equal(walk.result, undefined)
    walk.answer(wanted.contact, [])
    const result = walk.result as Walk['result']
    assert.deepEqual([result?.reason, result?.found], ['found', wanted])
  })

  it('without the wanted peer when nobody names it', () => {
    const walk = new Walk(ranks(0, 1), { wanted: contactOf('wanted') })
    answer(walk, 0)
    answer(walk, 1)
    assert.deepEqual([walk.result?.reason, walk.result?.found], ['converged', undefined])
  })
})

describe('the hops of a lookup', () => {
  /** Where each answer leads, and how far the lookup says that it walked. */
  function hops(k: number, ...answers: ReadonlyArray<readonly [rank: number, ...names: number[]]>): number | undefined {
    const walk = new Walk(ranks(80, 90), { k, beta: 1, alpha: 100 })
    for (const [rank, ...names] of answers) {
      answer(walk, rank, ...names)
    }
    return walk.result?.hops
  }

  it('are those to the farthest of the peers that it ends with, by who named each first', () => {
    assert.equal(hops(2, [80], [90]), 1)
    assert.equal(hops(1, [80, 40], [90], [40]), 2)
    assert.equal(hops(1, [80, 40], [40, 20], [90, 20], [20]), 3, 'the second to name it is nearer to our table')
    assert.equal(hops(1, [80, 20], [90, 40], [40, 20], [20]), 2)
    assert.equal(hops(1, [80, 40], [90], [40, 90, 80]), 2, 'those of our table stay there')
  })

  it('are not those to peers that others took the places of', () => {
    assert.equal(hops(1, [90, 60], [80, 10], [60, 50], [50, 40], [40], [10]), 2)
  })
})

describe('a candidate', () => {
  it('named without an address first is listed with the one that somebody else knows', () => {
    const bare = { ...(peers[20] as PeerInfo), addresses: noAddresses }
    const walk = new Walk([bare, ...ranks(...range(0, 10))])
    answer(walk, 0, 20)
    for (const rank of [...range(1, 10), 20]) {
      answer(walk, rank)
    }
    assert.deepEqual(walk.result?.closest.at(-1), peers[20])
  })

  it('keeps the address that was named first', () => {
    const other = { ...(peers[0] as PeerInfo), addresses: { count: 7 } }
    const walk = new Walk(ranks(0, 1))
    walk.answer((peers[1] as PeerInfo).contact, [other])
    answer(walk, 0)
    assert.deepEqual(walk.result?.closest[0], peers[0])
  })

  it(`is one of at most ${limits.frontier}`, () => {
    assert.equal(new Walk(ranks(...range(0, 100))).lookup.counts.total, limits.closerPeersRead)
  })
})
