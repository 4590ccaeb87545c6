/** The routing table against a model: a plain list of entries, sorted whenever somebody asks. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AssertionError, commonPrefixLength, keyBits, noAddresses, Rng, Table } from '@vicinity/kademlia'
import type { Entry, Key, PeerInfo } from '@vicinity/kademlia'
import * as fc from 'fast-check'
import { contactAt, contactOf, entryOf, ids, keyNear, nearest, peerOf, peersIn, randomKey } from './support/contacts.ts'

const k = 4
const self = contactOf('self')

/** Peers in every depth, several times more than fit, some of them in address groups, and some whose addresses nobody knows. */
const population: PeerInfo[] = [0, 1, 2, 3, 5, 8, 31, 32, 64, 255].flatMap((bucket, i) =>
  peersIn(self, bucket, bucket === 255 ? 1 : 10, i % 3 === 0 ? [] : [i % 3, 7]).map((peer, j) =>
    j === 9 ? { ...peer, addresses: noAddresses } : peer
  )
)
const members = fc.nat(population.length - 1).map(i => population[i] as PeerInfo)

const operations = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ type: fc.constant('add' as const), peer: members, failures: fc.nat(2) }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('remove' as const), peer: members }) },
    fc.record({ type: fc.constant('readdress' as const), peer: members, groups: fc.subarray([1, 2, 7, 9]), count: fc.nat(1) }),
    fc.record({ type: fc.constant('heard' as const), peer: members, at: fc.nat(1_000), roundTrip: fc.nat(50) }),
    fc.record({ type: fc.constant('failed' as const), peer: members })
  ),
  { minLength: 20, maxLength: 200 }
)
type Step = typeof operations extends fc.Arbitrary<Array<infer S>> ? S : never

/** What the table should be: nothing but a list. */
class Model {
  entries: Array<{ -readonly [P in keyof Entry]: Entry[P] }> = []

  find({ contact }: PeerInfo): Model['entries'][number] | undefined {
    return this.entries.find(({ peer }) => peer.contact.id === contact.id)
  }

  inBucket(key: Key): Model['entries'] {
    const bucket = commonPrefixLength(self.key, key)
    return this.entries.filter(({ peer }) => commonPrefixLength(self.key, peer.contact.key) === bucket)
  }

  inGroup(group: number): number {
    return this.entries.filter(({ peer }) => peer.groups.includes(group)).length
  }
}

function apply(table: Table, model: Model, step: Step): void {
  const known = model.find(step.peer)
  switch (step.type) {
    case 'add': {
      const room = model.inBucket(step.peer.contact.key).length < k
      assert.equal(table.hasRoom(step.peer.contact), room)
      if (known === undefined && room) {
        table.add({ ...entryOf(step.peer), failures: step.failures })
        model.entries.push({ ...entryOf(step.peer), failures: step.failures })
      } else {
        assert.throws(() => table.add(entryOf(step.peer)), AssertionError)
      }
      break
    }
    case 'remove':
      assert.equal(table.remove(step.peer.contact), known?.peer)
      model.entries = model.entries.filter(entry => entry !== known)
      break
    case 'readdress': {
      const peer = { contact: step.peer.contact, addresses: { count: step.count }, groups: step.groups }
      table.readdress(peer)
      if (known !== undefined && step.count > 0) {
        known.peer = peer
      }
      break
    }
    case 'heard':
      assert.equal(table.heard(step.peer.contact, step.at, step.roundTrip), known !== undefined)
      if (known !== undefined) {
        Object.assign(known, { heard: step.at, failures: 0, roundTrip: step.roundTrip > 0 ? step.roundTrip : known.roundTrip })
      }
      break
    case 'failed':
      if (known !== undefined) {
        known.failures++
      }
      assert.equal(table.failed(step.peer.contact), known?.failures ?? 0)
      break
  }
}

function build(steps: readonly Step[]): { table: Table; model: Model } {
  const table = new Table(self, k)
  const model = new Model()
  for (const step of steps) {
    apply(table, model, step)
  }

  return { table, model }
}

const targets = fc.oneof(
  fc.string().map(seed => randomKey(new Rng(seed))),
  fc.tuple(fc.nat(keyBits), fc.string()).map(([bits, seed]) => keyNear(self.key, bits, new Rng(seed))),
  members.map(({ contact }) => contact.key),
  fc.constant(self.key)
)

describe('a table, after any operations', () => {
  it('holds what it should, and never more than k in a bucket', () => {
    fc.assert(
      fc.property(operations, steps => {
        const { table, model } = build(steps)
        const byId = (a: Entry, b: Entry): number => (a.peer.contact.id < b.peer.contact.id ? -1 : 1)
        assert.deepEqual([...table.entries()].sort(byId), model.entries.sort(byId))
        assert.equal(table.size, model.entries.length)
        assert.equal(
          table.dialable,
          model.entries.every(({ peer }) => peer.addresses.count > 0)
        )
        for (const peer of population) {
          assert.equal(table.has(peer.contact), model.find(peer) !== undefined)
          assert.equal(table.get(peer.contact), model.find(peer)?.peer)
          const bucket = table.bucketOf(peer.contact.key)
          assert.equal(table.bucketCount(bucket), model.inBucket(peer.contact.key).length)
          assert(table.bucketCount(bucket) <= k && bucket < Math.max(table.depth, bucket + 1))
        }
      })
    )
  })

  it('gives the closest as a sorted array does', () => {
    fc.assert(
      fc.property(operations, targets, fc.integer({ min: 1, max: 60 }), fc.option(members), (steps, target, count, skip) => {
        const { table, model } = build(steps)
        const peers = model.entries.map(({ peer }) => peer).filter(({ contact }) => contact.id !== skip?.contact.id)
        assert.deepEqual(ids(table.closest(target, count, skip?.contact)), ids(nearest(peers, target, count)))
      }),
      { numRuns: 500 }
    )
  })

  it('counts address groups', () => {
    fc.assert(
      fc.property(operations, members, fc.constantFrom(1, 2, 7, 9), (steps, { contact }, group) => {
        const { table, model } = build(steps)
        const bucket = model.inBucket(contact.key).filter(({ peer }) => peer.groups.includes(group)).length
        assert.deepEqual(table.groupCounts(group, contact), { table: model.inGroup(group), bucket })
      })
    )
  })
})

describe('a table', () => {
  it('never holds ourselves', () => {
    const table = new Table(self, k)
    assert.equal(table.hasRoom(self), false)
    assert.throws(() => table.add(entryOf(peerOf(self))), AssertionError)
    assert.equal(table.has(self), false)
  })

  it('knows a peer by its id, whoever made the contact', () => {
    const table = new Table(self, k)
    table.add(entryOf(peerOf('peer')))
    assert(table.has(contactOf('peer')))
    assert.deepEqual(table.closest(self.key, 1, contactOf('peer')), [])
  })

  it('has no limit of depth', () => {
    const table = new Table(self, k)
    const twin = peerOf(contactAt(keyNear(self.key, 255, new Rng(''))))
    table.add(entryOf(twin))
    assert.equal(table.depth, 256)
    assert.deepEqual(table.closest(self.key, 1), [twin])
  })

  it('notes when an entry was tried', () => {
    const table = new Table(self, k)
    table.add(entryOf(peerOf('peer')))
    table.tried(contactOf('peer'), 17)
    table.tried(contactOf('stranger'), 17)
    assert.equal(table.entry(contactOf('peer'))?.tried, 17)
    assert.equal(table.entry(contactOf('stranger')), undefined)
  })
})
