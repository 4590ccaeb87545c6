import { hour, minute, second } from './time.ts'

/**
 * Every bound of the protocol and of the engine, each with its reason. Nothing in this package grows past one of these.
 */
export const limits = {
  // What the protocol fixes (the libp2p Kademlia specification; k and alpha as the public network runs them).
  /** Bucket size, and how many nearest peers an answer and a lookup's result hold. */
  k: 20,
  /** Requests in flight for one whole lookup; widened to k while it is stalled. */
  alpha: 10,
  /** How many of the nearest must have answered before the follow-up begins. */
  beta: 3,

  // What is believed of others.
  /** Closer peers read from one answer: 2k, which is what go-libp2p reads too. The rest is not even decoded. */
  closerPeersRead: 40,
  /** Providers read from one answer. */
  providersRead: 256,
  /** Candidates of one lookup. An honest one sees some 200; only a flood sees more. */
  frontier: 1_000,
  /** Paths of one lookup: each begins with a peer of its own, and S/Kademlia's authors found 8 to be enough. */
  disjointPaths: 20,

  // What a peer id, an address list and a record may weigh.
  /** One binary peer id: those of the peer ids specification have up to 44 bytes. */
  peerIdBytes: 64,
  /** Addresses kept of one peer, the first ones: a dial tries `addressesDialled` of them. */
  addressesStored: 32,
  /** Addresses parsed of one answer: all that k peers may have. Each costs up to 40 µs. */
  addressesRead: 640,
  /** Addresses of one peer in an answer of ours: k peers have to fit `replyPeersBytes`. */
  addressesSent: 16,
  /** Addresses of one peer that a dial tries: a peer with made-up addresses costs a bounded number of dials. */
  addressesDialled: 8,
  /** One binary multiaddr. A relayed WebTransport address with two certificate hashes has 230 bytes, one with a long DNS name 450. */
  addressBytes: 512,
  /** The ids that one address names: those of a relay and of the peer behind it. Each costs a base58 encoding. */
  addressPeerIds: 2,
  /** One id in an address: a key of up to 42 bytes as it is, with 2 bytes before it, or a hash of 34 bytes (the peer ids specification). */
  addressPeerIdBytes: 44,
  /** One multiaddr as text: base58 and escapes make a component at most twice as long as its bytes. */
  addressCharacters: 1_024,
  /** A peer id, or another base-encoded component of an address, as text: base58 costs the square of its length. */
  peerIdCharacters: 128,
  /** One encoded peer: go-libp2p drops records above this. */
  peerRecordBytes: 8 * 1024,
  /** Key of a provider record: a multihash of any function. */
  providerKeyBytes: 80,
  /** Key of a value record. */
  valueKeyBytes: 128,
  /** Value of a value record: it fits a request's frame together with its key and the record's other fields. */
  valueBytes: 60 * 1024,
  /** A request's frame, as accepted. */
  requestFrameBytes: 64 * 1024,
  /** A reply's frame, as accepted. */
  replyFrameBytes: 256 * 1024,
  /** The peer lists of a reply that we send: rust-libp2p reads no more than 16 KiB in one packet. */
  replyPeersBytes: 16 * 1024,

  // Time.
  /** The adaptive request timeout's lower end: a slow answer after fast ones does not count as a failure. */
  requestTimeoutMin: 1 * second,
  /** The adaptive request timeout's upper end: no request lives longer than `abandonAfter`. */
  requestTimeoutMax: 10 * second,
  /** The request timeout before any round trip was measured. */
  requestTimeoutUnmeasured: 5 * second,
  /** A request whose stream has not opened by then blocks nothing any longer. */
  openTimeout: 5 * second,
  /** A request is given up for good this long after it was sent, dialling included. */
  abandonAfter: 10 * second,
  /** A lookup ends after this time, with the peers that it has found. */
  queryTimeout: 60 * second,
  /** Each bucket is refreshed this often, as in go-libp2p. */
  refreshInterval: 10 * minute,
  /** The self-lookup and refresh that follow each other for as long as the node runs. */
  bootstrapInterval: 5 * minute,
  /** The first pause between bootstraps while the table stays low. Each further pause is twice as long. */
  bootstrapBackoffMin: 1 * second,
  /** The longest pause between bootstraps while the table stays low. */
  bootstrapBackoffMax: 5 * minute,
  /** A table entry that has been silent for this long is probed. */
  probeAfter: 10 * minute,
  /** An entry that was probed in vain is probed again after this. */
  probeRetryAfter: 1 * minute,
  /** The table is not looked through for due entries more often than this. */
  probePause: 10 * second,
  /** Saved entries that answered within this time enter the table at once. */
  restoreTrust: 24 * hour,

  // Work in flight.
  /** Operations (lookups) at once; more are refused, so that a caller in a loop cannot exhaust the node. */
  operations: 1_024,
  /** Checks of new peers in flight. */
  includeChecks: 64,
  /** New peers that wait for their check. More are dropped. As many failed checks are remembered. */
  includeQueue: 1_000,
  /** How long a candidate that just failed its check is not checked again. */
  includeRetryAfter: 1 * minute,
  /** Probes of table entries in flight. */
  probeChecks: 8,
  /** Failed queries in a row that evict an entry. */
  failuresToEvict: 2,
  /** Connected peers that the machine keeps track of; the driver's connection limit is far below. */
  connectedPeers: 4_096,
  /** Entries taken from a saved table. */
  restoredEntries: 1_000,
  /** A saved table: 4 KiB an entry. JSON of this size parses in 30 ms. */
  savedTableBytes: 4 * 1024 * 1024,

  // The size of the network, and what looks made up.
  /** Lookups that the estimate of its size rests on, the last ones: their error is 2 %. */
  sizeLookups: 150,
  /** Lookups without which there is no estimate: their error is 11 %. */
  sizeLookupsMin: 5,
  /** How many standard deviations from the median a lookup may be to count, on a scale of ratios: of 20 peers, 3.4 times. */
  sizeDeviations: 5,
  /** The divergence above which a key's neighbours look made up: .6 % of honest keys do, and 87 % of those with 10 Sybils. */
  sybilThreshold: 0.94,
  /** Walks that one suspicious lookup is widened by: log2 k + 3 reach all of its region. */
  regionWalks: 8,

  // Refresh.
  /** Refresh lookups at once: each has alpha requests in flight. */
  refreshLookups: 3,
  /** The deepest bucket whose random target is found by hashing; deeper ones use the nearest known peer's id. */
  preimageBits: 15,

  // IP groups (IPv4 /16, IPv6 /32), on the public network only.
  /** Groups of one peer. A peer that claims more groups is ignored, so that it cannot exhaust their quotas. */
  groupsPerPeer: 4,
  /** Peers of one group in a bucket: one owner of an address range cannot fill a bucket. */
  groupPerBucket: 2,
  /** Peers of one group in the routing table: one owner of an address range cannot fill the table. */
  groupPerTable: 3,
  /** Peers of one group that are taken from one answer. An answer with more loses all of that group. */
  groupPerReply: 3,

  // Traces.
  /** Characters of a trace's line: the longest is a stop that ends `operations` lookups, each with its k peers. */
  traceLineLength: 16 * 1024 * 1024,
  /** Things that a trace's line may refer to: the latest that were written out; older ones are again. Another number is another `traceVersion`. */
  traceReferences: 64 * 1024,
  /** Values within values of a trace; the machine's own go half as deep. */
  traceDepth: 16
} as const
