/** Peers that are not where the first to name them says they are: liars hide peers so, and peers that have moved are found so. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limits, Lookup, second } from '@vicinity/kademlia'
import type { Addresses, Kademlia, KademliaOutput, LookupConfig, LookupOutput, PeerInfo, Rpc } from '@vicinity/kademlia'
import { leadsElsewhere } from '../src/contact.ts'
import { DisjointLookup } from '../src/lookup/disjoint.ts'
import { contactOf, ids, nearest, peerOf, peersOf, targetOf } from './support/contacts.ts'
import { only } from './support/drain.ts'
import { machineKnowing, tell } from './support/machine.ts'

const config: LookupConfig = {
  target: targetOf('target'),
  self: contactOf('self'),
  k: 20,
  alpha: 10,
  beta: 3,
  deadline: 60_000,
  awaitPeers: false
}
const addresses = (...text: string[]): Addresses => ({ count: text.length, text })
const at = (peer: PeerInfo, ...text: string[]): PeerInfo => ({ ...peer, addresses: addresses(...text) })

const everybody = nearest(
  peersOf('peer', 60).map(peer => at(peer, 'home')),
  config.target.key,
  60
)
const [hidden, others] = [everybody.slice(0, 20), everybody.slice(20)]

/** Runs a lookup: who is where it is asked answers, each after its time; a dial of nobody fails. */
function run(lookup: Lookup | DisjointLookup): { found: string[]; asked: string[] } {
  const liar = others[0]?.contact
  const asked: string[] = []
  const mail: Array<{ at: number; deliver: () => void }> = []
  let now = 0
  const perform = (output: LookupOutput | undefined): string[] | undefined => {
    if (output?.type !== 'ask') {
      return output && ids(output.result.closest)
    }

    const { contact, addresses: where } = output.peer
    asked.push(`${contact.id} ${where.text?.join()}`)
    const lies = contact === liar
    const closer = lies ? hidden.map(peer => at(peer, 'nowhere')) : hidden
    const deliver = where.text?.includes('home')
      ? () => lookup.handle(now, { type: 'answered', contact, closer })
      : () => lookup.handle(now, { type: 'failed', contact, nobodyAt: [where] })
    mail.push({ at: now + (lies ? 10 : where.text?.includes('home') ? 50 : 20), deliver })
    return undefined
  }
  lookup.handle(0, { type: 'seeds', peers: others })
  for (;;) {
    for (let output = lookup.poll(); output !== undefined; output = lookup.poll()) {
      const found = perform(output)
      if (found !== undefined) {
        return { found, asked }
      }
    }
    mail.sort((a, b) => a.at - b.at)
    const next = mail.shift()
    assert(next !== undefined, 'it works or it ends')
    now = next.at
    next.deliver()
  }
}

describe('whom a liar names at false addresses', () => {
  for (const [name, make] of [
    ['a lookup', () => new Lookup(config)],
    ['a lookup over disjoint paths', () => new DisjointLookup(config, 4)]
  ] as const) {
    it(`${name} finds where others say they are, and asks each of them once more`, () => {
      const { found, asked } = run(make())
      assert.deepEqual(found, ids(hidden))
      assert.equal(new Set(asked).size, asked.length, 'nobody twice at the same place')
      assert(
        asked.some(one => one.endsWith('nowhere')),
        'the liar was the first to answer'
      )
    })
  }
})

describe('a peer that failed', () => {
  const [asked, friend, other] = others as [PeerInfo, PeerInfo, PeerInfo]
  /** The addresses at which it is asked, after it has failed at home and somebody has named it elsewhere. */
  const retries = (said: readonly PeerInfo[], nobody: boolean, before = false): Array<string | undefined> => {
    const lookup = new Lookup(config)
    const places: Array<string | undefined> = []
    const drain = (): void => {
      for (let output = lookup.poll(); output?.type === 'ask'; output = lookup.poll()) {
        if (output.peer.contact === asked.contact) {
          places.push(output.peer.addresses.text?.join())
        }
      }
    }
    const fail = (where: Addresses): void => {
      lookup.handle(1, { type: 'failed', contact: asked.contact, nobodyAt: nobody ? [where] : [] })
      drain()
    }
    lookup.handle(0, { type: 'seeds', peers: [asked, friend, other] })
    drain()
    if (!before) {
      fail(asked.addresses)
    }
    lookup.handle(2, { type: 'answered', contact: friend.contact, closer: said })
    drain()
    if (before) {
      fail(asked.addresses)
    }
    const last = said.at(-1)
    if (places.length > 1 && last !== undefined) {
      fail(last.addresses)
      lookup.handle(3, { type: 'answered', contact: other.contact, closer: [at(asked, 'a third place')] })
      drain()
    }
    return places
  }

  it('is asked where it is said to be, whether that is said before it fails or after, and then no more', () => {
    assert.deepEqual(retries([at(asked, 'home', 'abroad')], true), ['home', 'home,abroad'])
    assert.deepEqual(retries([at(asked, 'home', 'abroad')], true, true), ['home', 'home,abroad'])
  })

  it('is not asked again at addresses where it was not, nor if it was there', () => {
    assert.deepEqual(retries([at(asked, 'home')], true), ['home'])
    assert.deepEqual(retries([at(asked)], true), ['home'])
    assert.deepEqual(retries([at(asked, 'abroad')], false), ['home'])
  })
})

describe('a peer that an engine has asked', () => {
  const [gone, friend, ...more] = peersOf('peer', 6).map(peer => at(peer, 'home')) as [PeerInfo, PeerInfo, ...PeerInfo[]]
  const abroad = at(gone, 'abroad')

  /** Whether it is asked abroad once it has failed. Others answer meanwhile, a few seconds one after the other, so that the lookup goes on. */
  const isAskedAbroad = (fail: (machine: Kademlia, rpc: Rpc) => KademliaOutput[]): boolean => {
    const machine = machineKnowing(peerOf('self'), [gone, friend])
    const requests = only(tell(machine, { type: 'start', op: 1, operation: { type: 'closest', target: config.target } }), 'send')
    const to = (peer: PeerInfo): Rpc => requests.findLast(send => send.to.contact === peer.contact)?.rpc ?? 0
    const answer = (peer: PeerInfo, closer: readonly PeerInfo[], now: number): void => {
      requests.push(
        ...only(tell(machine, { type: 'response', rpc: to(peer), message: { type: 'FIND_NODE', closer } }, now), 'send')
      )
    }
    const first = to(gone)
    answer(friend, [abroad, ...more.slice(0, 1)], 0)
    for (const [i, peer] of more.slice(0, -1).entries()) {
      answer(peer, more.slice(i + 1, i + 2), 3 * second * (i + 1))
    }
    requests.push(...only(fail(machine, first), 'send'))
    return requests.some(send => send.to === abroad)
  }

  it('is asked where somebody else says that it is, if nobody was there', () => {
    const failing = (reason: 'dial' | 'reset') => (machine: Kademlia, rpc: Rpc) =>
      tell(machine, { type: 'failure', rpc, reason }, 9 * second)
    assert.equal(isAskedAbroad(failing('dial')), true)
    assert.equal(isAskedAbroad(failing('reset')), false, 'it was there')
    assert.equal(
      isAskedAbroad(machine => tell(machine, { type: 'tick' }, limits.abandonAfter)),
      true
    )
  })
})

describe('addresses', () => {
  it('lead elsewhere if there is one among them that was not known', () => {
    assert.equal(leadsElsewhere(addresses('a'), addresses('a', 'b')), true)
    assert.equal(leadsElsewhere(addresses('a', 'b'), addresses('b')), false)
    assert.equal(leadsElsewhere(addresses(), addresses('b')), true)
    assert.equal(leadsElsewhere(addresses('a'), addresses()), false)
    // of which nobody says what they are: others, unless they are the same object
    const unknown = { count: 1 }
    assert.deepEqual([leadsElsewhere(unknown, { count: 1 }), leadsElsewhere(unknown, unknown)], [true, false])
  })
})
