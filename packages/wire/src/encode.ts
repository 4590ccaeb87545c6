/**
 * Messages to bytes. The exact size is computed first, so that one buffer holds the frame from its length prefix to
 * its end, and serving FIND_NODE comes down to copying twenty cached peers into it.
 */
import { messageTag } from './fields.ts'
import { messageTypes } from './messages.ts'
import type { EncodedPeer, OutgoingMessage, WirePeer } from './messages.ts'
import { encodePeer } from './peer.ts'
import { encodeRecord } from './record.ts'
import { bytesFieldLength, varintLength, writeBytesField, writeVarint, writeVarintField } from './varint.ts'

/** The message as protobuf, without a length prefix. */
export function encodeMessage(message: OutgoingMessage): Uint8Array {
  const parts = measure(message)
  const bytes = new Uint8Array(parts.size)
  write(parts, bytes, 0)
  return bytes
}

/** The message as it goes on a stream: an unsigned varint length, then the protobuf. */
export function encodeFrame(message: OutgoingMessage): Uint8Array {
  const parts = measure(message)
  const bytes = new Uint8Array(varintLength(parts.size) + parts.size)
  write(parts, bytes, writeVarint(bytes, 0, parts.size))
  return bytes
}

/** A message whose every part has its final bytes, and what they weigh together. */
interface Parts {
  readonly type: number
  readonly key: Uint8Array | undefined
  readonly record: Uint8Array | undefined
  readonly closer: readonly EncodedPeer[]
  readonly providers: readonly EncodedPeer[]
  readonly size: number
}

const noPeers: readonly EncodedPeer[] = []

function measure(message: OutgoingMessage): Parts {
  const type = messageTypes.indexOf(message.type)
  const key = message.key !== undefined && message.key.byteLength > 0 ? message.key : undefined
  const record = message.record === undefined ? undefined : encodeRecord(message.record)
  const closer = encodeAll(message.closer)
  const providers = encodeAll(message.providers)

  let size = peersLength(closer) + peersLength(providers)
  // Type 0 is left out, as proto3 does with every number that is 0.
  size += type > 0 ? 2 : 0
  size += key === undefined ? 0 : bytesFieldLength(messageTag.key, key.byteLength)
  size += record === undefined ? 0 : bytesFieldLength(messageTag.record, record.byteLength)

  return { type, key, record, closer, providers, size }
}

function write(parts: Parts, into: Uint8Array, at: number): void {
  if (parts.type > 0) {
    at = writeVarintField(into, at, messageTag.type, parts.type)
  }

  if (parts.key !== undefined) {
    at = writeBytesField(into, at, messageTag.key, parts.key)
  }

  if (parts.record !== undefined) {
    at = writeBytesField(into, at, messageTag.record, parts.record)
  }

  at = writePeers(into, at, messageTag.closer, parts.closer)
  writePeers(into, at, messageTag.providers, parts.providers)
}

// An encoded peer starts with its length, so it lacks only the tag, which for both lists is one byte.
function peersLength(peers: readonly EncodedPeer[]): number {
  let length = peers.length
  for (const peer of peers) {
    length += peer.byteLength
  }

  return length
}

function writePeers(into: Uint8Array, at: number, tag: number, peers: readonly EncodedPeer[]): number {
  for (const peer of peers) {
    into[at++] = tag
    into.set(peer, at)
    at += peer.byteLength
  }

  return at
}

/** The list itself where every peer comes encoded, as when serving; a new one only where some do not. */
function encodeAll(peers: ReadonlyArray<WirePeer | EncodedPeer> = noPeers): readonly EncodedPeer[] {
  return peers.every(isEncoded) ? peers : peers.map(peer => (isEncoded(peer) ? peer : encodePeer(peer)))
}

function isEncoded(peer: WirePeer | EncodedPeer): peer is EncodedPeer {
  return peer instanceof Uint8Array
}
