/**
 * Between bytes and the engine's messages: keys are hashed here, peers looked up in the contact book, and peer lists
 * trimmed to what every implementation reads.
 */
import type { PeerId } from '@libp2p/interface'
import { limits } from '@vicinity/kademlia'
import type { PeerInfo, Request, Response, Target, ValueRecord } from '@vicinity/kademlia'
import { decodeMessage, encodeFrame, formatTimeReceived, parseTimeReceived } from '@vicinity/wire'
import type { EncodedPeer, WirePeer, WireRecord } from '@vicinity/wire'
import { AddressList } from './addresses/list.ts'
import type { ContactBook } from './contacts.ts'
import { MessageError } from './errors.ts'

/** @throws WireError, or MessageError for what is no request. */
export function decodeRequest(body: Uint8Array, from: PeerId, book: ContactBook): Request {
  const message = decodeMessage(body)
  if (message.type === 'PING') {
    return { type: 'PING' }
  }

  if (message.key.length === 0 || message.key.length > limits.valueKeyBytes) {
    throw new MessageError(`a ${message.type} has a key of 1 to ${limits.valueKeyBytes} bytes, not ${message.key.length}`)
  }

  const target = book.target(message.key)
  switch (message.type) {
    case 'PUT_VALUE':
      return { type: 'PUT_VALUE', target, record: readRecord(message.record) }
    case 'ADD_PROVIDER': {
      // only what a peer says of itself is believed, and nothing else is worth reading
      const own = from.toMultihash().bytes
      const providers = message.providers.filter(({ id }) => id.length === own.length && id.every((byte, i) => byte === own[i]))
      return { type: 'ADD_PROVIDER', target, providers: readPeers(providers.slice(0, 1), book) }
    }
    default:
      return { type: message.type, target }
  }
}

/** @throws WireError. A type that was not asked for is the engine's to judge. */
export function decodeResponse(body: Uint8Array, book: ContactBook): Response {
  const message = decodeMessage(body)
  const closer = readPeers(message.closer, book)
  switch (message.type) {
    case 'GET_VALUE':
      return { type: 'GET_VALUE', closer, record: readRecord(message.record) }
    case 'GET_PROVIDERS':
      return { type: 'GET_PROVIDERS', closer, providers: readPeers(message.providers, book) }
    case 'PUT_VALUE':
      return { type: 'PUT_VALUE', record: readRecord(message.record) }
    case 'ADD_PROVIDER':
    case 'PING':
      return { type: 'PING' }
    case 'FIND_NODE':
      return { type: 'FIND_NODE', closer }
  }
}

// bounded by the targets that are referred to: a lookup sends the same frame to everyone it asks
const frames = new WeakMap<Target, Uint8Array>()

/** A request with its length prefix. */
export function encodeRequest(request: Request): Uint8Array {
  if (request.type !== 'FIND_NODE') {
    throw new MessageError(`a ${request.type} is not sent by this node`)
  }

  const { target } = request
  const frame = frames.get(target) ?? encodeFrame({ type: 'FIND_NODE', key: target.bytes })
  frames.set(target, frame)
  return frame
}

/** An answer with its length prefix; `key` is the request's. */
export function encodeResponse(response: Response, key: Uint8Array): Uint8Array {
  const budget = limits.replyPeersBytes - key.length - otherFieldsBytes
  switch (response.type) {
    case 'PING':
      return encodeFrame({ type: 'PING', key: noBytes })
    case 'FIND_NODE':
      return encodeFrame({ type: 'FIND_NODE', key, closer: encodePeers(response.closer, budget) })
    case 'GET_VALUE':
      return encodeFrame({
        type: 'GET_VALUE',
        key,
        closer: encodePeers(response.closer, budget),
        ...writeRecord(response.record)
      })
    case 'GET_PROVIDERS': {
      const providers = encodePeers(response.providers, budget)
      const left = budget - providers.reduce((sum, peer) => sum + weightOf(peer), 0)
      return encodeFrame({ type: 'GET_PROVIDERS', key, providers, closer: encodePeers(response.closer, left) })
    }
    case 'PUT_VALUE':
      return encodeFrame({ type: 'PUT_VALUE', key, ...writeRecord(response.record) })
  }
}

const noBytes = new Uint8Array(0)

function readPeers(peers: readonly WirePeer[], book: ContactBook): PeerInfo[] {
  const read: PeerInfo[] = []
  for (const peer of peers) {
    const info = book.read(peer)
    if (info !== undefined) {
      read.push(info)
    }
  }

  return read
}

/** What an answer holds beside its key and its peers: the type, the key's tag and length. */
const otherFieldsBytes = 8

/** An encoded peer has its own length before it, and in a message its field's tag before that. */
function weightOf(peer: EncodedPeer): number {
  return peer.length + 1
}

/** As many peers, from the first, as `bytes` hold: rust-libp2p reads no message that is longer than 16 KiB in all. */
function encodePeers(peers: readonly PeerInfo[], bytes: number): EncodedPeer[] {
  const encoded: EncodedPeer[] = []
  let left = bytes
  for (const { addresses } of peers) {
    if (addresses instanceof AddressList) {
      left -= weightOf(addresses.encoded)
      if (left < 0) {
        break
      }
      encoded.push(addresses.encoded)
    }
  }

  return encoded
}

function readRecord(record: WireRecord | undefined): ValueRecord | undefined {
  return (
    record && {
      key: record.key.slice(),
      value: record.value.slice(),
      received: record.timeReceived === undefined ? undefined : parseTimeReceived(record.timeReceived)
    }
  )
}

function writeRecord(record: ValueRecord | undefined): { record?: WireRecord } {
  if (record === undefined) {
    return {}
  }

  const { key, value, received } = record
  return { record: { key, value, ...(received === undefined ? {} : { timeReceived: formatTimeReceived(received) }) } }
}
