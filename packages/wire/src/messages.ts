/**
 * The messages of `/ipfs/kad/1.0.0` as plain data: the shapes that the encoder takes and the decoder gives, and the
 * numbers that stand for them on the wire.
 *
 * Source: the libp2p Kademlia DHT specification, "RPC messages", and what go, rust, js and py really send.
 */

/** What a message asks or answers. The position is the number on the wire. */
export const messageTypes = ['PUT_VALUE', 'GET_VALUE', 'ADD_PROVIDER', 'GET_PROVIDERS', 'FIND_NODE', 'PING'] as const
export type MessageType = (typeof messageTypes)[number]

/** What the sender says of its connection to a peer it names: a hint that nobody should rely on. */
export const connectionTypes = ['NOT_CONNECTED', 'CONNECTED', 'CAN_CONNECT', 'CANNOT_CONNECT'] as const
export type ConnectionType = (typeof connectionTypes)[number]

export interface WirePeer {
  /** The binary peer id: 1 to 64 bytes. Not checked to be a multihash. */
  readonly id: Uint8Array
  /** Binary multiaddrs as they came: 1 to 512 bytes each; not checked to be addresses. */
  readonly addresses: readonly Uint8Array[]
  readonly connection: ConnectionType
}

export interface WireRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** When the receiver stored it, as text: see `parseTimeReceived`. */
  readonly timeReceived?: string | undefined
  /** Binary peer id of whoever published it; only rust-libp2p sends it (field 666). */
  readonly publisher?: Uint8Array | undefined
  /** Seconds left to live, at least 1; only rust-libp2p sends it (field 777). */
  readonly ttl?: number | undefined
}

/** A decoded message. An absent key is empty, an absent list is empty, an absent record is undefined. */
export interface WireMessage {
  readonly type: MessageType
  readonly key: Uint8Array
  readonly record?: WireRecord | undefined
  readonly closer: readonly WirePeer[]
  readonly providers: readonly WirePeer[]
}

declare const encodedPeer: unique symbol

/**
 * One peer as it stands in a message, length prefix included: made by `encodePeer`, kept by the caller for as long as
 * the peer's addresses stay the same, and then only copied into each message. In a message it weighs its own length
 * and one byte more. Its bytes must not be changed.
 */
export type EncodedPeer = Uint8Array & { readonly [encodedPeer]: true }

/** A message to be sent. Peers may be given as data or already encoded; what is empty may be left out. */
export interface OutgoingMessage {
  readonly type: MessageType
  readonly key?: Uint8Array | undefined
  readonly record?: WireRecord | undefined
  readonly closer?: ReadonlyArray<WirePeer | EncodedPeer> | undefined
  readonly providers?: ReadonlyArray<WirePeer | EncodedPeer> | undefined
}
