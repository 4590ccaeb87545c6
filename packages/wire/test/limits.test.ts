/** Every limit of the decoder at its last good and its first bad value. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeLimits, decodeMessage, decodeRecord, encodeMessage, encodePeer } from '@vicinity/wire'
import { field, join, varintField } from './support/protobuf.ts'

describe('limits', () => {
  const id = new Uint8Array(34).fill(9)
  const peer = encodePeer({ id, addresses: [], connection: 'NOT_CONNECTED' })

  it('peers beyond the count are stepped over, the message stays', () => {
    const bytes = encodeMessage({
      type: 'GET_PROVIDERS',
      closer: Array.from({ length: 50 }, () => peer),
      providers: Array.from({ length: 300 }, () => peer)
    })
    const message = decodeMessage(bytes)
    assert.equal(message.closer.length, 40)
    assert.equal(message.providers.length, 256)
  })

  it('the first addresses of a peer are kept', () => {
    const addresses = Array.from({ length: 40 }, (_, index) => Uint8Array.of(index + 1))
    const [decoded] = decodeMessage(
      encodeMessage({ type: 'FIND_NODE', closer: [{ id, addresses, connection: 'CONNECTED' }] })
    ).closer
    assert.deepEqual(decoded?.addresses, addresses.slice(0, 32))
    assert.equal(decoded?.connection, 'CONNECTED')
  })

  it('an address of 512 bytes is kept, a longer one is left out and takes nobody’s place', () => {
    const addresses = [513, 6_000, 512, 1].map(length => new Uint8Array(length).fill(4))
    const [decoded] = decodeMessage(field(8, join(field(1, id), ...addresses.map(address => field(2, address))))).closer
    assert.deepEqual(
      decoded?.addresses.map(({ length }) => length),
      [512, 1]
    )
    const limits = { ...decodeLimits, addressesPerPeer: 1 }
    const [first] = decodeMessage(field(8, join(field(1, id), ...addresses.map(address => field(2, address)))), limits).closer
    assert.equal(first?.addresses[0]?.length, 512)
  })

  it('a peer of exactly 8 KiB is kept, one byte more is left out', () => {
    const padding = (size: number): Uint8Array => field(8, join(field(1, id), field(2, new Uint8Array(size - 39).fill(4))))
    assert.equal(decodeMessage(padding(8 * 1024)).closer.length, 1)
    assert.equal(decodeMessage(padding(8 * 1024 + 1)).closer.length, 0)
  })

  it('an id of 64 bytes is kept, of 65 or none leaves out its peer only', () => {
    const bytes = join(field(8, field(1, new Uint8Array(65))), field(8, field(2, [4])), field(8, field(1, new Uint8Array(64))))
    assert.deepEqual(
      decodeMessage(bytes).closer.map(kept => kept.id.length),
      [64]
    )
  })

  for (const [type, limit] of [
    [0, 128],
    [1, 128],
    [2, 80],
    [3, 80],
    [4, 128],
    [5, 128]
  ] as const) {
    it(`a key of type ${type} may have ${limit} bytes, wherever the type stands`, () => {
      const key = (length: number): Uint8Array => field(2, new Uint8Array(length))
      assert.equal(decodeMessage(join(key(limit), varintField(1, type))).key.length, limit)
      assert.throws(() => decodeMessage(join(key(limit + 1), varintField(1, type))), {
        name: 'WireError',
        code: 'ERR_KEY_TOO_LONG'
      })
      assert.throws(() => decodeMessage(join(varintField(1, type), key(limit + 1))), {
        name: 'WireError',
        code: 'ERR_KEY_TOO_LONG'
      })
    })
  }

  it('the key and the value of a record have limits of their own', () => {
    const record = (key: number, value: number): Uint8Array =>
      join(field(1, new Uint8Array(key)), field(2, new Uint8Array(value)))
    assert.equal(decodeRecord(record(128, 60 * 1024)).value.length, 60 * 1024)
    assert.throws(() => decodeRecord(record(129, 1)), { name: 'WireError', code: 'ERR_KEY_TOO_LONG' })
    assert.throws(() => decodeRecord(record(1, 60 * 1024 + 1)), { name: 'WireError', code: 'ERR_VALUE_TOO_LARGE' })
    assert.throws(() => decodeMessage(field(3, record(129, 1))), { name: 'WireError', code: 'ERR_KEY_TOO_LONG' })
  })

  it('are an argument', () => {
    const limits = { ...decodeLimits, closerPeers: 1, addressesPerPeer: 1, valueBytes: 2 }
    const bytes = encodeMessage({
      type: 'FIND_NODE',
      closer: [{ id, addresses: [Uint8Array.of(1), Uint8Array.of(2)], connection: 'CONNECTED' }, peer]
    })
    assert.deepEqual(decodeMessage(bytes, limits).closer, [{ id, addresses: [Uint8Array.of(1)], connection: 'CONNECTED' }])
    assert.throws(() => decodeRecord(field(2, [1, 2, 3]), limits), { code: 'ERR_VALUE_TOO_LARGE' })
  })
})
