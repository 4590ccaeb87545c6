/** Where protobuf or the implementations leave room: what is read, what is left out, what is refused. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeMessage, decodeRecord } from '@vicinity/wire'
import type { WireErrorCode } from '@vicinity/wire'
import { field, join, varint, varintField } from './support/protobuf.ts'
import { fromHex, readable, toHex } from './support/readable.ts'

const id = Uint8Array.of(1, 2)
const peer = field(1, id)
const nothing = { type: 'PUT_VALUE', key: '', closer: [], providers: [] }

function refused(hex: string, code: WireErrorCode): void {
  assert.throws(() => decodeMessage(fromHex(hex)), { name: 'WireError', code }, hex)
}

describe('what proto3 leaves out', () => {
  it('no bytes at all are a PUT_VALUE without anything', () => {
    assert.deepEqual(readable(decodeMessage(new Uint8Array(0))), nothing)
  })

  it('an empty record is there, unlike none', () => {
    assert.deepEqual(readable(decodeMessage(field(3, []))).record, { key: '', value: '' })
    assert.equal(decodeMessage(new Uint8Array(0)).record, undefined)
  })

  it('zero and empty may be written all the same', () => {
    const bytes = join(varintField(1, 0), field(2, []), field(8, join(peer, varintField(3, 0))))
    assert.deepEqual(readable(decodeMessage(bytes)), {
      ...nothing,
      closer: [{ id: '0102', addresses: [], connection: 'NOT_CONNECTED' }]
    })
  })
})

describe('fields', () => {
  it('in any order', () => {
    const bytes = join(field(9, peer), field(2, [7]), field(8, join(varintField(3, 2), peer)), varintField(1, 3))
    assert.deepEqual(readable(decodeMessage(bytes)), {
      type: 'GET_PROVIDERS',
      key: '07',
      closer: [{ id: '0102', addresses: [], connection: 'CAN_CONNECT' }],
      providers: [{ id: '0102', addresses: [], connection: 'NOT_CONNECTED' }]
    })
  })

  it('the last of a repeated one wins', () => {
    const bytes = join(
      varintField(1, 5),
      field(2, [1, 1]),
      varintField(1, 4),
      field(2, [2]),
      field(8, join(field(1, [9]), varintField(3, 1), peer, varintField(3, 3)))
    )
    assert.deepEqual(readable(decodeMessage(bytes)), {
      ...nothing,
      type: 'FIND_NODE',
      key: '02',
      closer: [{ id: '0102', addresses: [], connection: 'CANNOT_CONNECT' }]
    })
  })

  it('a repeated record is merged into one', () => {
    const bytes = join(
      field(3, join(field(1, [1]), field(2, [2]))),
      field(3, join(field(2, [3]), varintField(777, 60))),
      field(3, [])
    )
    assert.deepEqual(readable(decodeMessage(bytes)).record, { key: '01', value: '03', ttl: 60 })
  })

  it('known ones with a foreign wire type are unknown ones', () => {
    const bytes = join(
      field(1, [4]),
      varintField(2, 4),
      varintField(3, 1),
      varintField(8, 1),
      fromHex('0d 01020304'),
      fromHex('11 0102030405060708')
    )
    assert.deepEqual(readable(decodeMessage(bytes)), nothing)
    assert.deepEqual(readable(decodeMessage(field(8, join(peer, field(3, [1]), varintField(2, 1))))).closer, [
      { id: '0102', addresses: [], connection: 'NOT_CONNECTED' }
    ])
  })

  it('unknown ones of every kind are stepped over', () => {
    const unknown = join(
      varintField(4, 300),
      field(5, [1, 2, 3]),
      fromHex('35 01020304'),
      fromHex('39 0102030405060708'),
      varint((2 ** 29 - 1) * 8),
      [0]
    )
    assert.deepEqual(readable(decodeMessage(join(unknown, varintField(1, 5), unknown))), { ...nothing, type: 'PING' })
  })

  it('a negative number that nobody reads takes ten bytes and is stepped over', () => {
    assert.deepEqual(readable(decodeMessage(fromHex('0805 50 ffffffffffffffffff01'))), { ...nothing, type: 'PING' })
    refused('50 ffffffffffffffffffff01', 'ERR_VARINT')
  })

  it('groups are refused', () => {
    refused('33 34', 'ERR_MALFORMED')
    refused('34', 'ERR_MALFORMED')
  })

  it('wire types and field numbers that do not exist are refused', () => {
    refused('36', 'ERR_MALFORMED')
    refused('37', 'ERR_MALFORMED')
    refused('02 00', 'ERR_MALFORMED')
    refused('00', 'ERR_MALFORMED')
    refused(`${toHex(varint(2 ** 32 + 8))} 00`, 'ERR_MALFORMED')
  })
})

describe('numbers', () => {
  it('not in their shortest form are refused where they are read', () => {
    refused('08 8400', 'ERR_VARINT')
    refused('8800 04', 'ERR_VARINT')
    refused('12 8100 07', 'ERR_VARINT')
  })

  it('longer than nine bytes are refused where they are read', () => {
    refused('08 ffffffffffffffffff01', 'ERR_VARINT')
    refused('12 80808080808080808001', 'ERR_VARINT')
  })

  it('of nine bytes are too large for what they say', () => {
    refused('08 ffffffffffffffff7f', 'ERR_MESSAGE_TYPE')
    refused('12 ffffffffffffffff7f', 'ERR_TRUNCATED')
  })

  it('that end too early are refused', () => {
    for (const hex of ['08', '80', '08 ff', '12', '12 02 01', '50 ff', '3d 000000', '39 00000000000000', '1a 02 0a', '42 01']) {
      refused(hex, 'ERR_TRUNCATED')
    }
  })

  it('types that the protocol does not have are refused', () => {
    refused('08 06', 'ERR_MESSAGE_TYPE')
    refused('08 ac02', 'ERR_MESSAGE_TYPE')
  })
})

describe('a bad peer concerns that peer only', () => {
  const good = field(8, peer)
  const bad: ReadonlyArray<readonly [string, Uint8Array]> = [
    ['without an id', field(2, [4])],
    ['with an empty id', field(1, [])],
    ['cut off', field(1, id).subarray(0, 3)],
    ['that goes on beyond its end', fromHex('0a 06 01 02')],
    ['with a tag that protobuf does not allow', join(peer, [0])],
    ['with a group', join(peer, [0x33, 0x34])],
    ['with a length not in its shortest form', fromHex('0a 8200 01 02')],
    ['with a connection not in its shortest form', join(peer, fromHex('18 8100'))],
    ['with a connection of eleven bytes', join(peer, fromHex('18 ffffffffffffffffffff01'))]
  ]

  for (const [name, content] of bad) {
    it(name, () => {
      const message = decodeMessage(join(good, field(8, content), good, field(9, content), field(9, peer), varintField(1, 4)))
      assert.equal(message.type, 'FIND_NODE')
      assert.equal(message.closer.length, 2)
      assert.equal(message.providers.length, 1)
    })
  }

  it('but one that goes on beyond the message refuses it', () => {
    refused('42 06 0a 02 01 02', 'ERR_TRUNCATED')
  })

  for (const [name, connection] of [
    ['unknown', '04'],
    ['large', 'ffffffff0f'],
    ['negative', 'ffffffffffffffffff01']
  ] as const) {
    it(`a connection value that is ${name} reads as not connected`, () => {
      assert.deepEqual(readable(decodeMessage(field(8, join(peer, fromHex(`18 ${connection}`), field(2, [4]))))).closer, [
        { id: '0102', addresses: ['04'], connection: 'NOT_CONNECTED' }
      ])
    })
  }

  it('empty addresses are none', () => {
    assert.deepEqual(decodeMessage(field(8, join(peer, field(2, []), field(2, [4])))).closer[0]?.addresses, [Uint8Array.of(4)])
  })
})

describe('records', () => {
  it('what is retired is stepped over', () => {
    assert.deepEqual(decodeRecord(join(field(1, [1]), field(3, [2]), field(4, [3]))).key, Uint8Array.of(1))
  })

  for (const [name, time] of [
    ['longer than any time', new Uint8Array(65).fill(0x30)],
    ['not UTF-8', fromHex('32303236ff')],
    ['empty', fromHex('')]
  ] as const) {
    it(`a time that is ${name} is none`, () => {
      assert.equal(decodeRecord(join(field(5, time), field(1, [1]))).timeReceived, undefined)
    })
  }

  it('a publisher that is no id and a time to live beyond 32 bits are none', () => {
    const record = decodeRecord(join(field(666, new Uint8Array(65)), varintField(777, 2 ** 32)))
    assert.deepEqual([record.publisher, record.ttl], [undefined, undefined])
    assert.equal(decodeRecord(varintField(777, 2 ** 32 - 1)).ttl, 2 ** 32 - 1)
  })
})

describe('byte fields', () => {
  it('are views of the message, plain byte arrays also of a Buffer in a pool', () => {
    const bytes = join(field(2, [7]), field(8, join(peer, field(2, [4]))), field(3, field(2, [5])))
    const pooled = Buffer.from(bytes)
    const { key, closer, record } = decodeMessage(pooled)
    const views = [key, closer[0]?.id, closer[0]?.addresses[0], record?.value]
    assert.deepEqual(views, [Uint8Array.of(7), id, Uint8Array.of(4), Uint8Array.of(5)])
    for (const view of views) {
      assert.equal(view?.buffer, pooled.buffer)
      assert.equal(view?.constructor, Uint8Array)
    }
  })
})
