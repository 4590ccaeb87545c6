/** The engine as a whole: its contract with whoever drives it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defaultConfig, hour, Kademlia, limits, minute, Rng, second } from '@vicinity/kademlia'
import type { KademliaConfig, KademliaInput, KademliaOutput, PeerInfo, Rpc, SavedEntry } from '@vicinity/kademlia'
import * as fc from 'fast-check'
import { contactOf, ids, peerOf, peersIn, peersOf, targetOf } from './support/contacts.ts'
import { only } from './support/drain.ts'
import { machineKnowing, machineOf, saved, tell, wallAtZero } from './support/machine.ts'

const self = peerOf('self')
const target = targetOf('target')

function nodeOf(peers: readonly PeerInfo[], config: Partial<KademliaConfig> = {}): Kademlia {
  return machineKnowing(self, peers, config)
}

function sends(outputs: readonly KademliaOutput[]): Rpc[] {
  return only(outputs, 'send').map(({ rpc }) => rpc)
}

function start(machine: Kademlia, op = 1): KademliaOutput[] {
  return tell(machine, { type: 'start', op, operation: { type: 'closest', target } })
}

describe('an operation', () => {
  it('tells what it does, and how it ended', () => {
    const [peer] = peersOf('peer', 1) as [PeerInfo]
    const machine = nodeOf([peer])
    const [send, asked] = start(machine)
    assert(send?.type === 'send')
    assert.deepEqual(send, { type: 'send', rpc: send.rpc, op: 1, to: peer, message: { type: 'FIND_NODE', target } })
    const path = { queued: 0, running: 1, total: 1 }
    assert.deepEqual(asked, { type: 'progress', op: 1, event: { type: 'asked', peer, path } })

    const closer = [peer]
    const outputs = tell(machine, { type: 'response', rpc: send.rpc, message: { type: 'FIND_NODE', closer } }, 5)
    const result = { reason: 'converged', closest: [peer], found: undefined, requests: 1, answers: 1, hops: 1 }
    assert.deepEqual(outputs, [
      { type: 'progress', op: 1, event: { type: 'answered', peer, closer, path: { queued: 0, running: 0, total: 1 } } },
      { type: 'finished', op: 1, outcome: { type: 'lookup', result } }
    ])
  })

  it('tells who is late, and who failed how', () => {
    const machine = nodeOf(peersOf('peer', 3))
    const [quick, slow, good] = sends(start(machine))
    assert(quick !== undefined && slow !== undefined && good !== undefined)
    tell(machine, { type: 'response', rpc: good, message: { type: 'FIND_NODE', closer: [] } })
    const failed = only(tell(machine, { type: 'failure', rpc: quick, reason: 'reset' }), 'progress')
    assert(failed[0]?.event.type === 'failed' && failed[0].event.reason === 'reset')
    const outputs = tell(machine, { type: 'tick' }, limits.openTimeout)
    const [late] = only(outputs, 'progress')
    assert(late?.event.type === 'late' && late.event.path.running === 0)
    assert.equal(only(outputs, 'finished').length, 1, 'it does not wait for those who are late')
    assert.deepEqual(only(tell(machine, { type: 'tick' }, limits.abandonAfter), 'abandon')[0], { type: 'abandon', rpc: slow })
  })

  it('has one outcome when it is cancelled, and its requests are abandoned', () => {
    const machine = nodeOf(peersOf('peer', 20))
    const rpcs = sends(start(machine))
    assert.equal(rpcs.length, limits.alpha)
    const outputs = tell(machine, { type: 'cancel', op: 1 })
    assert.deepEqual(
      only(outputs, 'abandon').map(({ rpc }) => rpc),
      rpcs
    )
    const [finished] = only(outputs, 'finished')
    assert(finished?.outcome.type === 'lookup' && finished.outcome.result.reason === 'cancelled')
    assert.deepEqual(tell(machine, { type: 'cancel', op: 1 }), [])
    assert.deepEqual(tell(machine, { type: 'failure', rpc: rpcs[0] ?? 0, reason: 'dial' }), [])
    assert.deepEqual([machine.sizes['requests'], machine.sizes['lookups']], [0, 0])
  })

  it('findPeer ends when the peer is named with an address', () => {
    const machine = nodeOf(peersOf('peer', 20))
    const wanted = peerOf('wanted')
    const [rpc] = sends(tell(machine, { type: 'start', op: 4, operation: { type: 'findPeer', contact: wanted.contact } }))
    const outputs = tell(machine, { type: 'response', rpc: rpc ?? 0, message: { type: 'FIND_NODE', closer: [wanted] } })
    const [finished] = only(outputs, 'finished')
    assert(finished?.outcome.type === 'lookup')
    assert.deepEqual([finished.outcome.result.reason, finished.outcome.result.found], ['found', wanted])
  })

  it('ends by its own timeout, or by that of the configuration', () => {
    const machine = nodeOf([], { queryTimeout: 900 })
    const operation = { type: 'closest', target, awaitPeers: true } as const
    tell(machine, { type: 'start', op: 1, operation: { ...operation, timeout: 500 } })
    tell(machine, { type: 'start', op: 2, operation })
    assert.equal(machine.deadline, 500)
    assert.deepEqual(
      only(tell(machine, { type: 'tick' }, 500), 'finished').map(({ op }) => op),
      [1]
    )
    assert.equal(machine.deadline, 900)
    assert.deepEqual(
      only(tell(machine, { type: 'tick' }, 900), 'finished').map(({ op }) => op),
      [2]
    )
  })

  it(`is refused beyond ${limits.operations}, lookups and those that wait for an upkeep alike`, () => {
    for (const type of ['closest', 'bootstrap', 'refresh'] as const) {
      const machine = nodeOf(peersOf('peer', 1))
      const operation = { type, target, awaitPeers: true }
      const refused: unknown[] = []
      for (let op = 1; op <= limits.operations + 2; op++) {
        refused.push(...only(tell(machine, { type: 'start', op, operation }), 'finished').map(({ outcome }) => outcome))
      }
      assert(refused.length > 0 && refused.length <= 4, `${refused.length} of ${type}`)
      assert.deepEqual(refused.at(-1), { type: 'refused', reason: 'full' })
    }
  })

  it('bootstrap and refresh join what runs, and end with it', () => {
    const machine = nodeOf(peersOf('peer', 1))
    const first = tell(machine, { type: 'start', op: 1, operation: { type: 'bootstrap' } })
    assert.deepEqual(
      only(first, 'upkeep').map(({ kind, phase }) => [kind, phase]),
      [['bootstrap', 'began']]
    )
    assert.deepEqual(sends(tell(machine, { type: 'start', op: 2, operation: { type: 'bootstrap' } })), [])
    const [rpc] = sends(first)
    const looked = tell(machine, { type: 'response', rpc: rpc ?? 0, message: { type: 'FIND_NODE', closer: [] } }, 3)
    const wanted = only(looked, 'target')
    assert(wanted.length > 0)
    assert.deepEqual(tell(machine, { type: 'start', op: 3, operation: { type: 'refresh' } }), [])

    const pending = wanted.map(({ io }) => io)
    const ended: unknown[] = []
    for (let io = pending.shift(); io !== undefined; io = pending.shift()) {
      const begun = tell(machine, { type: 'targeted', io, target }, 4)
      assert.deepEqual(tell(machine, { type: 'targeted', io, target }, 4), [], 'once')
      for (const request of sends(begun)) {
        const outputs = tell(machine, { type: 'response', rpc: request, message: { type: 'FIND_NODE', closer: [] } }, 5)
        pending.push(...only(outputs, 'target').map(preimage => preimage.io))
        ended.push(...only(outputs, 'finished').map(({ op, outcome }) => [op, outcome]))
      }
    }
    assert.deepEqual(ended, [
      [3, { type: 'upkeep', kind: 'refresh', contacts: 1 }],
      [1, { type: 'upkeep', kind: 'bootstrap', contacts: 1 }],
      [2, { type: 'upkeep', kind: 'bootstrap', contacts: 1 }]
    ])
  })

  it('that waits for an upkeep can be cancelled without it', () => {
    const machine = nodeOf(peersOf('peer', 1))
    tell(machine, { type: 'start', op: 1, operation: { type: 'bootstrap' } })
    const cancelled = tell(machine, { type: 'cancel', op: 1 })
    assert.deepEqual(cancelled, [{ type: 'finished', op: 1, outcome: { type: 'refused', reason: 'cancelled' } }])
    assert.equal(machine.sizes['ownLookups'], 1)
  })
})

describe('an answer', () => {
  it('that is not one to FIND_NODE is a failure of the peer', () => {
    const machine = nodeOf(peersOf('peer', 1))
    const [rpc] = sends(start(machine))
    const outputs = tell(machine, { type: 'response', rpc: rpc ?? 0, message: { type: 'PING' } })
    const [progress] = only(outputs, 'progress')
    assert(progress?.event.type === 'failed' && progress.event.reason === 'malformed')
  })

  it('has whoever gave it entered in the table, with the addresses that it gives itself', () => {
    const machine = nodeOf(peersOf('peer', 1))
    const named = peerOf('named')
    const itself = { ...named, addresses: { count: 3 } }
    const [rpc] = sends(start(machine))
    const outputs = tell(machine, { type: 'response', rpc: rpc ?? 0, message: { type: 'FIND_NODE', closer: [named] } }, 1)
    assert.equal(machine.table.has(named.contact), false, 'not for being named')
    tell(machine, { type: 'peer', peer: itself, state: 'connected' }, 2)
    const [next] = sends(outputs)
    const added = tell(machine, { type: 'response', rpc: next ?? 0, message: { type: 'FIND_NODE', closer: [] } }, 3)
    assert.deepEqual(only(added, 'table'), [{ type: 'table', change: 'added', peer: itself }])
  })

  it('is read without the crowds of one address group on the public network alone', () => {
    const crowd = Array.from({ length: limits.groupPerReply + 1 }, (_, i) => peerOf(`crowd${i}`, [7]))
    const others = [...Array.from({ length: limits.groupPerReply }, (_, i) => peerOf(`few${i}`, [8, 8])), peerOf('none')]
    for (const limitGroups of [true, false]) {
      const machine = nodeOf(peersOf('peer', 1), { limitGroups })
      const [rpc] = sends(start(machine))
      const closer = [...crowd, ...others]
      const outputs = tell(machine, { type: 'response', rpc: rpc ?? 0, message: { type: 'FIND_NODE', closer } }, 1)
      const asked = ids(only(outputs, 'send').map(({ to }) => to)).sort()
      assert.deepEqual(asked, ids(limitGroups ? others : closer).sort())
    }
  })

  it('that comes quickly shortens the time that later ones are given', () => {
    const machine = nodeOf(peersOf('peer', 2))
    const [quick, slow] = sends(start(machine))
    for (const rpc of [quick ?? 0, slow ?? 0]) {
      tell(machine, { type: 'opened', rpc }, 1)
    }
    tell(machine, { type: 'response', rpc: quick ?? 0, message: { type: 'FIND_NODE', closer: [] } }, 21)
    const [rpc] = sends(tell(machine, { type: 'start', op: 2, operation: { type: 'closest', target } }, 30))
    tell(machine, { type: 'opened', rpc: rpc ?? 0 }, 40)
    const late = only(tell(machine, { type: 'tick' }, 40 + limits.requestTimeoutMin), 'progress')
    assert.deepEqual(
      late.map(({ op, event }) => [op, event.type]),
      [[2, 'late']]
    )
  })

  it('after its lookup has ended still tells that the peer lives', () => {
    const machine = nodeOf(peersOf('peer', 2))
    const [quick, rpc] = sends(start(machine))
    tell(machine, { type: 'response', rpc: quick ?? 0, message: { type: 'FIND_NODE', closer: [] } })
    assert.equal(only(tell(machine, { type: 'tick' }, limits.openTimeout), 'finished').length, 1)
    tell(machine, { type: 'response', rpc: rpc ?? 0, message: { type: 'FIND_NODE', closer: [] } }, 7_000)
    assert(machine.entries().some(({ heard, roundTrip }) => heard === wallAtZero + 7_000 && roundTrip === 7_000))
  })

  it('is waited for when everybody is late', () => {
    const machine = nodeOf(peersOf('peer', 2))
    const [one, other] = sends(start(machine))
    assert.equal(only(tell(machine, { type: 'tick' }, limits.openTimeout), 'finished').length, 0)
    tell(machine, { type: 'failure', rpc: one ?? 0, reason: 'reset' }, 6_000)
    const outputs = tell(machine, { type: 'response', rpc: other ?? 0, message: { type: 'FIND_NODE', closer: [] } }, 7_000)
    const [finished] = only(outputs, 'finished')
    assert(finished?.outcome.type === 'lookup' && finished.outcome.result.closest.length === 1)
  })
})

describe('peers', () => {
  const peer = peerOf('peer')

  it('that serve are checked and taken in; that they disconnect evicts nobody', () => {
    const machine = nodeOf([])
    assert.deepEqual(tell(machine, { type: 'peer', peer, state: 'connected' }), [])
    const [check] = only(tell(machine, { type: 'peer', peer, state: 'serving' }), 'send')
    assert.deepEqual([check?.op, check?.to, check?.message], [undefined, peer, { type: 'FIND_NODE', target: self.contact }])
    tell(machine, { type: 'response', rpc: check?.rpc ?? 0, message: { type: 'FIND_NODE', closer: peersOf('named', 5) } }, 1)
    assert.equal(machine.size, 1, 'and those whom it names are no candidates')
    tell(machine, { type: 'peer', peer, state: 'disconnected' }, 2)
    assert.equal(machine.size, 1)
    assert.equal(machine.sizes['peers'], 0)
  })

  it('that say that they do not serve, or turn out not to, leave', () => {
    const machine = nodeOf(peersOf('peer', 3))
    const outputs = tell(machine, { type: 'peer', peer: peerOf('peer0'), state: 'not-serving' })
    assert.deepEqual(
      only(outputs, 'table').map(said => [said.change, said.peer.contact.id]),
      [['removed', 'peer0']]
    )
    const [send] = only(start(machine), 'send')
    tell(machine, { type: 'failure', rpc: send?.rpc ?? 0, reason: 'unsupported' })
    assert.equal(machine.table.has(send?.to.contact ?? self.contact), false)
    assert.equal(machine.size, 1)
  })

  it('are not blamed for a failure of our own making', () => {
    const machine = nodeOf(peersOf('peer', 2))
    for (let op = 1; op <= 4; op++) {
      const [first, other] = only(start(machine, op), 'send')
      assert(first !== undefined && other !== undefined)
      tell(machine, { type: 'failure', rpc: first.rpc, reason: 'local' })
      tell(machine, { type: 'response', rpc: other.rpc, message: { type: 'FIND_NODE', closer: [] } })
    }
    assert.equal(machine.size, 2)
  })

  it('are dialled and named at their new addresses', () => {
    const machine = nodeOf([peer])
    const moved = { ...peer, addresses: { count: 2 } }
    tell(machine, { type: 'peer', peer: moved, state: 'readdressed' })
    assert.equal(machine.table.get(peer.contact), moved)
    tell(machine, { type: 'peer', peer: { ...peer, addresses: { count: 0 } }, state: 'readdressed' })
    assert.equal(machine.table.get(peer.contact), moved, 'nothing is no news')
    assert.equal(machine.sizes['peers'], 0, 'it is not connected')
  })

  it(`are kept track of up to ${limits.connectedPeers} connections`, () => {
    const machine = nodeOf([])
    for (const one of peersOf('many', limits.connectedPeers + 1)) {
      tell(machine, { type: 'peer', peer: one, state: 'connected' })
    }
    assert.equal(machine.sizes['peers'], limits.connectedPeers)
  })

  it('leave before those come who take their places, where one answer brings about both', () => {
    const [leaving, other, comer] = peersIn(self.contact, 0, 3) as [PeerInfo, PeerInfo, PeerInfo]
    const [witness] = peersIn(self.contact, 1, 1) as [PeerInfo]
    const machine = nodeOf([leaving, other, witness], { k: 2, beta: 1 })
    const ask = (op: number, now: number): Map<string, Rpc> => {
      const outputs = tell(machine, { type: 'start', op, operation: { type: 'closest', target: comer.contact } }, now)
      return new Map(only(outputs, 'send').map(({ rpc, to }) => [to.contact.id, rpc]))
    }
    const end = (rpc: Rpc | undefined, closer: readonly PeerInfo[] | undefined, now: number): KademliaOutput[] => {
      assert(rpc !== undefined)
      const message = { type: 'FIND_NODE', closer: closer ?? [] } as const
      return tell(machine, closer ? { type: 'response', rpc, message } : { type: 'failure', rpc, reason: 'reset' }, now)
    }

    const first = ask(1, 0)
    const [toComer] = sends(end(first.get(witness.contact.id), [comer], 1))
    end(first.get(leaving.contact.id), undefined, 2)
    // nobody has answered since this one was sent, so that it does not count yet
    end(ask(2, 3).get(leaving.contact.id), undefined, 4)
    const changes = only(end(toComer, [], 5), 'table').map(said => [said.change, said.peer.contact.id])
    assert.deepEqual(changes, [
      ['removed', leaving.contact.id],
      ['added', comer.contact.id]
    ])
  })

  it('stay though nobody is where they are not any more, or where others say that they are', () => {
    const [mover, witness] = peersIn(self.contact, 0, 2) as [PeerInfo, PeerInfo]
    const staysAfter = (reason: 'dial' | 'reset', moves: boolean): boolean => {
      const machine = nodeOf([mover, witness], { k: 2, beta: 1 })
      for (const now of [1, 11, 21]) {
        const requests = only(tell(machine, { type: 'start', op: now, operation: { type: 'closest', target } }, now), 'send')
        const to = (other: PeerInfo): Rpc | undefined => requests.find(send => send.to.contact === other.contact)?.rpc
        if (moves) {
          tell(machine, { type: 'peer', peer: { ...mover, addresses: { count: 1 } }, state: 'readdressed' }, now)
        }
        tell(machine, { type: 'response', rpc: to(witness) ?? 0, message: { type: 'FIND_NODE', closer: [] } }, now + 1)
        tell(machine, { type: 'failure', rpc: to(mover) ?? 0, reason }, now + 2)
      }
      return machine.table.has(mover.contact)
    }
    assert.deepEqual([staysAfter('dial', true), staysAfter('dial', false)], [true, false])
    assert.equal(staysAfter('reset', true), false, 'it was there')
  })

  it('that are connected and serve take the places of those that leave', () => {
    const [leaving, waiting] = peersIn(self.contact, 0, 2) as [PeerInfo, PeerInfo]
    const machine = nodeOf([leaving], { k: 1, beta: 1 })
    assert.deepEqual(tell(machine, { type: 'peer', peer: waiting, state: 'serving' }), [], 'there is no room')
    const [removed, check] = tell(machine, { type: 'peer', peer: leaving, state: 'not-serving' })
    assert.deepEqual(removed, { type: 'table', change: 'removed', peer: leaving })
    assert(check?.type === 'send' && check.to === waiting)
  })
})

describe('a saved table', () => {
  it('is believed for a day and checked after that', () => {
    const machine = machineOf(self)
    tell(machine, { type: 'clock', wallAtZero })
    const day = (peer: string, ago: number): SavedEntry => ({ peer: peerOf(peer), heard: wallAtZero + 500 - ago, roundTrip: 33 })
    const entries = [day('fresh', 24 * hour), day('old', 24 * hour + 1), day('future', -3 * 24 * hour), day('self', 0)]
    const outputs = tell(machine, { type: 'restore', entries }, 500)
    assert.deepEqual(ids(only(outputs, 'table').map(({ peer }) => peer)), ['fresh', 'future'])
    assert(
      ids(
        only(outputs, 'send')
          .filter(({ op, message }) => op === undefined && message.type === 'FIND_NODE')
          .map(({ to }) => to)
      ).includes('old')
    )
    const restored = machine.entries().map(({ peer, heard, roundTrip }) => [peer.contact.id, heard - wallAtZero, roundTrip])
    const expected = [
      ['fresh', 500 - 24 * hour, 33],
      ['future', 500, 33]
    ]
    assert.deepEqual(new Set(restored), new Set(expected))
  })

  it('survives a restart with another monotonic zero, and a jump of the clock', () => {
    const first = nodeOf(peersOf('peer', 3))
    const [rpc] = sends(start(first))
    tell(first, { type: 'response', rpc: rpc ?? 0, message: { type: 'FIND_NODE', closer: [] } }, 9_000)
    const again = machineOf(self)
    tell(again, { type: 'clock', wallAtZero: wallAtZero + 4 * hour })
    tell(again, { type: 'restore', entries: first.entries() })
    const byId = (a: SavedEntry, b: SavedEntry): number => (a.peer.contact.id < b.peer.contact.id ? -1 : 1)
    assert.deepEqual(again.entries().sort(byId), first.entries().sort(byId))

    tell(again, { type: 'clock', wallAtZero: wallAtZero + 76 * hour }, 1)
    assert.equal(again.size, 3)
  })

  it(`is read up to ${limits.restoredEntries} entries`, () => {
    const machine = machineOf(self)
    tell(machine, { type: 'clock', wallAtZero })
    const old = peersOf('peer', limits.restoredEntries + 9).map(peer => ({ peer, heard: wallAtZero - 48 * hour, roundTrip: 1 }))
    tell(machine, { type: 'restore', entries: old })
    assert.equal((machine.sizes['queue'] ?? 0) + (machine.sizes['checking'] ?? 0), limits.restoredEntries)
  })

  it('is probed in its turn, the one silent for longest first', () => {
    const machine = machineOf(self)
    tell(machine, { type: 'clock', wallAtZero })
    const entries = peersOf('peer', 30).map((peer, i) => ({ peer, heard: wallAtZero - 12 * hour - i * minute, roundTrip: 1 }))
    tell(machine, { type: 'restore', entries })
    assert.equal(machine.deadline, 0, 'at once')
    const probes = only(tell(machine, { type: 'tick' }), 'send')
    const oldest = machine
      .entries()
      .sort((a, b) => a.heard - b.heard)
      .slice(0, limits.probeChecks)
    assert.deepEqual(ids(probes.map(({ to }) => to)), ids(oldest.map(({ peer }) => peer)))
  })
})

describe('stop', () => {
  it('ends all that runs, says so once, and is quiet from then on', () => {
    const machine = machineOf(self, { mode: 'server' })
    tell(machine, { type: 'clock', wallAtZero })
    const entries = [...saved(peersOf('fresh', 20)), ...saved(peersOf('old', 40), wallAtZero - 25 * hour)]
    const begun = tell(machine, { type: 'restore', entries })
    const open = new Set(sends(begun))
    for (const [op, type] of (['closest', 'closest', 'bootstrap', 'refresh'] as const).entries()) {
      for (const rpc of sends(tell(machine, { type: 'start', op: op + 1, operation: { type, target, awaitPeers: true } }))) {
        open.add(rpc)
      }
    }
    tell(machine, { type: 'peer', peer: peerOf('connected'), state: 'connected' })
    const outputs = tell(machine, { type: 'stop' })
    assert.deepEqual(new Set(only(outputs, 'abandon').map(({ rpc }) => rpc)), open)
    assert.deepEqual(new Set(only(outputs, 'finished').map(({ op }) => op)), new Set([1, 2, 3, 4]))
    assert.deepEqual(
      Object.entries(machine.sizes).filter(([, size]) => size > 0),
      []
    )
    assert.deepEqual([machine.stopped, machine.deadline], [true, Infinity])

    for (const input of [
      { type: 'tick' },
      { type: 'stop' },
      { type: 'peer', peer: peerOf('late'), state: 'serving' },
      { type: 'response', rpc: 1, message: { type: 'FIND_NODE', closer: [] } }
    ] as const) {
      assert.deepEqual(tell(machine, input, 1e9), [])
    }
    const refused = { type: 'finished', op: 9, outcome: { type: 'refused', reason: 'stopped' } }
    assert.deepEqual(tell(machine, { type: 'start', op: 9, operation: { type: 'bootstrap' } }), [refused])
  })
})

describe('a configuration', () => {
  const wrong: Array<[Partial<KademliaConfig>, RegExp]> = [
    [{ k: 0 }, /\bk\b.* 0$/],
    [{ k: 2.5 }, /\bk\b.* 2\.5$/],
    [{ alpha: 0 }, /alpha/],
    [{ beta: 21 }, /beta.*1 to 20/],
    [{ queryTimeout: 0 }, /queryTimeout/],
    [{ refreshInterval: Number.NaN }, /refreshInterval/],
    [{ bootstrapInterval: -1 }, /bootstrapInterval/]
  ]
  for (const [config, message] of wrong) {
    it(`with ${Object.entries(config).join()} is refused by name`, () => {
      assert.throws(
        () => machineOf(self, config),
        (error: unknown) => error instanceof RangeError && message.test(error.message)
      )
    })
  }

  it('is the defaults where it says nothing', () => {
    assert.equal(machineOf(self).mode, defaultConfig.mode)
  })
})

const anyPeer = fc.nat(30).map(i => peerOf(i === 30 ? 'self' : `peer${i}`))
const inputs: fc.Arbitrary<KademliaInput> = fc.oneof(
  fc.constant({ type: 'tick' as const }),
  fc.record({ type: fc.constant('clock' as const), wallAtZero: fc.nat() }),
  fc.record({ type: fc.constant('mode' as const), mode: fc.constantFrom('client' as const, 'server' as const) }),
  fc.record({
    type: fc.constant('peer' as const),
    peer: anyPeer,
    state: fc.constantFrom(
      'connected' as const,
      'serving' as const,
      'not-serving' as const,
      'disconnected' as const,
      'readdressed' as const
    )
  }),
  fc.record({ type: fc.constant('opened' as const), rpc: fc.nat(60) }),
  fc.record({
    type: fc.constant('response' as const),
    rpc: fc.nat(60),
    message: fc.record({ type: fc.constant('FIND_NODE' as const), closer: fc.array(anyPeer, { maxLength: 45 }) })
  }),
  fc.record({
    type: fc.constant('failure' as const),
    rpc: fc.nat(60),
    reason: fc.constantFrom('dial' as const, 'unsupported' as const, 'reset' as const, 'malformed' as const, 'local' as const)
  }),
  fc.record({ type: fc.constant('targeted' as const), io: fc.nat(10), target: anyPeer.map(({ contact }) => contact) }),
  fc.record({ type: fc.constant('cancel' as const), op: fc.nat(60) }),
  fc.record({
    type: fc.constant('request' as const),
    call: fc.nat(),
    from: anyPeer.map(({ contact }) => contact),
    message: fc.record({ type: fc.constant('FIND_NODE' as const), target: anyPeer.map(({ contact }) => contact) })
  })
)
const starts = fc.constantFrom('closest' as const, 'findPeer' as const, 'bootstrap' as const, 'refresh' as const)
const steps = fc.array(fc.record({ wait: fc.nat(6 * second), input: fc.option(inputs), start: starts }), {
  minLength: 10,
  maxLength: 120
})

describe('whatever it is told, in whatever order', () => {
  it('every send ends once, every start has one outcome, and stopping leaves nothing', () => {
    fc.assert(
      fc.property(steps, given => {
        const machine = new Kademlia(self.contact, { refreshInterval: minute, bootstrapInterval: minute }, new Rng('any'))
        const open = new Set<Rpc>()
        const running = new Set<number>()
        let now = 0
        let op = 1
        const hear = (input: KademliaInput): void => {
          if (input.type === 'response' || input.type === 'failure') {
            open.delete(input.rpc)
          }
          for (const output of tell(machine, input, now)) {
            if (output.type === 'send') {
              assert.notEqual(output.to.contact.id, 'self')
              open.add(output.rpc)
            } else if (output.type === 'abandon') {
              assert(open.delete(output.rpc), 'abandoned once')
            } else if (output.type === 'finished') {
              assert(running.delete(output.op), 'finished once')
            } else if (output.type === 'progress') {
              assert(running.has(output.op), 'progress while it runs')
            }
          }
          assert.equal(machine.sizes['requests'], open.size)
          assert(machine.size <= 30 && !machine.table.has(self.contact))
        }

        for (const { wait, input, start: type } of given) {
          for (const until = now + wait; machine.deadline <= until; ) {
            now = Math.max(now, machine.deadline)
            hear({ type: 'tick' })
            assert(machine.deadline > now, 'a tick does what is due')
          }
          now += wait
          if (input === null) {
            running.add(op)
            const operation = type === 'findPeer' ? { type, contact: contactOf('peer5') } : { type, target }
            hear({ type: 'start', op: op++, operation })
          } else {
            hear(input)
          }
        }

        hear({ type: 'stop' })
        assert.deepEqual([open.size, running.size], [0, 0])
        assert.deepEqual(
          Object.entries(machine.sizes).filter(([, size]) => size > 0),
          []
        )
      }),
      { numRuns: 300 }
    )
  })
})
