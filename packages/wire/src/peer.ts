/**
 * Peers inside messages: 1 id, 2 addresses, 3 connection. Encoded once and cached by the caller; decoded leniently,
 * because one bad peer in an answer says nothing against the others.
 */
import { assert, limits as protocolLimits } from '@vicinity/kademlia'
import { Span } from './cursor.ts'
import type { Cursor } from './cursor.ts'
import { WireError } from './errors.ts'
import { peerTag } from './fields.ts'
import type { DecodeLimits } from './limits.ts'
import { connectionTypes } from './messages.ts'
import type { EncodedPeer, WirePeer } from './messages.ts'
import { bytesFieldLength, varintFieldLength, varintLength, writeBytesField, writeVarint, writeVarintField } from './varint.ts'

/**
 * The bytes of one peer as they stand in a message. Addresses that would take it over 8 KiB are left out, for its
 * readers drop a larger record, or (as go does) those addresses.
 */
export function encodePeer(peer: WirePeer): EncodedPeer {
  assert(
    peer.id.byteLength > 0 && peer.id.byteLength <= protocolLimits.peerIdBytes,
    `a peer id has 1 to ${protocolLimits.peerIdBytes} bytes, not ${peer.id.byteLength}`
  )
  const connection = connectionTypes.indexOf(peer.connection)
  const connectionLength = varintFieldLength(peerTag.connection, connection)

  // As in go, the connection's two bytes count against the 8 KiB even where they are left out for being 0.
  let size = bytesFieldLength(peerTag.id, peer.id.byteLength) + connectionLength
  let addresses = 0
  for (const address of peer.addresses) {
    const grown = size + bytesFieldLength(peerTag.address, address.byteLength)
    if (grown > protocolLimits.peerRecordBytes) {
      break
    }

    size = grown
    addresses++
  }

  size -= connection > 0 ? 0 : connectionLength
  const bytes = new Uint8Array(varintLength(size) + size)
  let at = writeVarint(bytes, 0, size)
  at = writeBytesField(bytes, at, peerTag.id, peer.id)
  for (const address of peer.addresses.slice(0, addresses)) {
    at = writeBytesField(bytes, at, peerTag.address, address)
  }

  if (connection > 0) {
    writeVarintField(bytes, at, peerTag.connection, connection)
  }

  return bytes as EncodedPeer
}

/**
 * Reads the peer that comes next, or steps over it and gives undefined if it is broken, larger than a peer may be,
 * or without a usable id. Throws only when the message around it cannot go on.
 */
export function readPeer(cursor: Cursor, limits: DecodeLimits): WirePeer | undefined {
  const outerEnd = cursor.enter()
  try {
    return cursor.end - cursor.at > limits.peerBytes ? undefined : readPeerFields(cursor, limits)
  } catch (error) {
    if (error instanceof WireError) {
      return undefined
    }

    throw error
  } finally {
    cursor.leave(outerEnd)
  }
}

function readPeerFields(cursor: Cursor, limits: DecodeLimits): WirePeer | undefined {
  const addresses: Uint8Array[] = []
  const id = new Span()
  let connection = 0

  while (!cursor.done) {
    const tag = cursor.tag()
    switch (tag) {
      case peerTag.id:
        id.take(cursor)
        break
      case peerTag.address: {
        const length = cursor.length()
        const from = cursor.at
        cursor.at += length
        if (length > 0 && length <= limits.addressBytes && addresses.length < limits.addressesPerPeer) {
          addresses.push(cursor.view(from, cursor.at))
        }
        break
      }
      case peerTag.connection:
        connection = cursor.enumeration()
        break
      default:
        cursor.skip(tag)
    }
  }

  if (id.length === 0 || id.length > limits.peerIdBytes) {
    return undefined
  }

  return { id: id.view(cursor), addresses, connection: connectionTypes[connection] ?? 'NOT_CONNECTED' }
}
