/**
 * Between bytes and the engine's messages: keys are hashed here, peers looked up in the contact book, and peer lists
 * trimmed to what every implementation reads.
 */
import { limits } from '@vicinity/kademlia'
import type { PeerInfo, Request, Response, Target, ValueRecord } from '@vicinity/kademlia'
import { decodeLimits, decodeMessage, encodeFrame, formatTimeReceived } from '@vicinity/wire'
import type { DecodeLimits, EncodedPeer, WirePeer, WireRecord } from '@vicinity/wire'
import { AddressList } from './addresses/list.ts'
import type { ContactBook } from './contacts.ts'
import { MessageError } from './errors.ts'

/** The peer lists of a request are stepped over: nothing here stores providers, and no request asks by closer peers. */
const requestLimits: DecodeLimits = { ...decodeLimits, closerPeers: 0, providers: 0 }
/** This node never asks for providers, so an answer's are stepped over. */
const responseLimits: DecodeLimits = { ...decodeLimits, providers: 0 }

/**
 * A request without the parts that nothing uses: this node stores neither the record of a PUT_VALUE nor the providers of
 * an ADD_PROVIDER.
 *
 * @throws WireError, or MessageError for what is no request.
 */
export function decodeRequest(body: Uint8Array, book: ContactBook): Request {
  const message = decodeMessage(body, requestLimits)
  if (message.type === 'PING') {
    return { type: 'PING' }
  }

  if (message.key.length === 0 || message.key.length > limits.valueKeyBytes) {
    throw new MessageError(`a ${message.type} has a key of 1 to ${limits.valueKeyBytes} bytes, not ${message.key.length}`)
  }

  const target = book.target(message.key)
  switch (message.type) {
    case 'PUT_VALUE':
      return { type: 'PUT_VALUE', target, record: undefined }
    case 'ADD_PROVIDER':
      return { type: 'ADD_PROVIDER', target, providers: [] }
    default:
      return { type: message.type, target }
  }
}

/**
 * An answer. Its peers are read only if it is of the one type that this node asks for, FIND_NODE: the engine refuses
 * every other answer for its type alone.
 *
 * @throws WireError.
 */
export function decodeResponse(body: Uint8Array, book: ContactBook): Response {
  const message = decodeMessage(body, responseLimits)
  switch (message.type) {
    case 'FIND_NODE':
      return { type: 'FIND_NODE', closer: readPeers(message.closer, book) }
    case 'GET_VALUE':
      return { type: 'GET_VALUE', closer: [], record: undefined }
    case 'GET_PROVIDERS':
      return { type: 'GET_PROVIDERS', closer: [], providers: [] }
    case 'PUT_VALUE':
      return { type: 'PUT_VALUE', record: undefined }
    case 'ADD_PROVIDER':
    case 'PING':
      return { type: 'PING' }
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

/** All peers; those behind the first `addressesRead` addresses have none. */
function readPeers(peers: readonly WirePeer[], book: ContactBook): PeerInfo[] {
  const read: PeerInfo[] = []
  let left = limits.addressesRead
  for (const peer of peers) {
    const addresses = peer.addresses.length <= left ? peer.addresses : peer.addresses.slice(0, left)
    left -= addresses.length
    const info = book.read({ ...peer, addresses })
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

function writeRecord(record: ValueRecord | undefined): { record?: WireRecord } {
  if (record === undefined) {
    return {}
  }

  const { key, value, received } = record
  return { record: { key, value, ...(received === undefined ? {} : { timeReceived: formatTimeReceived(received) }) } }
}
