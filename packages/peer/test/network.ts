/** Peers for tests over loopback: ours with their events recorded, stock ones, and one that speaks pubsub by hand. */
import type { TestContext } from 'node:test'
import { gossipsub } from '@libp2p/gossipsub'
import type { GossipSub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Identify } from '@libp2p/identify'
import type { ConnectionEncrypter, Libp2p, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import type { Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { lpStream } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import protobuf from 'protobufjs'
import type { PeerEvent } from '../src/events.ts'
import { generateIdentity } from '../src/identity.ts'
import { chatTopic } from '../src/options.ts'
import type { PeerOverrides } from '../src/options.ts'
import { createPeer } from '../src/peer.ts'
import type { Peer } from '../src/peer.ts'

export const loopback = multiaddr('/ip4/127.0.0.1/tcp/0')

type EventOf<T extends PeerEvent['type']> = Extract<PeerEvent, { type: T }>

export interface Recorded extends Peer {
  readonly name: string
  readonly events: readonly PeerEvent[]
  /** The first event of a type that fits, past or to come. */
  event<T extends PeerEvent['type']>(type: T, fits?: (event: EventOf<T>) => boolean): Promise<EventOf<T>>
}

/** A peer of ours, stopped when the test ends. */
export async function ourPeer(t: TestContext, overrides: Partial<PeerOverrides> = {}): Promise<Recorded> {
  const peer = await createPeer('headless', { privateKey: await generateIdentity(), listen: [loopback], ...overrides })
  const events: PeerEvent[] = []
  const waiting = new Set<() => void>()
  peer.on(event => {
    events.push(event)
    for (const look of waiting) {
      look()
    }
  })
  t.after(() => peer.stop())

  const event = <T extends PeerEvent['type']>(type: T, fits: (event: EventOf<T>) => boolean = () => true): Promise<EventOf<T>> =>
    new Promise(resolve => {
      const look = (): void => {
        const found = events.find((one): one is EventOf<T> => one.type === type && fits(one as EventOf<T>))
        if (found !== undefined) {
          waiting.delete(look)
          resolve(found)
        }
      }
      waiting.add(look)
      look()
    })

  return Object.assign(peer, { name: peer.id.toString(), events, event })
}

export async function startedPeer(t: TestContext, overrides: Partial<PeerOverrides> = {}): Promise<Recorded> {
  const peer = await ourPeer(t, overrides)
  await peer.start()
  return peer
}

export type StockPeer = Libp2p<{ identify: Identify; ping: Ping; pubsub: GossipSub }>

export interface StockInit {
  readonly encrypter?: (components: never) => ConnectionEncrypter
  readonly privateKey?: PrivateKey
  readonly subscribe?: boolean
}

/** A peer of stock js-libp2p, without a DHT. */
export async function stockPeer(t: TestContext, init: StockInit = {}): Promise<StockPeer> {
  const node = await createLibp2p({
    ...(init.privateKey === undefined ? {} : { privateKey: init.privateKey }),
    addresses: { listen: [loopback.toString()] },
    transports: [tcp()],
    connectionEncrypters: [(init.encrypter ?? noise()) as ReturnType<typeof noise>],
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) }
  })
  t.after(() => node.stop())
  if (init.subscribe === true) {
    node.services.pubsub.subscribe(chatTopic)
  }
  return node
}

export function firstAddress(peer: { getMultiaddrs(): Multiaddr[] }): Multiaddr {
  const [address] = peer.getMultiaddrs()
  if (address === undefined) {
    throw new Error('the peer does not listen')
  }
  return address
}

/** The next event of a libp2p node or service whose detail fits. */
export async function next<T>(
  target: { addEventListener(type: never, listener: (event: CustomEvent<T>) => void): void },
  type: string,
  fits: (detail: T) => boolean = () => true
): Promise<T> {
  return new Promise(resolve => {
    target.addEventListener(type as never, ({ detail }: CustomEvent<T>) => {
      if (fits(detail)) {
        resolve(detail)
      }
    })
  })
}

const { root } = protobuf.parse(`
  syntax = "proto3";
  message RPC { repeated Sub subscriptions = 1; repeated Message publish = 2; }
  message Sub { optional bool subscribe = 1; optional string topic = 2; }
  message Message { optional bytes from = 1; optional bytes data = 2; optional bytes seqno = 3; optional string topic = 4; optional bytes signature = 5; optional bytes key = 6; }
`)
const Rpc = root.lookupType('RPC')
const Message = root.lookupType('Message')

export interface PubSubMessage {
  readonly from: Uint8Array
  readonly data: Uint8Array
  readonly seqno: Uint8Array
  readonly topic: string
  readonly signature?: Uint8Array
}

/** A pubsub message as Python's peers without signing send it: who and which number are claimed, nothing is signed. */
export function unsignedMessage(from: PrivateKey, number: bigint, text: string): PubSubMessage {
  const seqno = new Uint8Array(8)
  new DataView(seqno.buffer).setBigUint64(0, number)
  return { from: peerIdFromPrivateKey(from).toMultihash().bytes, data: new TextEncoder().encode(text), seqno, topic: chatTopic }
}

export async function signedMessage(from: PrivateKey, number: bigint, text: string): Promise<PubSubMessage> {
  const message = unsignedMessage(from, number, text)
  const signature = await from.sign(Buffer.concat([Buffer.from('libp2p-pubsub:'), Message.encode(message).finish()]))
  return { ...message, signature }
}

/** Writes pubsub messages by hand, one frame each, on a stream of their own to a peer. */
export async function publishByHand(node: StockPeer, peer: Recorded, messages: readonly PubSubMessage[]): Promise<void> {
  const stream = await node.dialProtocol(peer.id, '/meshsub/1.1.0')
  const frames = lpStream(stream)
  for (const message of messages) {
    await frames.write(Rpc.encode({ publish: [message] }).finish())
  }
}
