/** Messages drawn by fast-check: everything that encoding and decoding again must leave as it was. */
import * as fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import type { ConnectionType, MessageType, WireMessage, WirePeer, WireRecord } from '@vicinity/wire'

export const messageTypes: readonly MessageType[] = [
  'PUT_VALUE',
  'GET_VALUE',
  'ADD_PROVIDER',
  'GET_PROVIDERS',
  'FIND_NODE',
  'PING'
]
export const connectionTypes: readonly ConnectionType[] = ['NOT_CONNECTED', 'CONNECTED', 'CAN_CONNECT', 'CANNOT_CONNECT']

const bytes = (minLength: number, maxLength: number): Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength, size: 'max' })
const optional = <T>(arbitrary: Arbitrary<T>): Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined })
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter(string => Buffer.byteLength(string) <= 64)

export const peers: Arbitrary<WirePeer> = fc.record({
  id: fc.oneof(bytes(34, 38), bytes(1, 64)),
  // 127 and 128 bytes are where a length begins to take two.
  addresses: fc.array(fc.oneof(bytes(1, 12), bytes(120, 135)), { maxLength: 5 }),
  connection: fc.constantFrom(...connectionTypes)
})

export const records: Arbitrary<WireRecord> = fc.record({
  key: bytes(0, 128),
  value: fc.oneof(bytes(0, 40), bytes(16_380, 16_390)),
  timeReceived: optional(fc.oneof(text, fc.constant('2026-08-01T12:34:56.123456789Z'))),
  publisher: optional(bytes(1, 64)),
  ttl: optional(fc.integer({ min: 1, max: 0xffff_ffff }))
})

export const messages: Arbitrary<WireMessage> = fc.record({
  type: fc.constantFrom(...messageTypes),
  key: bytes(0, 80),
  record: optional(records),
  closer: fc.array(peers, { maxLength: 8 }),
  providers: fc.array(peers, { maxLength: 8 })
})
