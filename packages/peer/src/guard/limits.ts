/**
 * The bounds of what one stranger may take of a node. Each value has its reason; `docs/limits.md` is made from this file.
 */
const kib = 1024
const mib = 1024 * kib

export const guardLimits = {
  // Connections.
  /** Upgraded connections. The least useful one is closed for a new one beyond that. */
  connections: 300,
  /** Connections that only known peers may take: contacts, peers of the routing table, peers of our topics. */
  connectionsReserved: 32,
  /** Connections in the middle of their handshake. A classroom of 60 behind one address fits twice. */
  handshakes: 128,
  /** Connections of one peer id: one for each transport, twice. */
  connectionsPerPeer: 8,
  /** A handshake takes three round trips, so 5 s are enough for the slowest of links. */
  handshakeMs: 5_000,
  /** A new connection is not closed as useless before this time: identify and the first subscriptions take a second. */
  graceMs: 5_000,
  /** A peer that was cut off is refused for this time. */
  banMs: 120_000,
  /** Peers that are remembered as cut off. The oldest is forgotten first. */
  bans: 1_024,
  /** Identities in the peer store. The one that was silent for longest and is of no use goes first; each takes up to 22 kB. */
  storedPeers: 512,
  /** Addresses kept of one peer: as many as the DHT keeps. */
  peerAddresses: 32,
  /** Protocols kept of one peer: all that an application offers. */
  peerProtocols: 64,

  // Bytes that wait in one connection, and in all.
  /** Bytes of one connection over all its streams: eight DHT answers of the largest size. */
  connectionBufferBytes: 2 * mib,
  /** Bytes of all connections. The one that holds most is closed beyond that. */
  nodeBufferBytes: 48 * mib,
  /** A connection is looked at whenever it has sent so many bytes. */
  bufferStepBytes: 64 * kib,

  // Streams.
  /** Streams of one connection that have not agreed on a protocol. A stock peer opens ten at once. */
  unnegotiatedStreams: 64,
  /** Streams of one connection. The DHT serves 32, and all other protocols together fewer. */
  streamsPerConnection: 256,
  /** Streams that a peer may open a second, and in one go: go-libp2p and rust-libp2p open one for each request. */
  streamsOpened: { perSecond: 100, burst: 1_000 },
  /** Bytes of a stream before its protocol is agreed on: its first request, of any protocol that we know, fits. */
  negotiationBytes: 128 * kib,
  /** Answers that we give on a stream or connection before it is agreed on: peers offer fewer than ten protocols. */
  negotiationAnswers: 64,
  /** A protocol is agreed on within this time. */
  negotiationMs: 5_000,

  // Muxer.
  /** The receive window of a yamux stream at most, and so the longest frame that is waited for. */
  windowBytes: 1 * mib,
  /** Frames that are read a second, and in one go. Reading pauses above that. */
  frames: { perSecond: 5_000, burst: 2_500 },
  /** Frames that are handled before others have their turn. */
  framesPerTurn: 256,

  // Gossip.
  /** One RPC: what go-libp2p sends at most. */
  rpcBytes: 1 * mib + 16 * kib,
  /** Messages in one RPC. */
  rpcMessages: 512,
  /** Messages whose signature is checked before others have their turn: 32 take some 8 ms. */
  messagesPerTurn: 32,
  /** RPCs of one peer. Reading its stream pauses above that. */
  rpcs: { perSecond: 100, burst: 400 },
  /** Bytes of one peer's RPCs. Reading its stream pauses above that. */
  rpcRateBytes: { perSecond: 512 * kib, burst: 2 * mib },
  /** Messages in one peer's RPCs. Reading its stream pauses above that. */
  messages: { perSecond: 100, burst: 400 },
  /** Bytes that wait to be sent to one gossip peer. Its stream is ended above that. */
  gossipOutboundBytes: 1 * mib,
  /** Invalid signatures and empty RPCs of one peer that are forgiven. The peer is cut off above that. */
  offences: { perSecond: 0.2, burst: 20 },
  /** Peers whose rates and offences are remembered, and signers likewise. The one that was silent for longest goes first. */
  peersWatched: 1_024,
  /** Messages of one signer. Messages above that are neither shown nor forwarded, but counted. */
  signerMessages: { perSecond: 10, burst: 60 },
  /** Bytes of one signer's messages. Messages above that are neither shown nor forwarded, but counted. */
  signerBytes: { perSecond: 64 * kib, burst: 256 * kib },

  // Transports.
  /** One WebSocket message: sixteen noise frames. */
  webSocketMessageBytes: 1 * mib,
  /** Fragments of one WebSocket message: each is an object until the message is whole. */
  webSocketFragments: 64,
  /** Sockets at a WebSocket listener that have not become a WebSocket. */
  webSocketUpgrades: 64,
  /** A socket at a WebSocket listener becomes a WebSocket within this time. */
  webSocketUpgradeMs: 3_000,
  /** Bytes in flight of one QUIC stream. */
  quicStreamBytes: 512 * kib,
  /** Bytes in flight of one QUIC connection: two of its streams at their bound. */
  quicConnectionBytes: 1 * mib,
  /** Streams that a QUIC peer may have open. The library takes 60 bytes for each at every connection, used or not. */
  quicStreams: 512,
  /** WebRTC connections in their handshake: each takes 1 MB from its first packet on. */
  webRtcHandshakes: 16,
  /** From this many on a WebRTC handshake begins with a repeated request, which no made-up sender sends. */
  webRtcHandshakesTrusted: 4,
  /** Requests that wait for their repetition: 16 s of a flood of 1,000 a second, in 2 MB. */
  webRtcRequests: 16_384
} as const

/** How fast a bucket of tokens fills, and how many it holds. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}
