/** Peers that are not where the first to name them says they are: liars hide peers so, and peers that have moved are found so. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Lookup } from '@vicinity/kademlia'
import type { Addresses, LookupConfig, LookupOutput, PeerInfo } from '@vicinity/kademlia'
import { leadsElsewhere } from '../src/contact.ts'
import { DisjointLookup } from '../src/lookup/disjoint.ts'
import { contactOf, ids, nearest, peersOf, targetOf } from './support/contacts.ts'

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
