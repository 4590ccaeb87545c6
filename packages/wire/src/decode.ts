/**
 * Messages from bytes. What a hostile frame may cost is settled while it is read: counts and lengths are compared
 * before an object is made, and what nobody will use is stepped over.
 *
 * Leniency, where implementations differ: a broken peer is left out and the others stay; an unknown connection value
 * reads as NOT_CONNECTED; unknown fields are skipped; of a repeated scalar the last wins, a repeated record is merged.
 * A broken message, or a record over its limits, is refused as a whole.
 */
import { Cursor, Span } from './cursor.ts'
import { WireError } from './errors.ts'
import { messageTag } from './fields.ts'
import { decodeLimits } from './limits.ts'
import type { DecodeLimits } from './limits.ts'
import { messageTypes } from './messages.ts'
import type { MessageType, WireMessage, WirePeer } from './messages.ts'
import { readPeer } from './peer.ts'
import { RecordDraft } from './record.ts'

/**
 * The message in `bytes` (without a length prefix). Throws a `WireError` and nothing else, whatever the bytes are.
 *
 * All byte fields are views of `bytes`: good while it stays unchanged, and each keeps all of it alive. Who keeps one
 * for longer than it takes to handle the message copies it. No bytes at all are a PUT_VALUE without key or record,
 * for proto3 leaves out whatever is 0 or empty: that makes no sense, but it is the caller who knows.
 */
export function decodeMessage(bytes: Uint8Array, limits: DecodeLimits = decodeLimits): WireMessage {
  const cursor = new Cursor(bytes)
  const closer = new PeerList(limits.closerPeers)
  const providers = new PeerList(limits.providers)
  const key = new Span()
  let record: RecordDraft | undefined
  let typeNumber = 0

  while (!cursor.done) {
    const tag = cursor.tag()
    switch (tag) {
      case messageTag.type:
        typeNumber = cursor.varint()
        break
      case messageTag.key:
        key.take(cursor)
        break
      case messageTag.record: {
        const outerEnd = cursor.enter()
        record ??= new RecordDraft()
        record.read(cursor)
        cursor.leave(outerEnd)
        break
      }
      case messageTag.closer:
        closer.read(cursor, limits)
        break
      case messageTag.providers:
        providers.read(cursor, limits)
        break
      default:
        cursor.skip(tag)
    }
  }

  const type = typeOf(typeNumber)
  checkKey(type, key.length, limits)
  return { type, key: key.view(cursor), record: record?.finish(cursor, limits), closer: closer.peers, providers: providers.peers }
}

/** The peers of one list, of which no more than a given number are looked at. */
class PeerList {
  readonly peers: WirePeer[] = []
  #left: number

  constructor(limit: number) {
    this.#left = limit
  }

  // Broken peers use up the limit too: else a frame full of them would cost an attempt and an error each.
  read(cursor: Cursor, limits: DecodeLimits): void {
    if (this.#left === 0) {
      cursor.leave(cursor.enter())
      return
    }

    this.#left--
    const peer = readPeer(cursor, limits)
    if (peer !== undefined) {
      this.peers.push(peer)
    }
  }
}

function typeOf(number: number): MessageType {
  const type = messageTypes[number]
  if (type === undefined) {
    throw new WireError('ERR_MESSAGE_TYPE', `the protocol has no message type ${number}, only 0 to ${messageTypes.length - 1}`)
  }

  return type
}

function checkKey(type: MessageType, length: number, limits: DecodeLimits): void {
  const limit = type === 'GET_PROVIDERS' || type === 'ADD_PROVIDER' ? limits.providerKeyBytes : limits.keyBytes
  if (length > limit) {
    throw new WireError('ERR_KEY_TOO_LONG', `a ${type} key of ${length} bytes is over the limit of ${limit}`)
  }
}
