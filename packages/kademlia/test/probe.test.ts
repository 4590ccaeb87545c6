/** Who leaves the table. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limits, Table } from '@vicinity/kademlia'
import type { PeerInfo } from '@vicinity/kademlia'
import { Probe } from '../src/upkeep/probe.ts'
import { contactOf, entryOf, ids, peersOf } from './support/contacts.ts'
import { drain, only } from './support/drain.ts'

const { probeAfter, probeRetryAfter, probeChecks, abandonAfter } = limits
const strangers = peersOf('stranger', 1) as [PeerInfo]

interface Setting {
  readonly probe: Probe
  readonly table: Table
  readonly peers: readonly PeerInfo[]
}

/** A table whose entries were heard one millisecond after the other, the last of them first in the table. */
function make(count: number): Setting {
  const table = new Table(contactOf('self'), 100)
  const probe = new Probe(table)
  const peers = peersOf('peer', count)
  for (const [i, peer] of [...peers.entries()].toReversed()) {
    table.add(entryOf(peer, i))
    probe.handle(i, { type: 'added', heard: i })
  }

  return { probe, table, peers }
}

/** Who is probed now, and who has left. */
function outputs(probe: Probe): { probed: string[]; removed: string[] } {
  const all = drain(probe)
  return { probed: ids(only(all, 'probe').map(({ peer }) => peer)), removed: ids(only(all, 'removed').map(({ peer }) => peer)) }
}

function answer({ probe, table }: Setting, peer: PeerInfo, now: number): void {
  probe.handle(now, { type: 'answered', contact: peer.contact })
  table.heard(peer.contact, now, 1)
}

/** A request fails; `answeredBy` answers another one meanwhile. */
function fail(setting: Setting, peer: PeerInfo, sent: number, now: number, answeredBy?: PeerInfo): void {
  if (answeredBy !== undefined) {
    answer(setting, answeredBy, sent)
  }
  setting.probe.handle(now, { type: 'failed', contact: peer.contact, sent })
}

describe('entries', () => {
  it(`silent for long are asked, the one silent for longest first, ${probeChecks} at once`, () => {
    const setting = make(20)
    const { probe, peers } = setting
    probe.handle(probeAfter - 1, { type: 'tick' })
    assert.deepEqual(outputs(probe).probed, [])
    const now = probeAfter + 19
    probe.handle(now, { type: 'tick' })
    assert.deepEqual(outputs(probe).probed, ids(peers.slice(0, probeChecks)))
    answer(setting, peers[3] as PeerInfo, now + 1)
    fail(setting, peers[0] as PeerInfo, now, now + 2)
    assert.deepEqual(outputs(probe).probed, ['peer8', 'peer9'])
  })

  it('heard meanwhile are not asked', () => {
    const setting = make(10)
    const { probe, peers } = setting
    answer(setting, peers[0] as PeerInfo, 500)
    probe.handle(probeAfter + 100, { type: 'tick' })
    assert.equal(outputs(probe).probed[0], 'peer1')
    answer(setting, peers[8] as PeerInfo, probeAfter + 101)
    answer(setting, peers[1] as PeerInfo, probeAfter + 101)
    assert.deepEqual(outputs(probe).probed, ['peer9'], 'peer8 was in the queue')
  })

  it('are looked through no more often than the pause, and the deadline is never late', () => {
    const { probe, peers, table } = make(2)
    assert.equal(probe.deadline, probeAfter)
    probe.handle(probeAfter, { type: 'tick' })
    assert.deepEqual(outputs(probe).probed, ['peer0'])
    assert.equal(probe.deadline, probeAfter + limits.probePause, 'peer1 was due a millisecond later')
    for (const { contact } of peers) {
      table.remove(contact)
    }
    probe.handle(probe.deadline, { type: 'tick' })
    assert.equal(probe.deadline, Infinity)
  })

  it('restored from long ago are due at once', () => {
    const { probe, table } = make(0)
    const [peer] = strangers
    table.add(entryOf(peer, -1e9))
    probe.handle(7, { type: 'added', heard: -1e9 })
    assert.equal(probe.deadline, 7)
    probe.handle(7, { type: 'tick' })
    assert.deepEqual(outputs(probe).probed, [peer.contact.id])
  })
})

describe('failures', () => {
  it('evict when two follow each other, of any query', () => {
    const setting = make(3)
    const [peer, other] = setting.peers as [PeerInfo, PeerInfo]
    fail(setting, peer, 1_000, 2_000, other)
    assert.deepEqual(outputs(setting.probe).removed, [])
    fail(setting, peer, 3_000, 4_000, other)
    assert.deepEqual(outputs(setting.probe).removed, ['peer0'])
    assert.equal(setting.table.has(peer.contact), false)
  })

  it('are forgiven by an answer', () => {
    const setting = make(3)
    const [peer, other] = setting.peers as [PeerInfo, PeerInfo]
    for (let now = 0; now < 100_000; now += 20_000) {
      fail(setting, peer, now, now + 10, other)
      answer(setting, peer, now + 20)
    }
    assert(setting.table.has(peer.contact))
  })

  it('count for nothing while nobody at all answers, however many and however long', () => {
    const setting = make(10)
    for (let now = probeAfter; now < probeAfter + 3_600_000; now += 20_000) {
      for (const peer of setting.peers) {
        fail(setting, peer, now, now + 5)
        fail(setting, peer, now, now + abandonAfter)
      }
    }
    answer(setting, strangers[0], probeAfter + 3_700_000)
    assert.deepEqual(outputs(setting.probe).removed, [])
    assert.equal(setting.table.size, 10)
    assert.equal(setting.table.entry((setting.peers[0] as PeerInfo).contact)?.failures, 0)
  })

  it('that come before anybody can answer count when somebody does', () => {
    const setting = make(3)
    const { probe } = setting
    const [dead, alive] = setting.peers as [PeerInfo, PeerInfo]
    fail(setting, dead, 1_000, 1_001)
    answer(setting, alive, 1_050)
    assert.equal(setting.table.entry(dead.contact)?.failures, 1)
    fail(setting, dead, 2_000, 2_001)
    answer(setting, alive, 2_000 + abandonAfter)
    assert.deepEqual(outputs(probe).removed, ['peer0'])
  })

  it('do not when the answer comes too late, is their own, or finds them forgotten', () => {
    const setting = make(3)
    const { probe, table } = setting
    const [late, own, gone] = setting.peers as [PeerInfo, PeerInfo, PeerInfo]
    for (const now of [0, 50_000]) {
      fail(setting, late, now, now + 1)
      answer(setting, strangers[0], now + abandonAfter + 1)
      fail(setting, own, now + 20_000, now + 20_001)
      answer(setting, own, now + 20_002)
    }
    fail(setting, gone, 90_000, 90_001)
    probe.handle(90_002, { type: 'gone', contact: gone.contact })
    answer(setting, strangers[0], 90_003)
    assert.deepEqual(
      [late, own].map(({ contact }) => table.entry(contact)?.failures),
      [0, 0]
    )
    assert.deepEqual(outputs(probe).removed, ['peer2'])
    assert.equal(probe.sizes.unconfirmed, 0)
  })

  it('count once for all that failed before an answer came', () => {
    const setting = make(2)
    const [dead, alive] = setting.peers as [PeerInfo, PeerInfo]
    fail(setting, dead, 1_000, 1_001)
    fail(setting, dead, 1_010, 1_011)
    answer(setting, alive, 1_050)
    assert.equal(setting.table.entry(dead.contact)?.failures, 1)
  })

  it('count once for all that were in flight when the first was counted', () => {
    const setting = make(2)
    const [gone, alive] = setting.peers as [PeerInfo, PeerInfo]
    answer(setting, alive, 1_000)
    for (const [sent, failed] of [
      [800, 1_010],
      [900, 1_020],
      [1_010, 1_030]
    ] as const) {
      fail(setting, gone, sent, failed, alive)
      assert.equal(setting.table.entry(gone.contact)?.failures, 1, `sent at ${sent}`)
    }
    fail(setting, gone, 1_031, 1_040, alive)
    assert.deepEqual(outputs(setting.probe).removed, ['peer0'])
    assert.equal(setting.probe.sizes.failing, 0)
  })

  it('count anew after an answer, even those that were in flight', () => {
    const setting = make(2)
    const [slow, other] = setting.peers as [PeerInfo, PeerInfo]
    fail(setting, slow, 1_000, 2_000, other)
    answer(setting, slow, 2_500)
    fail(setting, slow, 1_900, 3_000)
    assert.equal(setting.table.entry(slow.contact)?.failures, 1)
    fail(setting, slow, 3_001, 4_000, other)
    assert.deepEqual(outputs(setting.probe).removed, ['peer0'])
  })

  it('of our own making count against nobody', () => {
    const setting = make(2)
    const [peer, other] = setting.peers as [PeerInfo, PeerInfo]
    for (let i = 0; i < 5; i++) {
      fail(setting, peer, Infinity, i * 1_000)
      answer(setting, other, i * 1_000 + 1)
    }
    assert.equal(setting.table.entry(peer.contact)?.failures, 0)
  })

  it('of strangers are not kept', () => {
    const setting = make(1)
    fail(setting, strangers[0], 1, 2)
    assert.equal(setting.probe.sizes.unconfirmed, 0)
  })
})

describe('an entry that was probed in vain', () => {
  it('is probed again after a while, with a witness that somebody could answer', () => {
    const setting = make(3)
    const { probe, peers } = setting
    const [dead, one, two] = peers as [PeerInfo, PeerInfo, PeerInfo]
    const first = probeAfter + 2
    probe.handle(first, { type: 'tick' })
    assert.deepEqual(outputs(probe).probed, ids(peers))
    answer(setting, two, first + 1)
    answer(setting, one, first + 2)
    fail(setting, dead, first, first + abandonAfter)

    const second = first + probeRetryAfter
    for (let now = probe.deadline; now < second; now = probe.deadline) {
      probe.handle(now, { type: 'tick' })
      assert.deepEqual(outputs(probe).probed, [], `at ${now}`)
    }
    probe.handle(second, { type: 'tick' })
    assert.deepEqual(outputs(probe).probed, ids([dead, one]), 'the one heard last')
    answer(setting, one, second + 1)
    fail(setting, dead, second, second + abandonAfter)
    assert.deepEqual(outputs(probe), { probed: [], removed: ['peer0'] })
  })

  it('leaves at once when it says that it does not serve', () => {
    const { probe, table, peers } = make(2)
    probe.handle(5, { type: 'gone', contact: (peers[1] as PeerInfo).contact })
    assert.deepEqual(outputs(probe).removed, ['peer1'])
    assert.equal(table.size, 1)
    probe.handle(5, { type: 'gone', contact: strangers[0].contact })
    assert.deepEqual(outputs(probe).removed, [])
  })
})
