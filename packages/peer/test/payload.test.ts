/** The chat payloads: bytes of other peers, an independent protobuf, and that no bytes do any harm. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { payloadFormats } from '../src/options.ts'
import { readFields } from '../src/payload/protobuf.ts'
import { payloadBytesMax, readPayload, writePayload } from '../src/payload/sniff.ts'

const peer = '12D3KooWGbUAvhH1CGoG5xvuB1CZMRTiNjdBEg5fgRY4vFdRdqQD'
const sender = { peer, now: 1_700_000_000_999 }
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Flat { string from = 1; string message = 2; int64 timestamp = 3; Type type = 4; enum Type { CHAT = 0; FILE = 1; DISCOVERY = 2; } }
  message OneOf { oneof body { Chat chat = 1; File file = 2; Data data = 3; Discovery discovery = 4; } }
  message Chat { string message = 1; }
  message File { string name = 1; uint64 size = 2; bytes data = 3; }
  message Data { string data = 1; }
  message Discovery { string peer = 1; repeated bytes multiaddrs = 2; }
`)
const Flat = root.lookupType('Flat')
const OneOf = root.lookupType('OneOf')

const others: ReadonlyArray<{ readonly what: string; readonly bytes: Uint8Array; readonly reads: unknown }> = [
  {
    what: 'the Rust workshop, lesson 06: prost writes the fields in order and leaves defaults out',
    bytes: Buffer.from(
      '0a34313244334b6f6f5747625541766848314347' +
        '6f47357876754231435a4d5254694e6a6442456735666752593476466452647151441205' +
        '68656c6c6f1880e2cfaa06',
      'hex'
    ),
    reads: { format: 'flat', kind: 'chat', text: 'hello' }
  },
  {
    what: 'a file announced in the same form',
    bytes: Flat.encode({ from: peer, message: 'QmFile', timestamp: 1, type: 1 }).finish(),
    reads: { format: 'flat', kind: 'file', text: 'QmFile' }
  },
  {
    what: 'a browser peer in the same form',
    bytes: Flat.encode({ from: peer, message: 'here', timestamp: 1, type: 2 }).finish(),
    reads: { format: 'flat', kind: 'discovery', text: 'here' }
  },
  {
    what: 'the Rust workshop, lesson 08: chat',
    bytes: Buffer.from('0a070a0568656c6c6f', 'hex'),
    reads: { format: 'oneof', kind: 'chat', text: 'hello' }
  },
  {
    what: 'the Rust workshop, lesson 08: a file',
    bytes: OneOf.encode({ file: { name: 'a.txt', size: 3, data: Uint8Array.of(1, 2, 255) } }).finish(),
    reads: { format: 'oneof', kind: 'file', text: 'a.txt' }
  },
  {
    what: 'the Rust workshop, lesson 08: data',
    bytes: OneOf.encode({ data: { data: 'x' } }).finish(),
    reads: { format: 'oneof', kind: 'data', text: 'x' }
  },
  {
    what: 'the Rust workshop, lesson 08: a peer',
    bytes: OneOf.encode({ discovery: { peer, multiaddrs: [Uint8Array.of(4, 127, 0, 0, 1)] } }).finish(),
    reads: { format: 'oneof', kind: 'discovery', text: peer }
  },
  {
    what: 'the JavaScript workshop: chat',
    bytes: utf8('{"type":1,"chat":{"message":"hello"}}'),
    reads: { format: 'json', kind: 'chat', text: 'hello' }
  },
  {
    what: 'the JavaScript workshop: a file',
    bytes: utf8('{"type":2,"file":{"name":"a.txt","size":3,"data":"AQL/"}}'),
    reads: { format: 'json', kind: 'file', text: 'a.txt' }
  },
  {
    what: 'the JavaScript workshop: a peer',
    bytes: utf8(`{"type":3,"discovery":{"peerId":"${peer}","multiaddrs":[]}}`),
    reads: { format: 'json', kind: 'discovery', text: peer }
  },
  {
    what: 'the Python workshop, with bars in the text',
    bytes: utf8(`${peer}|a|b||1700000000|0`),
    reads: { format: 'pipe', kind: 'chat', text: 'a|b|' }
  },
  // What resembles another format is text.
  { what: 'a text that is a protobuf of unknown fields', bytes: utf8('hi'), reads: { format: 'text', kind: 'chat', text: 'hi' } },
  { what: 'nothing', bytes: utf8(''), reads: { format: 'text', kind: 'chat', text: '' } },
  { what: 'a byte order mark', bytes: utf8('\ufeffhi'), reads: { format: 'text', kind: 'chat', text: '\ufeffhi' } },
  {
    what: 'a flat message from nobody',
    bytes: utf8('\n\u0003abc\u0012\u0002hi'),
    reads: { format: 'text', kind: 'chat', text: '\n\u0003abc\u0012\u0002hi' }
  },
  { what: 'JSON of another kind', bytes: utf8('{"type":"1"}'), reads: { format: 'text', kind: 'chat', text: '{"type":"1"}' } },
  {
    what: 'JSON whose body is missing',
    bytes: utf8('{"type":1,"file":{"name":"x"}}'),
    reads: { format: 'text', kind: 'chat', text: '{"type":1,"file":{"name":"x"}}' }
  },
  {
    what: 'JSON that names what every object has',
    bytes: utf8('{"type":1,"chat":{"__proto__":{"message":"x"}}}'),
    reads: { format: 'text', kind: 'chat', text: '{"type":1,"chat":{"__proto__":{"message":"x"}}}' }
  },
  { what: 'bars without a peer', bytes: utf8('a|b|1|2'), reads: { format: 'text', kind: 'chat', text: 'a|b|1|2' } },
  {
    what: 'bars without numbers',
    bytes: utf8(`${peer}|b|now|chat`),
    reads: { format: 'text', kind: 'chat', text: `${peer}|b|now|chat` }
  }
]

for (const { what, bytes, reads } of others) {
  test(`reads ${what}`, () => {
    const read = readPayload(bytes)
    assert.ok(read.ok)
    assert.deepEqual({ format: read.format, ...read.payload }, reads)
  })
}

test('what is neither a format nor text cannot be read, and says so', () => {
  assert.equal(readPayload(Uint8Array.of(0xff, 0xfe)).ok, false)
  // A oneof of the right shape whose string is not UTF-8.
  assert.equal(readPayload(Uint8Array.of(0x0a, 0x03, 0x0a, 0x01, 0xff)).ok, false)
})

test('a payload over the bound is not looked at', () => {
  assert.equal(readPayload(new Uint8Array(payloadBytesMax).fill(0x61)).ok, true)
  const read = readPayload(new Uint8Array(payloadBytesMax + 1).fill(0x61))
  assert.ok(!read.ok)
  assert.match(read.reason, /131073 bytes/)
})

const text = fc.string({ unit: 'grapheme', maxLength: 200 })

for (const format of payloadFormats.filter(name => name !== 'text')) {
  test(`what is written as ${format} reads as that`, () => {
    fc.assert(
      fc.property(text, message => {
        const read = readPayload(writePayload(format, message, sender))
        assert.ok(read.ok)
        assert.deepEqual({ format: read.format, ...read.payload }, { format, kind: 'chat', text: message })
      })
    )
  })
}

test('what is written as text reads as itself, unless it is another format byte for byte', () => {
  fc.assert(
    fc.property(text, message => {
      const read = readPayload(writePayload('text', message, sender))
      assert.ok(read.ok)
      if (read.format === 'text') {
        assert.equal(read.payload.text, message)
      } else {
        assert.deepEqual(utf8(message), writePayload(read.format, read.payload.text, sender))
      }
    })
  )
})

test('another protobuf reads what is written', () => {
  fc.assert(
    fc.property(text, message => {
      assert.deepEqual(Flat.toObject(Flat.decode(writePayload('flat', message, sender)), { longs: Number, defaults: true }), {
        from: peer,
        message,
        timestamp: 1_700_000_000,
        type: 0
      })
      assert.deepEqual(OneOf.toObject(OneOf.decode(writePayload('oneof', message, sender)), { defaults: true }), {
        chat: { message }
      })
    })
  )
})

test('what another protobuf writes is read', () => {
  fc.assert(
    fc.property(text, fc.bigInt({ min: 0n, max: 2n ** 53n }), (message, seconds) => {
      const bytes = Flat.encode({ from: peer, message: `m${message}`, timestamp: Number(seconds), type: 0 }).finish()
      const read = readPayload(bytes)
      assert.deepEqual(read, { ok: true, format: 'flat', payload: { kind: 'chat', text: `m${message}` } })
    })
  )
})

test('no bytes throw, and each answer is text or a reason', () => {
  const nearly = fc
    .tuple(fc.constantFrom(...payloadFormats), text, fc.nat(300), fc.integer({ min: 0, max: 255 }))
    .map(([format, message, at, byte]) => {
      const bytes = writePayload(format, message, sender)
      return bytes.length === 0 ? bytes : bytes.with(at % bytes.length, byte)
    })

  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), nearly), bytes => {
      const read = readPayload(bytes)
      assert.equal(typeof (read.ok ? read.payload.text : read.reason), 'string')
    }),
    { numRuns: 2_000 }
  )
})

test('a message of too many fields, and one that is cut off, are no protobuf', () => {
  assert.equal(readFields(Uint8Array.of(0x0a, 0x05, 0x61)), undefined)
  assert.equal(readFields(Uint8Array.of(0x08, ...new Array<number>(10).fill(0xff), 0x01)), undefined)
  assert.equal(readFields(Uint8Array.of(0x0b)), undefined)
  // Field 1 with the value 1, over and over: two bytes of the value 8 and 1.
  const fields = (count: number): Uint8Array => Uint8Array.from({ length: 2 * count }, (_, at) => (at % 2 === 0 ? 0x08 : 0x01))
  assert.equal(readFields(fields(256))?.length, 256)
  assert.equal(readFields(fields(257)), undefined)
})

test('JSON of values within values without end is not parsed', t => {
  const parse = t.mock.method(JSON, 'parse')
  const nested = (depth: number): Uint8Array =>
    utf8(`{"type":1,"chat":{"message":"x","more":${'['.repeat(depth)}${']'.repeat(depth)}}}`)
  assert.equal(readPayload(nested(60_000)).ok, true, 'text')
  assert.equal(parse.mock.callCount(), 0)
  const read = readPayload(nested(14))
  assert.ok(read.ok && read.format === 'json')
  // what stands within a string is not counted
  const message = `${'['.repeat(50)}\\"${'{'.repeat(50)}`
  const quoted = readPayload(utf8(JSON.stringify({ type: 1, chat: { message } })))
  assert.ok(quoted.ok && quoted.format === 'json' && quoted.payload.text === message)
})
