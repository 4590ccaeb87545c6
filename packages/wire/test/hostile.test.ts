/** What a peer may send without it costing more than the limits say, and without anything but a WireError. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { decodeLimits, decodeMessage, decodeRecord, encodeMessage, encodeRecord, WireError } from '@vicinity/wire'
import type { OutgoingMessage, WireMessage } from '@vicinity/wire'
import * as fc from 'fast-check'
import { countAllocations } from './support/allocations.ts'
import { messages, records } from './support/arbitraries.ts'
import { field, join, repeat, varint, varintField } from './support/protobuf.ts'
import { readable, readableRecord } from './support/readable.ts'

const MiB = 1024 * 1024

describe('bytes that nobody vouches for', () => {
  it('at random, throw nothing but a WireError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400, size: 'max' }), bytes => {
        checkMessage(bytes)
        checkRecord(bytes)
      }),
      { numRuns: 2_000 }
    )
  })

  it('mutated from a valid message, throw nothing but a WireError', () => {
    fc.assert(
      fc.property(messages, fc.array(mutation(), { minLength: 1, maxLength: 6 }), (message, mutations) => {
        checkMessage(mutations.reduce((bytes, mutate) => mutate(bytes), encodeMessage(message)))
      }),
      { numRuns: 2_000 }
    )
  })

  it('mutated from a valid record, throw nothing but a WireError', () => {
    fc.assert(
      fc.property(records, fc.array(mutation(), { minLength: 1, maxLength: 6 }), (record, mutations) => {
        checkRecord(mutations.reduce((bytes, mutate) => mutate(bytes), encodeRecord(record)))
      }),
      { numRuns: 1_000 }
    )
  })

  it('with the shape of protobuf but any content, throw nothing but a WireError', () => {
    fc.assert(fc.property(shaped(3), checkMessage), { numRuns: 2_000 })
    fc.assert(fc.property(shaped(1), checkRecord), { numRuns: 1_000 })
  })

  it('cut off anywhere, are refused unless the cut falls between two fields', () => {
    const peer = { id: new Uint8Array(34).fill(7), addresses: [new Uint8Array(8).fill(4)], connection: 'CONNECTED' } as const
    const key = new Uint8Array(20).fill(1)
    const record = { key, value: new Uint8Array(200).fill(2), timeReceived: '2026-08-01T00:00:00Z', ttl: 300 }
    const type = 'GET_VALUE'
    const whole: WireMessage = { type, key, record, closer: [peer, peer], providers: [peer] }
    const beginnings: readonly OutgoingMessage[] = [
      { type: 'PUT_VALUE' },
      { type },
      { type, key },
      { type, key, record },
      { type, key, record, closer: [peer] },
      { type, key, record, closer: [peer, peer] },
      whole
    ]
    const readings = new Map(beginnings.map(beginning => [encodeMessage(beginning).length, beginning]))

    const bytes = encodeMessage(whole)
    for (let length = 0; length <= bytes.length; length++) {
      const message = tryDecode(bytes.subarray(0, length))
      const expected = readings.get(length)
      assert.deepEqual(
        message && readable(message),
        expected && readable({ key: new Uint8Array(0), closer: [], providers: [], ...expected } as WireMessage),
        `cut after ${length} bytes`
      )
    }
  })

  it('a peer cut off inside leaves out that peer only', () => {
    const peer = join(field(1, new Uint8Array(34).fill(7)), field(2, new Uint8Array(8).fill(4)), varintField(3, 1))
    const other = field(8, field(1, [1]))
    for (let length = 0; length < peer.length; length++) {
      const bytes = join(other, field(8, peer.subarray(0, length)), other)
      const cutBetweenFields = length === 36 || length === 46
      assert.equal(decodeMessage(bytes).closer.length, cutBetweenFields ? 3 : 2, `cut after ${length} bytes`)
    }
  })
})

describe('floods', () => {
  const tiny = field(1, [1])
  const id = new Uint8Array(34).fill(9)
  const fullPeer = join(field(1, id), repeat(field(2, [4]), 32))
  const most = decodeLimits.closerPeers + decodeLimits.providers

  const floods: ReadonlyArray<readonly [string, number, Uint8Array]> = [
    ['tiny closer peers', MiB / 4, field(8, tiny)],
    ['tiny providers', 4 * MiB, field(9, tiny)],
    ['empty peers', 4 * MiB, field(9, [])],
    ['broken peers', 4 * MiB, field(9, [0xff])],
    ['both lists in turn', 4 * MiB, join(field(8, tiny), field(9, tiny))],
    ['providers with as many addresses as count', 4 * MiB, field(9, fullPeer)],
    ['providers with thousands of addresses', 4 * MiB, field(9, join(field(1, id), repeat(field(2, [4]), 2_700)))],
    ['providers with thousands of empty addresses', 4 * MiB, field(9, join(field(1, id), repeat(field(2, []), 4_000)))],
    ['providers with thousands of ids', 4 * MiB, field(9, repeat(tiny, 2_700))],
    ['providers over 8 KiB', 4 * MiB, field(9, join(field(1, id), repeat(field(2, [4]), 3_000)))],
    ['keys', 4 * MiB, field(2, [1])],
    ['records', 4 * MiB, field(3, tiny)],
    ['empty records', 4 * MiB, field(3, [])],
    ['one record of many keys', 4 * MiB, field(3, repeat(tiny, 20_000))],
    ['record times', 4 * MiB, field(3, field(5, new Uint8Array(64).fill(0x30)))],
    ['one huge record time', 4 * MiB, field(3, field(5, new Uint8Array(3 * MiB).fill(0x30)))],
    ['types', 4 * MiB, varintField(1, 4)],
    ['unknown varints', 4 * MiB, varintField(15, 0)],
    ['unknown bytes', 4 * MiB, field(14, [])]
  ]

  for (const [name, frameBytes, unit] of floods) {
    it(`of ${name} make a bounded number of objects`, () => {
      const bytes = repeat(unit, Math.floor(frameBytes / unit.length))
      const { result, arrays, bytes: allocated } = countAllocations(() => tryDecode(bytes))

      // A view for each id and each address, and for the key and the fields of the record.
      assert.ok(arrays <= most * (1 + decodeLimits.addressesPerPeer) + 8, `${arrays} arrays`)
      assert.equal(allocated, 0, 'nothing is copied')
      assert.ok(result !== undefined)
      assert.ok(result.closer.length <= decodeLimits.closerPeers)
      assert.ok(result.providers.length <= decodeLimits.providers)
      for (const peer of [...result.closer, ...result.providers]) {
        assert.ok(peer.addresses.length <= decodeLimits.addressesPerPeer)
      }
    })
  }

  it('of the worst kind keep less than 2 MB of heap', () => {
    const unit = join(field(8, fullPeer), field(9, fullPeer))
    const bytes = repeat(unit, Math.floor((4 * MiB) / unit.length))
    const kept: Array<WireMessage | undefined> = [tryDecode(bytes)]
    const before = heapUsed()
    const rounds = 8
    for (let round = 0; round < rounds; round++) {
      kept.push(tryDecode(bytes))
    }

    const each = (heapUsed() - before) / rounds
    assert.equal(kept.length, rounds + 1)
    assert.equal(kept.at(-1)?.providers.at(-1)?.addresses.length, decodeLimits.addressesPerPeer)
    assert.ok(each < 2_000_000, `${Math.round(each)} bytes for one message`)
  })
})

/** The message, or undefined where the bytes were refused as they should be. */
function tryDecode(bytes: Uint8Array): WireMessage | undefined {
  try {
    return decodeMessage(bytes)
  } catch (error) {
    assert.ok(error instanceof WireError, `threw ${String(error)}`)
    return undefined
  }
}

// Whatever was believed once is believed again when we pass it on.
function checkMessage(bytes: Uint8Array): void {
  const message = tryDecode(bytes)
  if (message !== undefined) {
    assert.deepEqual(readable(decodeMessage(encodeMessage(message))), readable(message))
  }
}

function checkRecord(bytes: Uint8Array): void {
  try {
    const record = decodeRecord(bytes)
    assert.deepEqual(readableRecord(decodeRecord(encodeRecord(record))), readableRecord(record))
  } catch (error) {
    assert.ok(error instanceof WireError, `threw ${String(error)}`)
  }
}

type Mutation = (bytes: Uint8Array) => Uint8Array

/** One edit at a relative place: another byte, a byte more or less, a cut, or a piece repeated. */
function mutation(): fc.Arbitrary<Mutation> {
  const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
  return fc
    .tuple(fc.constantFrom('replace', 'insert', 'remove', 'cut', 'repeat'), place, fc.nat(255))
    .map(([kind, where, byte]) => bytes => {
      const at = Math.floor(where * bytes.length)
      const before = bytes.subarray(0, at)
      switch (kind) {
        case 'replace':
          return join(before, [byte], bytes.subarray(at + 1))
        case 'insert':
          return join(before, [byte], bytes.subarray(at))
        case 'remove':
          return join(before, bytes.subarray(at + 1))
        case 'cut':
          return before
        default:
          return join(bytes.subarray(0, at + byte), bytes.subarray(at))
      }
    })
}

/** Fields that we know and that we do not, each with any wire type and content, submessages to the given depth. */
function shaped(depth: number): fc.Arbitrary<Uint8Array> {
  const number = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(1, 2, 3, 5, 8, 9) },
    fc.constantFrom(0, 4, 10, 666, 777, 2 ** 29 - 1)
  )
  const content = depth === 0 ? fc.uint8Array({ maxLength: 70 }) : fc.oneof(shaped(depth - 1), fc.uint8Array({ maxLength: 140 }))
  const one = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(number, content).map(([n, bytes]) => field(n, bytes)) },
    { weight: 3, arbitrary: fc.tuple(number, fc.oneof(fc.nat(6), fc.maxSafeNat())).map(([n, value]) => varintField(n, value)) },
    fc
      .tuple(number, fc.constantFrom(1, 3, 4, 5, 6, 7), fc.uint8Array({ maxLength: 8 }))
      .map(([n, type, bytes]) => join(varint(n * 8 + type), bytes))
  )
  return fc.array(one, { maxLength: 6 }).map(fields => join(...fields))
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  gc()
  return process.memoryUsage().heapUsed
}
