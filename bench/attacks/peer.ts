/** Identify, GossipSub and DHT messages as an ordinary peer writes them, for attackers of the upper layers. */
import { hold } from './attack.ts'
import type { Context } from './attack.ts'
import { bytesField, framed, tcpAddress, varintField } from './wire/bytes.ts'
import type { Identity } from './wire/identity.ts'
import type { Session, SessionOptions, StreamHandler } from './wire/session.ts'
import type { MuxedStream } from './wire/stream.ts'

export const protocols = {
  identify: '/ipfs/id/1.0.0',
  push: '/ipfs/id/push/1.0.0',
  ping: '/ipfs/ping/1.0.0',
  gossip: '/meshsub/1.1.0',
  dht: '/ipfs/kad/1.0.0'
} as const

export const chatTopic = 'universal-connectivity'
export const discoveryTopic = 'universal-connectivity-browser-peer-discovery'

export interface IdentifyFields {
  readonly addresses?: readonly Uint8Array[]
  readonly protocols?: readonly string[]
  readonly agent?: string
}

/** The answer to identify, without its length. */
export function identifyMessage(identity: Identity, fields: IdentifyFields = {}): Buffer {
  const {
    addresses = [tcpAddress(9)],
    protocols: spoken = [protocols.identify, protocols.gossip, protocols.dht],
    agent = 'attacker/1'
  } = fields
  return Buffer.concat([
    bytesField(1, identity.publicKey),
    ...addresses.map(address => bytesField(2, address)),
    ...spoken.map(protocol => bytesField(3, protocol)),
    bytesField(5, '/ipfs/id/1.0.0'),
    bytesField(6, agent)
  ])
}

/** Answers identify with this. */
export function identifies(...messages: readonly Uint8Array[]): [string, StreamHandler] {
  return [
    protocols.identify,
    async stream => {
      stream.post(Buffer.concat(messages.map(message => framed(message))))
      stream.finish()
    }
  ]
}

/** Takes whatever the victim sends on a stream, and does nothing with it. */
export const swallow: StreamHandler = async stream => {
  for (;;) {
    await stream.readAny()
  }
}

/** A peer that identifies itself as one that gossips and serves the DHT, and does so as `handlers` say. */
export async function identifiedSession(
  context: Context,
  handlers: ReadonlyArray<readonly [string, StreamHandler]> = [],
  fields: IdentifyFields = {}
): Promise<Session> {
  const identity = context.identity()
  const options: SessionOptions = {
    handlers: new Map<string, StreamHandler>([
      identifies(identifyMessage(identity, fields)),
      [protocols.gossip, swallow],
      ...handlers
    ])
  }
  return await context.session(options, identity)
}

/** A peer that gossips and is not asked for anything else. */
export async function gossipSession(context: Context): Promise<{ session: Session; stream: MuxedStream }> {
  const session = await identifiedSession(context, [], { protocols: [protocols.identify, protocols.gossip] })
  return { session, stream: await session.open(protocols.gossip) }
}

export function subscription(topic: string, isSubscribed = true): Buffer {
  return bytesField(1, Buffer.concat([varintField(1, isSubscribed ? 1 : 0), bytesField(2, topic)]))
}

/** A message of GossipSub as a field of an RPC; `isValid` false: its signature is random. */
export function gossipMessage(context: Context, identity: Identity, data: Uint8Array, topic = chatTopic, isValid = true): Buffer {
  const unsigned = Buffer.concat([
    bytesField(1, identity.id),
    bytesField(2, data),
    bytesField(3, context.random.bytes(8)),
    bytesField(4, topic)
  ])
  const signature = isValid ? identity.sign(Buffer.concat([Buffer.from('libp2p-pubsub:'), unsigned])) : context.random.bytes(64)
  return bytesField(2, Buffer.concat([unsigned, bytesField(5, signature)]))
}

export const dhtType = { putValue: 0, getValue: 1, addProvider: 2, getProviders: 3, findNode: 4, ping: 5 } as const

export function dhtMessage(type: number, key: Uint8Array, ...fields: readonly Uint8Array[]): Buffer {
  return Buffer.concat([varintField(1, type), bytesField(2, key), ...fields])
}

/** A peer in a message of the DHT: among the closer ones (8) or the providers (9). */
export function dhtPeer(field: 8 | 9, id: Uint8Array, addresses: readonly Uint8Array[]): Buffer {
  return bytesField(
    field,
    Buffer.concat([bytesField(1, id), ...addresses.map(address => bytesField(2, address)), varintField(3, 1)])
  )
}

export const findNodeAnswer = (...peers: readonly Buffer[]): Buffer => dhtMessage(dhtType.findNode, Buffer.alloc(0), ...peers)

export interface DhtRequest {
  readonly bytes: Buffer
  /** How many came on this stream, this one included. */
  readonly number: number
}

export type DhtAnswer = (stream: MuxedStream, request: DhtRequest) => Promise<void>

/** Peers that serve the DHT, so that the victim asks them; a new one for each that it disconnects. */
export async function dhtServers(context: Context, count: number, answer: DhtAnswer): Promise<void> {
  const serve: StreamHandler = async stream => {
    for (let number = 1; ; number++) {
      const bytes = await stream.readFramed()
      context.count('requests of the victim')
      await answer(stream, { bytes, number })
    }
  }
  await hold(context, count, async () => await identifiedSession(context, [[protocols.dht, serve]]))
}
