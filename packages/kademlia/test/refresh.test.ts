/** How every bucket stays known. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commonPrefixLength, limits, minute, Rng, Table } from '@vicinity/kademlia'
import type { Millis, Target } from '@vicinity/kademlia'
import { Refresh } from '../src/upkeep/refresh.ts'
import type { RefreshOutput } from '../src/upkeep/refresh.ts'
import { contactAt, contactOf, entryOf, keyNear, peerOf, peersIn } from './support/contacts.ts'
import { drain, only } from './support/drain.ts'

const self = contactOf('self')
const interval = 10 * minute
const rng = new Rng('refresh tests')

function make(buckets: readonly number[], every: Millis = interval): { refresh: Refresh; table: Table } {
  const table = new Table(self, 20)
  for (const bucket of buckets) {
    for (const peer of peersIn(self, bucket, 1)) {
      table.add(entryOf(peer))
    }
  }
  const refresh = new Refresh(table, { interval: every }, new Rng('refresh'))
  refresh.handle(0, { type: 'tick' })
  return { refresh, table }
}

function targetIn(bucket: number): Target {
  return contactAt(keyNear(self.key, bucket, rng))
}

/** Lets every lookup take a second; when each bucket's began, until a time. */
function run(refresh: Refresh, until: Millis): Array<[at: Millis, bucket: number]> {
  const begun: Array<[Millis, number]> = []
  const ends: Array<[Millis, number]> = []
  for (let now = refresh.deadline; now <= until; now = Math.min(refresh.deadline, ends[0]?.[0] ?? Infinity)) {
    while (ends[0] !== undefined && ends[0][0] <= now) {
      const [[, bucket]] = ends.splice(0, 1) as [[Millis, number]]
      refresh.handle(now, { type: 'ended', bucket })
    }
    refresh.handle(now, { type: 'tick' })
    for (let outputs = drain(refresh); outputs.length > 0; outputs = drain(refresh)) {
      for (const { bucket } of only(outputs, 'target')) {
        refresh.handle(now, { type: 'targeted', bucket, target: targetIn(bucket) })
      }
      for (const { bucket } of only(outputs, 'lookup')) {
        begun.push([now, bucket])
        ends.push([now + 1_000, bucket])
        assert(ends.length <= limits.refreshLookups, 'so many at once')
      }
    }
  }

  return begun
}

describe('a bucket', () => {
  it('is looked up once an interval, the empty ones too, and those that are too deep as one', () => {
    const { refresh } = make([0, 1, 4, 17])
    const begun = run(refresh, 6 * interval)
    assert(begun.every(([, bucket]) => bucket <= limits.preimageBits))
    for (let bucket = 0; bucket <= limits.preimageBits; bucket++) {
      const times = begun.filter(([, of]) => of === bucket).map(([at]) => at)
      assert(times.length >= 5, `bucket ${bucket}: ${times.length} times`)
      for (const [i, at] of times.entries()) {
        const pause = at - (times[i - 1] ?? 0)
        assert(pause >= interval && pause <= 1.1 * interval + 20_000, `bucket ${bucket} after ${pause} ms`)
      }
    }
  })

  it('is not looked up with the others at one moment', () => {
    const { refresh } = make([9])
    const begun = run(refresh, 1.2 * interval)
    assert(new Set(begun.map(([at]) => Math.floor(at / 5_000))).size >= 5, String(begun))
  })

  it('asks for a preimage that agrees with us in just its bits, and differs in the next', () => {
    const { refresh } = make([14])
    refresh.handle(1, { type: 'all' })
    const prefixes: Array<Extract<RefreshOutput, { type: 'target' }>> = []
    for (let outputs = drain(refresh); outputs.length > 0; outputs = drain(refresh)) {
      for (const target of only(outputs, 'target')) {
        prefixes.push(target)
        refresh.handle(1, { type: 'ended', bucket: target.bucket })
      }
    }

    assert.deepEqual(
      prefixes.map(({ bucket }) => bucket),
      [...new Array(15).keys()]
    )
    for (const { bucket, prefix } of prefixes) {
      assert.equal(prefix.bits, bucket + 1)
      assert.equal(commonPrefixLength(self.key, prefix.key), bucket)
    }
  })

  it(`deeper than ${limits.preimageBits - 1} is looked up at the id of the peer nearest to us`, () => {
    const { refresh, table } = make([0, 45])
    const [nearest] = table.closest(self.key, 1)
    refresh.handle(1, { type: 'all' })
    const lookups: Array<Extract<RefreshOutput, { type: 'lookup' }>> = []
    for (let outputs = drain(refresh); outputs.length > 0; outputs = drain(refresh)) {
      lookups.push(...only(outputs, 'lookup'))
      for (const { bucket } of [...only(outputs, 'target'), ...only(outputs, 'lookup')]) {
        refresh.handle(1, { type: 'ended', bucket })
      }
    }
    assert.deepEqual(
      lookups.map(({ bucket, target }) => [bucket, target]),
      [[limits.preimageBits, nearest?.contact]]
    )
  })

  it('that a lookup came by has been refreshed by it', () => {
    const { refresh } = make([2])
    refresh.handle(interval - 1, { type: 'looked', key: targetIn(1).key })
    refresh.handle(interval - 1, { type: 'looked', key: self.key })
    const begun = run(refresh, 1.2 * interval).map(([, bucket]) => bucket)
    assert.deepEqual(new Set(begun), new Set([0, 2]))
  })

  it('that is new is due an interval later', () => {
    const { refresh, table } = make([0])
    table.add(entryOf(peerOf(contactAt(keyNear(self.key, 1, rng)))))
    refresh.handle(5 * minute, { type: 'tick' })
    const [, [at] = [0]] = run(refresh, 2 * interval)
    assert(at >= 5 * minute + interval)
  })
})

describe('a refresh of all', () => {
  it('begins at once, looks every bucket up, and ends once', () => {
    const { refresh } = make([5])
    refresh.handle(9, { type: 'all' })
    const seen: string[] = []
    for (let output = refresh.poll(); seen.at(-1) !== 'ended'; output = refresh.poll()) {
      assert(output !== undefined)
      seen.push(output.type)
      if (output.type === 'target') {
        seen.push(String(output.bucket))
        refresh.handle(9, { type: 'ended', bucket: output.bucket })
      }
    }
    assert.deepEqual(
      seen.filter(type => type !== 'target'),
      ['began', '0', '1', '2', '3', '4', '5', 'ended']
    )
    assert.equal(refresh.poll(), undefined)
    assert(refresh.deadline >= interval)
  })

  it(`runs ${limits.refreshLookups} lookups at once, and rests its clock meanwhile`, () => {
    const { refresh } = make([9])
    refresh.handle(9, { type: 'all' })
    assert.deepEqual(
      only(drain(refresh), 'target').map(({ bucket }) => bucket),
      [0, 1, 2]
    )
    assert.equal(refresh.deadline, Infinity)
    refresh.handle(10, { type: 'ended', bucket: 1 })
    assert.deepEqual(
      only(drain(refresh), 'target').map(({ bucket }) => bucket),
      [3]
    )
  })

  it('joins the one that runs: it does not begin twice', () => {
    const { refresh } = make([1])
    refresh.handle(9, { type: 'all' })
    refresh.handle(9, { type: 'all' })
    assert.equal(only(drain(refresh), 'began').length, 1)
    refresh.handle(9, { type: 'all' })
    assert.equal(only(drain(refresh), 'began').length, 0)
  })

  it('of an empty table ends at once', () => {
    const { refresh } = make([])
    refresh.handle(9, { type: 'all' })
    assert.deepEqual(drain(refresh), [{ type: 'began' }, { type: 'ended' }])
  })
})

describe('a refresh', () => {
  it('has nothing due while the table is empty, and begins when it is not', () => {
    const { refresh, table } = make([0])
    const [peer] = table.closest(self.key, 1)
    assert(peer !== undefined)
    table.remove(peer.contact)
    assert.equal(refresh.deadline, Infinity)
    refresh.handle(2 * interval, { type: 'tick' })
    assert.deepEqual(drain(refresh), [])
    table.add(entryOf(peer))
    assert(refresh.deadline <= 2 * interval)
  })

  it('can be turned off, and still be asked for', () => {
    const { refresh } = make([1], Infinity)
    assert.equal(refresh.deadline, Infinity)
    refresh.handle(5, { type: 'all' })
    assert.equal(only(drain(refresh), 'target').length, 2)
  })
})
