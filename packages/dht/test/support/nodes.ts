/** Real libp2p nodes on loopback, of ours and of the stock DHT, that end with their test. */
import type { TestContext } from 'node:test'
import { identify, identifyPush } from '@libp2p/identify'
import type { Identify } from '@libp2p/identify'
import type { Libp2p, PeerId } from '@libp2p/interface'
import { kadDHT as stockDHT, passthroughMapper as stockMapper } from '@libp2p/kad-dht'
import type { KadDHTComponents as StockComponents, SingleKadDHT } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import type { Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { compareDistance, keyFromBytes } from '@vicinity/kademlia'
import type { Key } from '@vicinity/kademlia'
import { createLibp2p } from 'libp2p'
import type { Libp2pOptions } from 'libp2p'
import { sha256 } from '@noble/hashes/sha2.js'
import { kadDHT, passthroughMapper } from '../../src/index.ts'
import type { KadDHT, KadDHTComponents, KadDHTInit } from '../../src/index.ts'

export const protocol = '/ipfs/kad/1.0.0'

export type Ours = Libp2p<{ dht: KadDHT; identify: Identify; ping: Ping; components: Behind }>
export type Stock = Libp2p<{ dht: SingleKadDHT; identify: Identify; ping: Ping }>
export type Plain = Libp2p<{ identify: Identify; ping: Ping; components: Behind }>

export type Behind = Pick<KadDHTComponents, 'registrar' | 'connectionManager' | 'addressManager' | 'events' | 'datastore'>

export interface NodeOptions {
  readonly dht?: KadDHTInit
  readonly libp2p?: Libp2pOptions
}

/** The defaults refuse more than 5 connections a second from one host, which here is everybody's. */
const crowd = { maxConnections: 10_000, inboundConnectionThreshold: 10_000, maxIncomingPendingConnections: 10_000 }

function base(options: Libp2pOptions = {}) {
  return {
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: crowd,
    ...options
  }
}

// what becomes of a peer's protocols is pushed, as most nodes do
const common = { identify: identify(), identifyPush: identifyPush(), ping: ping() }

/** What libp2p makes its services of, as a service: for tests that look behind them. Bare, or libp2p would start it too. */
function components({ registrar, connectionManager, addressManager, events, datastore }: KadDHTComponents): Behind {
  return { registrar, connectionManager, addressManager, events, datastore }
}

/** A server of ours that believes every address, unless told otherwise. */
export async function startOurs(t: TestContext, { dht, libp2p }: NodeOptions = {}): Promise<Ours> {
  const settings = { clientMode: false, peerInfoMapper: passthroughMapper, ...dht }
  const node = await createLibp2p({ ...base(libp2p), services: { ...common, dht: kadDHT(settings), components } })
  t.after(async () => {
    await end(node)
  })
  return node
}

/** A stock server. */
export async function startStock(t: TestContext): Promise<Stock> {
  const dht = stockDHT({ clientMode: false, peerInfoMapper: stockMapper, initialQuerySelfInterval: 10 })
  // the table is there, though the stock function does not say so
  const withTable = dht as (components: StockComponents) => SingleKadDHT
  const node = await createLibp2p({ ...base(), services: { ...common, dht: withTable } })
  t.after(async () => {
    await end(node)
  })
  return node
}

/** A node without a DHT, for tests to speak the protocol with by hand. */
export async function startPlain(t: TestContext, options?: Libp2pOptions): Promise<Plain> {
  const node = await createLibp2p({ ...base(options), services: { ...common, components } })
  t.after(async () => {
    await end(node)
  })
  return node
}

/** Stops a node at once: a graceful end waits for the other side, which ends at the same time. */
export async function end(node: Libp2p): Promise<void> {
  for (const connection of node.getConnections()) {
    connection.abort(new Error('the test is over'))
  }

  await node.stop()
}

export function keyOf(bytes: Uint8Array): Key {
  return keyFromBytes(sha256(bytes))
}

/** The ids of the `count` peers whose keys are nearest to that of `bytes`, by sorting all of them. */
export function trueClosest(peers: readonly PeerId[], bytes: Uint8Array, count: number): string[] {
  const target = keyOf(bytes)
  return peers
    .map(peer => ({ id: peer.toString(), key: keyOf(peer.toMultihash().bytes) }))
    .sort((a, b) => compareDistance(target, a.key, b.key))
    .slice(0, count)
    .map(({ id }) => id)
}
