/** The candidates of a lookup against a list that is sorted whenever somebody asks, and what becomes of the rows of those dropped. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limits, Rng } from '@vicinity/kademlia'
import type { PeerInfo } from '@vicinity/kademlia'
import { Candidates } from '../src/lookup/candidates.ts'
import { contactAt, ids, keyNear, nearest, peerOf, randomKey } from './support/contacts.ts'

const rng = new Rng('candidates')
const target = randomKey(rng)

/** Peers that share so many leading bits with the target; from 32 on, their heads say nothing of who is nearer. */
function peersAt(bits: number, count: number): PeerInfo[] {
  return Array.from({ length: count }, () => peerOf(contactAt(keyNear(target, bits, rng))))
}

function insert(candidates: Candidates, peer: PeerInfo, hops = 1): boolean {
  const row = candidates.find(peer.contact)
  assert(row < 0, 'it is none yet')
  return candidates.insert(-1 - row, peer, hops)
}

function peersOf(candidates: Candidates): PeerInfo[] {
  return candidates.nearest.map(row => candidates.peers[row] as PeerInfo)
}

describe('candidates', () => {
  it('stand nearest first, and are found, each with what is its own', () => {
    const candidates = new Candidates(target)
    const places = [0, 20, 33, 200].flatMap(bits => peersAt(bits, 40)).map(peer => ({ peer, place: rng.uint32() }))
    const peers = places.sort((a, b) => a.place - b.place).map(({ peer }) => peer)
    for (const [i, peer] of peers.entries()) {
      assert(insert(candidates, peer, i))
    }
    assert.deepEqual(ids(peersOf(candidates)), ids(nearest(peers, target, peers.length)))
    for (const [i, peer] of peers.entries()) {
      const row = candidates.find(peer.contact)
      assert.deepEqual([candidates.peers[row], candidates.hops[row], candidates.phases[row]], [peer, i, 'heard'])
    }
    const [stranger] = peersAt(10, 1) as [PeerInfo]
    const rank = nearest([...peers, stranger], target, peers.length + 1).indexOf(stranger)
    assert.equal(candidates.find(stranger.contact), -1 - rank)
  })

  it('drop the farthest that nobody has asked for one that is nearer, and nothing of it stays', () => {
    const candidates = new Candidates(target)
    const peers = nearest(peersAt(8, limits.frontier), target, limits.frontier)
    for (const peer of peers) {
      insert(candidates, peer, 2)
    }
    const [asked, dropped] = [peers.at(-1), peers.at(-2)] as [PeerInfo, PeerInfo]
    candidates.phases[candidates.find(asked.contact)] = 'failed'
    candidates.noteElsewhere(candidates.find(asked.contact), { retried: true })
    candidates.noteElsewhere(candidates.find(dropped.contact), { peer: dropped })
    candidates.noteElsewhere(candidates.find(dropped.contact), { retried: true })
    assert.deepEqual(candidates.elsewhere(candidates.find(dropped.contact)), { peer: dropped, retried: true })

    const [near] = peersAt(60, 1) as [PeerInfo]
    assert(insert(candidates, near, 3))
    assert.deepEqual(ids(peersOf(candidates)), ids([near, ...peers.slice(0, -2), asked]))
    const row = candidates.find(near.contact)
    assert.deepEqual([candidates.hops[row], candidates.phases[row]], [3, 'heard'])
    assert.deepEqual(candidates.elsewhere(row), { peer: undefined, retried: false })
    assert.equal(candidates.elsewhere(candidates.find(asked.contact)).retried, true)
    assert.equal(candidates.peers.length, limits.frontier)
  })

  it('take in nobody who is farther than all that can be spared', () => {
    const candidates = new Candidates(target)
    for (const peer of peersAt(8, limits.frontier)) {
      insert(candidates, peer)
    }
    const [far] = peersAt(0, 1) as [PeerInfo]
    assert.equal(insert(candidates, far), false)
    assert.deepEqual([candidates.nearest.length, candidates.find(far.contact)], [limits.frontier, -1 - limits.frontier])
  })
})
