import { limits } from '@vicinity/kademlia'

/**
 * What the decoder makes objects of. Whatever exceeds a count is skipped unread, a peer that exceeds its limits is
 * left out, and a key or value that exceeds its own refuses the message.
 */
export interface DecodeLimits {
  /** Closer peers looked at in one message; those that turn out broken count as well. */
  readonly closerPeers: number
  /** Providers looked at in one message. */
  readonly providers: number
  /** Addresses kept of one peer: the first ones. */
  readonly addressesPerPeer: number
  /** Bytes of one address. A longer one is left out, and no view is made of it. */
  readonly addressBytes: number
  /** Bytes of one encoded peer. */
  readonly peerBytes: number
  /** Bytes of one peer id. A peer with a longer one is left out. */
  readonly peerIdBytes: number
  /** Bytes of the key of GET_PROVIDERS and ADD_PROVIDER. */
  readonly providerKeyBytes: number
  /** Bytes of the key of every other message, and of a record. */
  readonly keyBytes: number
  /** Bytes of a record's value. */
  readonly valueBytes: number
}

export const decodeLimits: DecodeLimits = Object.freeze({
  closerPeers: limits.closerPeersRead,
  providers: limits.providersRead,
  addressesPerPeer: limits.addressesStored,
  addressBytes: limits.addressBytes,
  peerBytes: limits.peerRecordBytes,
  peerIdBytes: limits.peerIdBytes,
  providerKeyBytes: limits.providerKeyBytes,
  keyBytes: limits.valueKeyBytes,
  valueBytes: limits.valueBytes
})

/** A time as text is at most 35 characters long; what is longer is no time, and no string is made of it. */
export const timeReceivedBytes = 64

/** A varint that matters: 9 bytes hold 63 bits, and nothing the protocol counts needs more. */
export const varintBytes = 9

/** A varint that is only skipped: protobuf writes a negative int32 in 10 bytes. */
export const skippedVarintBytes = 10
