import type { PrivateKey } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { TraceSink } from '@vicinity/dht'

/**
 * What a peer can be told, in one place. Addresses arrive classified (see `addresses.ts`) and the key arrives loaded
 * (see `identity.ts`), so that nothing in here can be malformed.
 */
export interface PeerOptions {
  /** Who the peer is: Ed25519 (ids `12D3KooW…`) or secp256k1 (`16Uiu2…`). */
  readonly privateKey: PrivateKey
  /** Where it listens; a port of 0 takes a free one. Empty: it only dials. */
  readonly listen: readonly Multiaddr[]
  /** Peers through which it enters the DHT: dialled at the start, and again with back-off while they are away. */
  readonly bootstrap: readonly Multiaddr[]
  /** Peers to be connected to besides: dialled like the former, but the DHT's start does not depend on them. */
  readonly dial: readonly Multiaddr[]
  /** Which addresses the DHT believes and tells. */
  readonly network: NetworkScope
  /** The DHT's protocol, as `/ipfs/kad/1.0.0`. */
  readonly protocol: string
  /** How chat messages are written. All formats are read. */
  readonly payload: PayloadFormat
  /** What becomes of chat messages that nobody signed. */
  readonly unsigned: UnsignedPolicy
  /** Look for peers on the local network by multicast DNS. */
  readonly mdns: boolean
  /** The agent that identify tells, as `name/version`. */
  readonly agent: string
  /** The protocol version that identify tells. */
  readonly identifyProtocol: string
  /** Say hello to each peer that subscribes to the chat topic. */
  readonly greet: boolean
  /** GossipSub topics to subscribe to, in order. */
  readonly topics: readonly string[]
  /** Where a trace of everything that the DHT is told and decides is written; it names peers and their addresses. */
  readonly trace: TraceSink | undefined
}

/**
 * `public` drops private and loopback addresses, `local` keeps all; `auto` is `local` only while all bootstrap
 * addresses and all announced ones are private or loopback.
 */
export type NetworkScope = 'auto' | 'local' | 'public'

/** The chat payloads in use among Universal Connectivity peers; see `payload/`. */
export type PayloadFormat = 'text' | 'flat' | 'oneof' | 'json' | 'pipe'

export type UnsignedPolicy = 'refuse' | 'accept'

export const networkScopes: readonly NetworkScope[] = ['auto', 'local', 'public']
export const payloadFormats: readonly PayloadFormat[] = ['text', 'flat', 'oneof', 'json', 'pipe']
export const unsignedPolicies: readonly UnsignedPolicy[] = ['refuse', 'accept']

export const chatTopic = 'universal-connectivity'
export const fileTopic = 'universal-connectivity-file'
export const discoveryTopic = 'universal-connectivity-browser-peer-discovery'

/** Presets: everything but the key, which each peer brings. */
export type PresetName = 'headless' | 'local'

type Preset = Omit<PeerOptions, 'privateKey'>

const common = {
  listen: [],
  bootstrap: [],
  dial: [],
  protocol: '/ipfs/kad/1.0.0',
  unsigned: 'refuse',
  agent: 'universal-connectivity/0.1.0',
  identifyProtocol: '/ipfs/id/1.0.0',
  topics: [chatTopic, fileTopic, discoveryTopic],
  trace: undefined
} as const satisfies Partial<Preset>

export const presets: Readonly<Record<PresetName, Preset>> = {
  /** A node without a person at it, as the Kademlia checkpoint asks: it greets, in the workshop's protobuf. */
  headless: { ...common, network: 'auto', payload: 'flat', mdns: false, greet: true },
  /** A peer of a local network: found by multicast DNS, speaking plain text as the applications do. */
  local: { ...common, network: 'local', payload: 'text', mdns: true, greet: false }
}

/** A preset with what was overridden; an override of `undefined` overrides nothing. */
export function withPreset(preset: PresetName, overrides: PeerOverrides): PeerOptions {
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined)

  return { ...presets[preset], ...(Object.fromEntries(given) as Pick<PeerOptions, 'privateKey'> & Partial<Preset>) }
}

export type PeerOverrides = Pick<PeerOptions, 'privateKey'> & { readonly [K in keyof Preset]?: Preset[K] | undefined }
