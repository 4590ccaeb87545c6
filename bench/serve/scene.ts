/**
 * What all sides of the serving benchmark share: one identity for the servers, one table of 300 peers for it with two
 * addresses each, the keys that are asked for, and how a node is put together. Everything from a seed, so that every
 * process makes the same.
 */
import { createHash } from 'node:crypto'
import { quic } from '@chainsafe/libp2p-quic'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey, Libp2p } from '@libp2p/interface'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Libp2pOptions } from 'libp2p'
import { quicStreamLimit } from '../../packages/dht/src/streams/index.ts'

export const protocol = '/ipfs/kad/1.0.0'

export type Security = 'noise' | 'tls' | 'quic'

/** A peer of the table: its binary id and its two addresses. */
export interface TablePeer {
  readonly id: Uint8Array
  readonly addresses: readonly string[]
}

const bucketSize = 20
const ed25519Prefix = Buffer.from('002408011220', 'hex')

/** SHA-256 in counter mode: enough to be the same everywhere. */
function randomBytes(...parts: Array<string | number>): Buffer {
  return createHash('sha256').update(parts.join('/')).digest()
}

function peerIdBytes(...parts: Array<string | number>): Uint8Array {
  return Buffer.concat([ed25519Prefix, randomBytes(...parts)])
}

export async function serverKey(): Promise<Ed25519PrivateKey> {
  return await generateKeyPairFromSeed('Ed25519', randomBytes('server'))
}

/** `count` peers that all find a place in the table of the server: 20 of each distance, from the farthest on. */
export async function tablePeers(count: number): Promise<TablePeer[]> {
  const self = hash(peerIdFromPrivateKey(await serverKey()).toMultihash().bytes)
  const full = Array.from({ length: Math.ceil(count / bucketSize) }, () => 0)
  const peers: TablePeer[] = []
  for (let i = 0; peers.length < count; i++) {
    const id = peerIdBytes('peer', i)
    const bucket = commonPrefixLength(self, hash(id))
    const held = full[bucket]
    if (held !== undefined && held < bucketSize) {
      full[bucket] = held + 1
      const host = `10.${peers.length >> 8}.${peers.length & 255}.1`
      peers.push({ id, addresses: [`/ip4/${host}/tcp/4001`, `/ip4/${host}/udp/4001/quic-v1`] })
    }
  }

  return peers
}

/** Binary peer ids to ask for. */
export function askedKeys(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => peerIdBytes('asked', i))
}

function hash(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function commonPrefixLength(a: Buffer, b: Buffer): number {
  const index = a.findIndex((byte, i) => byte !== b[i])
  return index * 8 + Math.clz32((a[index] ?? 0) ^ (b[index] ?? 0)) - 24
}

/** A node that listens on loopback, or only dials; it never dials the peers of the table, which do not exist. */
export async function startNode<Services extends Record<string, unknown>>(
  security: Security,
  role: 'server' | 'requester',
  services: NonNullable<Libp2pOptions<Services>['services']>,
  options: Partial<Libp2pOptions> = {}
): Promise<Libp2p<Services>> {
  const listen = security === 'quic' ? '/ip4/127.0.0.1/udp/0/quic-v1' : '/ip4/127.0.0.1/tcp/0'
  return await createLibp2p<Services>({
    ...(role === 'server' ? { privateKey: await serverKey() } : {}),
    addresses: { listen: role === 'server' ? [listen] : [] },
    transports: [security === 'quic' ? quic({ maxConcurrentStreamLimit: quicStreamLimit }) : tcp()],
    ...(security === 'quic' ? {} : { connectionEncrypters: [security === 'tls' ? tls() : noise()], streamMuxers: [yamux()] }),
    connectionGater: { denyDialMultiaddr: address => !address.toString().startsWith('/ip4/127.0.0.1/') },
    connectionManager: { inboundConnectionThreshold: 10_000, maxIncomingPendingConnections: 1_000 },
    ...options,
    services
  })
}

/** What the service under test needs beside it. */
export const companions = { identify: identify(), ping: ping() }
