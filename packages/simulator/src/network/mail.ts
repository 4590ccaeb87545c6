import { assert, keyBytes, limits, noAddresses, unreachable } from '@vicinity/kademlia'
import type { Contact, PeerInfo, Request, Response } from '@vicinity/kademlia'
import { decodeMessage, encodeFrame, encodeMessage, encodePeer, FrameReader, WireError } from '@vicinity/wire'
import type { EncodedPeer, WireMessage } from '@vicinity/wire'
import { movesOf, targetOf } from '../world/contacts.ts'
import type { World } from '../world/world.ts'

/** What messages are while they cross the network, and what they weigh: the length of their frames. */
export interface Mail {
  writeRequest(message: Request): Request | Uint8Array
  writeResponse(message: Response, request: Request): Response | Uint8Array
  readRequest(mail: Request | Uint8Array): Request
  /** @returns undefined for what cannot be read. */
  readResponse(mail: Response | Uint8Array): Response | undefined
  requestBytes(message: Request): number
  responseBytes(message: Response): number
}

/**
 * Messages cross as they are, and are weighed as their bytes would be. As from bytes, no more peers are read than the limit,
 * and of an answer that is longer than a frame may be nothing.
 */
export class ObjectMail implements Mail {
  writeRequest(message: Request): Request {
    return message
  }

  writeResponse(message: Response): Response {
    const tooMany = message.type === 'FIND_NODE' && message.closer.length > limits.closerPeersRead
    return tooMany && messageBytes(message) <= limits.replyFrameBytes
      ? { ...message, closer: message.closer.slice(0, limits.closerPeersRead) }
      : message
  }

  readRequest(mail: Request | Uint8Array): Request {
    return mail as Request
  }

  readResponse(mail: Response | Uint8Array): Response | undefined {
    const message = mail as Response
    const tooLong = message.type === 'FIND_NODE' && message.closer.length > limits.closerPeersRead
    return tooLong ? undefined : message
  }

  requestBytes(message: Request): number {
    return message.type === 'PING' ? pingBytes : requestBytes
  }

  responseBytes(message: Response): number {
    const bytes = messageBytes(message)
    // the length prefix is a varint
    return bytes + (bytes < 1 << 7 ? 1 : bytes < 1 << 14 ? 2 : 3)
  }
}

/** What an answer weighs without its length prefix. */
function messageBytes(message: Response): number {
  if (message.type === 'PING') {
    return pingBytes - 1
  }

  let bytes = emptyBytes
  for (const peer of 'closer' in message ? message.closer : []) {
    bytes += peer.addresses.count > 0 ? peerBytes : bareBytes
  }

  return bytes
}

/** Messages cross as the bytes that the network would carry. */
export class BytesMail implements Mail {
  readonly #world: World
  readonly #weights = new ObjectMail()
  // encoded peers, kept for as long as their contacts are
  readonly #known = new WeakMap<PeerInfo, EncodedPeer>()

  constructor(world: World) {
    this.#world = world
  }

  writeRequest(message: Request): Uint8Array {
    return message.type === 'PING'
      ? encodeFrame({ type: 'PING' })
      : encodeFrame({ type: message.type, key: message.target.bytes })
  }

  writeResponse(message: Response, request: Request): Uint8Array {
    const closer = 'closer' in message ? message.closer.map(peer => this.#encoded(peer)) : []
    return encodeFrame({ type: message.type, key: request.type === 'PING' ? undefined : request.target.bytes, closer })
  }

  readRequest(mail: Request | Uint8Array): Request {
    const { type, key } = decoded(mail as Uint8Array)
    const target = this.#world.find(key)?.contact ?? targetOf(key)
    switch (type) {
      case 'PING':
        return { type }
      case 'FIND_NODE':
      case 'GET_VALUE':
      case 'GET_PROVIDERS':
        return { type, target }
      case 'PUT_VALUE':
        return { type, target, record: undefined }
      case 'ADD_PROVIDER':
        return { type, target, providers: [] }
      default:
        return unreachable(type)
    }
  }

  readResponse(mail: Response | Uint8Array): Response | undefined {
    try {
      const { type, closer } = decoded(mail as Uint8Array)
      return type === 'PING' ? { type } : { type: 'FIND_NODE', closer: closer.map(peer => this.#read(peer)) }
    } catch (error) {
      if (error instanceof WireError) {
        return undefined
      }

      throw error
    }
  }

  requestBytes(message: Request): number {
    return this.#weights.requestBytes(message)
  }

  responseBytes(message: Response): number {
    return this.#weights.responseBytes(message)
  }

  #encoded(peer: PeerInfo): EncodedPeer {
    const known = this.#known.get(peer) ?? encoded(peer.contact, movesOf(peer.addresses))
    this.#known.set(peer, known)
    return known
  }

  #read({ id, addresses }: WireMessage['closer'][number]): PeerInfo {
    const [address] = addresses
    const peer = this.#world.find(id, address === undefined ? 0 : movesIn(address))
    assert(peer !== undefined, 'only who is in the world is named in it')
    return address === undefined ? { ...peer, addresses: noAddresses } : peer
  }
}

function decoded(frame: Uint8Array): WireMessage {
  const frames = new FrameReader(limits.replyFrameBytes)
  frames.push(frame)
  const body = frames.next()
  return decodeMessage(body ?? new Uint8Array(0))
}

function encoded({ bytes }: Pick<Contact, 'bytes'>, moves: number | undefined): EncodedPeer {
  return encodePeer({ id: bytes, addresses: moves === undefined ? [] : [addressBytes(moves)], connection: 'NOT_CONNECTED' })
}

/** /ip4/203.0.113.1/tcp/4001, for want of any other, and the next port after each move: nobody dials by it. */
function addressBytes(moves: number): Uint8Array {
  const port = firstPort + moves
  return Uint8Array.of(4, 203, 0, 113, 1, 6, port >>> 8, port & 0xff)
}

function movesIn(address: Uint8Array): number {
  return ((address[6] as number) << 8) + (address[7] as number) - firstPort
}

const firstPort = 4_001

// what things weigh, all ids and keys being of one length
const someKey = new Uint8Array(keyBytes)
const pingBytes = encodeFrame({ type: 'PING' }).length
const requestBytes = encodeFrame({ type: 'FIND_NODE', key: someKey }).length
const emptyBytes = encodeMessage({ type: 'FIND_NODE', key: someKey }).length
// one byte of tag for each
const peerBytes = 1 + encoded({ bytes: someKey }, 0).length
const bareBytes = 1 + encoded({ bytes: someKey }, undefined).length
