/**
 * The same schema in another implementation of protobuf: the judge of what our bytes mean.
 * Written from the field numbers, with what rust, py and older versions of go add.
 */
import type { WireMessage, WirePeer, WireRecord } from '@vicinity/wire'
import protobuf from 'protobufjs'
import { toHex } from './readable.ts'
import type { ReadableMessage, ReadablePeer, ReadableRecord } from './readable.ts'

const { root } = protobuf.parse(`
  syntax = "proto3";

  enum MessageType { PUT_VALUE = 0; GET_VALUE = 1; ADD_PROVIDER = 2; GET_PROVIDERS = 3; FIND_NODE = 4; PING = 5; }
  enum ConnectionType { NOT_CONNECTED = 0; CONNECTED = 1; CAN_CONNECT = 2; CANNOT_CONNECT = 3; }

  message Record {
    bytes key = 1;
    bytes value = 2;
    bytes author = 3;
    bytes signature = 4;
    string timeReceived = 5;
    bytes publisher = 666;
    uint32 ttl = 777;
  }

  message Peer {
    bytes id = 1;
    repeated bytes addrs = 2;
    ConnectionType connection = 3;
    bytes signedRecord = 4;
  }

  message Message {
    MessageType type = 1;
    bytes key = 2;
    Record record = 3;
    repeated Peer closerPeers = 8;
    repeated Peer providerPeers = 9;
    int32 clusterLevelRaw = 10;
    bytes senderRecord = 11;
    fixed32 future32 = 100;
    sfixed64 future64 = 2000;
  }
`)

const messageCodec = root.lookupType('Message')
const recordCodec = root.lookupType('Record')

/** Fields that others write and we only have to step over. */
export interface ForeignFields {
  readonly clusterLevelRaw: number
  readonly senderRecord: Uint8Array
  readonly future32: number
  readonly future64: number
}

/** The message as protobufjs encodes it, optionally with fields that are not ours. */
export function referenceEncode(message: WireMessage, foreign: Partial<ForeignFields> = {}): Uint8Array {
  return encode(messageCodec, {
    type: enumNumber('MessageType', message.type),
    key: message.key,
    record: message.record === undefined ? undefined : recordFields(message.record),
    closerPeers: message.closer.map(peerFields),
    providerPeers: message.providers.map(peerFields),
    ...foreign
  })
}

export function referenceEncodeRecord(record: WireRecord): Uint8Array {
  return encode(recordCodec, recordFields(record))
}

/** What protobufjs makes of the bytes of a message. */
export function referenceDecode(bytes: Uint8Array): ReadableMessage {
  const message = messageCodec.toObject(messageCodec.decode(bytes), { enums: String, defaults: true, longs: Number }) as {
    type: string
    key: Uint8Array
    record: PlainRecord | null
    closerPeers: PlainPeer[]
    providerPeers: PlainPeer[]
  }

  return {
    type: message.type,
    key: toHex(message.key),
    ...(message.record === null ? {} : { record: readRecord(message.record) }),
    closer: message.closerPeers.map(readPeer),
    providers: message.providerPeers.map(readPeer)
  }
}

interface PlainPeer {
  id: Uint8Array
  addrs: Uint8Array[]
  connection: string
}
interface PlainRecord {
  key: Uint8Array
  value: Uint8Array
  timeReceived: string
  publisher: Uint8Array
  ttl: number
}

function readPeer(peer: PlainPeer): ReadablePeer {
  return { id: toHex(peer.id), addresses: peer.addrs.map(toHex), connection: peer.connection }
}

function readRecord(record: PlainRecord): ReadableRecord {
  return {
    key: toHex(record.key),
    value: toHex(record.value),
    ...(record.timeReceived === '' ? {} : { timeReceived: record.timeReceived }),
    ...(record.publisher.length === 0 ? {} : { publisher: toHex(record.publisher) }),
    ...(record.ttl === 0 ? {} : { ttl: record.ttl })
  }
}

function peerFields(peer: WirePeer): object {
  return { id: peer.id, addrs: peer.addresses, connection: enumNumber('ConnectionType', peer.connection) }
}

function recordFields(record: WireRecord): object {
  return { ...record }
}

function enumNumber(name: string, value: string): number | undefined {
  return root.lookupEnum(name).values[value]
}

// protobufjs writes whatever a field is set to, 0 and empty too; proto3 leaves those out, and so do we.
function encode(codec: protobuf.Type, fields: object): Uint8Array {
  return Uint8Array.from(codec.encode(codec.create(withoutDefaults(fields))).finish())
}

function withoutDefaults(fields: object): Record<string, unknown> {
  const entries: Array<[string, unknown]> = []
  for (const [name, value] of Object.entries(fields) as Array<[string, unknown]>) {
    if (value === undefined || value === 0 || value === '' || (value instanceof Uint8Array && value.length === 0)) {
      continue
    }

    const plain = Array.isArray(value)
      ? value.map(item => (item instanceof Uint8Array ? item : withoutDefaults(item as object)))
      : value
    entries.push([
      name,
      typeof plain === 'object' && plain !== null && !Array.isArray(plain) && !(plain instanceof Uint8Array)
        ? withoutDefaults(plain)
        : plain
    ])
  }

  return Object.fromEntries(entries)
}
