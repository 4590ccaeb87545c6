/**
 * Messages as text, for comparing and for reading failures: byte fields in hexadecimal, in the same shape as the files
 * in `vectors/kad-dht`. What is undefined is absent.
 */
import type { WireMessage, WirePeer, WireRecord } from '@vicinity/wire'

export interface ReadablePeer {
  readonly id: string
  readonly addresses: readonly string[]
  readonly connection: string
}

export interface ReadableRecord {
  readonly key: string
  readonly value: string
  readonly timeReceived?: string
  readonly publisher?: string
  readonly ttl?: number
}

export interface ReadableMessage {
  readonly type: string
  readonly key: string
  readonly record?: ReadableRecord
  readonly closer: readonly ReadablePeer[]
  readonly providers: readonly ReadablePeer[]
}

export function readable(message: WireMessage): ReadableMessage {
  return {
    type: message.type,
    key: toHex(message.key),
    ...(message.record === undefined ? {} : { record: readableRecord(message.record) }),
    closer: message.closer.map(readablePeer),
    providers: message.providers.map(readablePeer)
  }
}

export function readableRecord(record: WireRecord): ReadableRecord {
  return {
    key: toHex(record.key),
    value: toHex(record.value),
    ...(record.timeReceived === undefined ? {} : { timeReceived: record.timeReceived }),
    ...(record.publisher === undefined ? {} : { publisher: toHex(record.publisher) }),
    ...(record.ttl === undefined ? {} : { ttl: record.ttl })
  }
}

function readablePeer(peer: WirePeer): ReadablePeer {
  return { id: toHex(peer.id), addresses: peer.addresses.map(toHex), connection: peer.connection }
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** Bytes from hexadecimal, in which spaces may stand anywhere. */
export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}
