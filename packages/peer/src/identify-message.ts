/**
 * The bounds of what peers say of themselves in identify and identify push, applied to bytes before any of them is parsed.
 *
 * In: the messages of one stream, one after the other, which the library merges. Out: the same messages without what
 * exceeds a bound; the counts run over all messages of the stream.
 */
import { isBoundedAddress } from '@vicinity/dht'
import { bytesField, joined, readFields } from './payload/protobuf.ts'
import type { Field } from './payload/protobuf.ts'

/** Messages that the library reads from one stream. */
export const messagesMax = 10
/** Bytes of one identify message, as in the library. */
export const messageBytesMax = 8 * 1024

/** Addresses of one peer: a node behind two relays announces some 45. The peer store sorts them and compares all pairs. */
export const addressesMax = 64
/** Protocols that one peer speaks: Kubo names 40. */
export const protocolsMax = 256
/** Bytes of one protocol's name. A longer name is left out. */
export const protocolBytesMax = 256
/** The agent and the protocol version, each. */
export const versionBytesMax = 256
/** A public key: RSA keys of 8,192 bits, the longest that libp2p takes, have 1,060. */
export const publicKeyBytesMax = 2 * 1024
/** Fields of one message: more than the counts above leave room for. */
const fieldsMax = 512

const identifyField = {
  publicKey: 1,
  listenAddress: 2,
  protocol: 3,
  observedAddress: 4,
  protocolVersion: 5,
  agentVersion: 6,
  signedPeerRecord: 8
} as const

/** Fields of the signed envelope and of the peer record in it (RFC 0002 and 0003 of the libp2p specifications). */
const envelopeField = { publicKey: 1, payload: 3 } as const
const recordField = { address: 3 } as const
const addressInfoField = { multiaddr: 1 } as const

/** One stream's messages; what was counted stays counted. */
export class IdentifyBounds {
  #addresses = 0
  #protocols = 0

  /** The message without what exceeds a bound. Throws a `RangeError` for bytes that are no protobuf, or of too many fields. */
  apply(message: Uint8Array): Uint8Array {
    const fields = readFields(message, fieldsMax)
    if (fields === undefined) {
      throw new RangeError(`an identify message of ${message.length} bytes is malformed or has over ${fieldsMax} fields`)
    }

    return joined(
      fields.flatMap(field => (field.wire === 'bytes' && this.#keeps(field) ? [bytesField(field.number, field.value)] : []))
    )
  }

  #keeps({ number, value }: Field & { readonly wire: 'bytes' }): boolean {
    switch (number) {
      case identifyField.publicKey:
        return value.length <= publicKeyBytesMax
      case identifyField.listenAddress:
        return isBoundedAddress(value) && this.#addresses++ < addressesMax
      case identifyField.protocol:
        return value.length <= protocolBytesMax && this.#protocols++ < protocolsMax
      case identifyField.observedAddress:
        return isBoundedAddress(value)
      case identifyField.protocolVersion:
      case identifyField.agentVersion:
        return value.length <= versionBytesMax
      case identifyField.signedPeerRecord:
        return isBoundedRecord(value)
      default:
        return false
    }
  }
}

/** A signed record cannot be cut: one that exceeds a bound is left out, and the addresses beside it count. */
function isBoundedRecord(envelope: Uint8Array): boolean {
  const fields = readFields(envelope)
  if (fields === undefined) {
    return false
  }

  return fields.every(field => {
    if (field.wire !== 'bytes') {
      return true
    }

    switch (field.number) {
      case envelopeField.publicKey:
        return field.value.length <= publicKeyBytesMax
      case envelopeField.payload:
        return isBoundedPayload(field.value)
      default:
        return true
    }
  })
}

function isBoundedPayload(record: Uint8Array): boolean {
  const addresses = readFields(record)?.filter(({ number }) => number === recordField.address)
  return (
    addresses !== undefined &&
    addresses.length <= addressesMax &&
    addresses.every(info => info.wire === 'bytes' && hasBoundedAddress(info.value))
  )
}

function hasBoundedAddress(addressInfo: Uint8Array): boolean {
  const [field, ...others] = readFields(addressInfo) ?? []
  const isAddress = field?.wire === 'bytes' && field.number === addressInfoField.multiaddr && others.length === 0
  return isAddress && isBoundedAddress(field.value)
}
