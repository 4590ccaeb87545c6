/**
 * Recorded sessions: what each of several real peers sends to one that stands for the victim, below the muxer.
 *
 * Two peers are composed as the command composes them, joined by a tapped connection without encryption, and made to use
 * every protocol: identify, identify push, ping, gossip, and DHT requests of each type, in both directions.
 */
import { setImmediate } from 'node:timers/promises'
import { createPeer, generateIdentity } from '@vicinity/peer'
import { multiaddr } from '@multiformats/multiaddr'
import { MemoryConnection } from './memory-connection.ts'
import { negotiation, protocolIn } from './negotiation.ts'
import { isIdentify, withoutRecord } from './identities.ts'
import { dataFrame, dataType, joinBytes, readFrames } from './yamux.ts'
import { componentsOf } from './components.ts'
import type { Connection } from '@libp2p/interface'
import type { Peer } from '@vicinity/peer'
import type { Piece, Side } from './cases.ts'

export interface Session {
  /** The sender's peer id. */
  readonly identity: string
  /** The 32 bytes of the sender's public key. */
  readonly key: Uint8Array
  /** The victim's side of the connection. */
  readonly side: Side
  readonly pieces: readonly Piece[]
  readonly streams: readonly StreamBytes[]
}

/** The bytes that the sender wrote on one stream. */
export interface StreamBytes {
  readonly protocol: string
  /** The sender opened the stream, or answered on one that the victim opened. */
  readonly role: 'opens' | 'answers'
  /** The multistream lines. */
  readonly head: Uint8Array
  readonly body: readonly Uint8Array[]
}

const muxerNegotiation = negotiation('/yamux/1.0.0').length
const push = '/ipfs/id/push/1.0.0'
const kademlia = '/ipfs/kad/1.0.0'

/** Sessions of `count` identities with the victim on each side. */
export async function recordSessions(count: number): Promise<Session[]> {
  const sessions = await Promise.all(Array.from({ length: count }, recordIdentity))
  return sessions.flat()
}

async function recordIdentity(): Promise<Session[]> {
  const peers = await Promise.all([startPeer(), startPeer(), startPeer()])
  const [sender, listens, dials] = peers
  try {
    return await Promise.all([record(sender, listens, 'listens'), record(sender, dials, 'dials')])
  } finally {
    await Promise.all(peers.map(async peer => await peer.stop()))
  }
}

async function startPeer(): Promise<Peer> {
  const peer = await createPeer('headless', {
    privateKey: await generateIdentity('ed25519'),
    network: 'local',
    listen: [multiaddr('/ip4/127.0.0.1/tcp/0')]
  })
  await peer.start()
  return peer
}

async function record(sender: Peer, victim: Peer, side: Side): Promise<Session> {
  const tap = new Tap()
  const ends = join(sender, victim, side, tap)
  const [connection] = await ends
  await use(sender, victim, connection)
  await Promise.all(sender.libp2p.getConnections(victim.id).map(async one => await one.close()))
  const streams = streamsOf(tap, side)
  const key = sender.id.publicKey?.raw ?? new Uint8Array(0)
  return { identity: sender.id.toString(), key, side, pieces: unsigned(tap.pieces), streams }
}

/** The sender's writes, each with the number of data frames that the victim had sent on its stream by then. */
class Tap {
  readonly pieces: Piece[] = []
  readonly #victim: Uint8Array[] = []
  #sentBytes = 0

  fromSender(bytes: Uint8Array): void {
    const [first] = this.#sentBytes < muxerNegotiation ? [] : readFrames(bytes).frames
    this.#sentBytes += bytes.length
    const stream = first?.stream ?? 0
    this.pieces.push(stream === 0 ? { bytes, after: 0 } : { bytes, stream, after: this.#dataFrames(stream) })
  }

  fromVictim(bytes: Uint8Array): void {
    this.#victim.push(bytes)
  }

  #dataFrames(stream: number): number {
    const { frames } = readFrames(this.victimBytes.subarray(muxerNegotiation))
    return frames.filter(frame => frame.stream === stream && frame.type === dataType).length
  }

  get victimBytes(): Uint8Array {
    return joinBytes(this.#victim)
  }
}

/** The pieces with identify answers that another identity can give. */
function unsigned(pieces: readonly Piece[]): Piece[] {
  return pieces.map(piece => {
    const { frames, rest } = readFrames(piece.bytes)
    const [frame] = frames
    if (frame === undefined || frames.length > 1 || rest.length > 0 || !isIdentify(frame.body)) {
      return piece
    }
    return { ...piece, bytes: dataFrame(frame.stream, withoutRecord(frame.body), frame.flags) }
  })
}

async function join(sender: Peer, victim: Peer, side: Side, tap: Tap): Promise<[Connection]> {
  const dialler = side === 'listens' ? sender : victim
  const listener = side === 'listens' ? victim : sender
  const make = (from: Peer, to: () => MemoryConnection, direction: 'inbound' | 'outbound'): MemoryConnection =>
    new MemoryConnection({
      logger: componentsOf(from.libp2p).logger,
      direction,
      sent: bytes => {
        const copy = bytes.slice()
        if (from === sender) {
          tap.fromSender(copy)
        } else {
          tap.fromVictim(copy)
        }
        void setImmediate().then(() => to().onData(copy))
      }
    })
  const outbound: MemoryConnection = make(dialler, () => inbound, 'outbound')
  const inbound: MemoryConnection = make(listener, () => outbound, 'inbound')
  const signal = AbortSignal.timeout(30_000)
  const options = { skipEncryption: true, signal } as const
  const opened = new Promise<Connection>(resolve => {
    sender.libp2p.addEventListener('connection:open', ({ detail }) => {
      if (detail.remotePeer.equals(victim.id)) {
        resolve(detail)
      }
    })
  })
  await Promise.all([
    componentsOf(dialler.libp2p).upgrader.upgradeOutbound(outbound, { ...options, remotePeer: listener.id }),
    componentsOf(listener.libp2p).upgrader.upgradeInbound(inbound, { ...options, remotePeer: dialler.id })
  ])
  return [await opened]
}

/** Every protocol once in each direction. */
async function use(sender: Peer, victim: Peer, connection: Connection): Promise<void> {
  const [theirs] = victim.libp2p.getConnections(sender.id)
  const other = theirs ?? connection
  await sender.libp2p.services.ping.ping(victim.id)
  await victim.libp2p.services.ping.ping(sender.id)
  await inTable(sender, victim)
  for (const [peer, over] of [[sender, connection] as const, [victim, other] as const]) {
    await ask(over, peer.id.toMultihash().bytes)
  }
  await Promise.all([meshed(sender, victim), meshed(victim, sender)])
  await sender.publish('recorded')
  await victim.publish('recorded too')
  await settled()
}

/** Both have the other in their routing tables, after the check that a table makes. */
async function inTable(...peers: readonly Peer[]): Promise<void> {
  await Promise.all(
    peers.map(async ({ libp2p }) => {
      const { dht } = libp2p.services
      while (dht.routingTable.size === 0) {
        await setImmediate()
      }
    })
  )
}

async function meshed(from: Peer, to: Peer): Promise<void> {
  const components = componentsOf(from.libp2p)
  while (!components.meshPeers('universal-connectivity').includes(to.id.toString())) {
    await setImmediate()
  }
}

/** Some turns of the event loop, so that what was written arrives. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) {
    await setImmediate()
  }
}

/** A request of each of the six types, on one stream that is used again and again. */
async function ask(connection: Connection, key: Uint8Array): Promise<void> {
  const stream = await connection.newStream(kademlia)
  for (const type of [0, 1, 2, 3, 4, 5]) {
    const answered = new Promise<void>(resolve => {
      stream.addEventListener('message', () => resolve(), { once: true })
      stream.addEventListener('close', () => resolve(), { once: true })
    })
    if (stream.status !== 'open') {
      break
    }
    stream.send(request(type, key))
    // ADD_PROVIDER has no answer.
    if (type !== 2) {
      await answered
    }
  }
  await stream.close().catch(() => {})
}

/** `Message` of the DHT: type 1, key 2, record 3, provider peers 9; a record of key 1 and value 2. */
function request(type: number, key: Uint8Array): Uint8Array {
  const address = [0x04, 127, 0, 0, 1, 0x06, 0x0f, 0xa1]
  const peer = [0x0a, key.length, ...key, 0x12, address.length, ...address, 0x18, 1]
  const entry = [0x0a, key.length, ...key, 0x12, 3, 1, 2, 3]
  const body = [0x08, type, 0x12, key.length, ...key]
  if (type === 0) {
    body.push(0x1a, entry.length, ...entry)
  } else if (type === 2) {
    body.push(0x4a, peer.length, ...peer)
  }
  return Uint8Array.of(...(body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7]), ...body)
}

function streamsOf(tap: Tap, side: Side): StreamBytes[] {
  const sent = bodies(joinBytes(tap.pieces.map(({ bytes }) => bytes)))
  const received = bodies(tap.victimBytes)
  // A dialler opens the odd streams.
  const own = side === 'listens' ? 1 : 0
  const streams: StreamBytes[] = []
  for (const [stream, parts] of sent) {
    const role = stream % 2 === own ? 'opens' : 'answers'
    const opening = joinBytes((role === 'opens' ? parts : received.get(stream)) ?? [])
    const protocol = protocolIn(opening)
    if (protocol !== undefined) {
      const head = negotiation(protocol)
      streams.push({ protocol, role, head, body: after(head.length, parts) })
    }
  }
  return [...streams, ...pushes(streams)]
}

/** Nothing changed that a push would tell of: a push is what identify answers, sent unasked. */
function pushes(streams: readonly StreamBytes[]): StreamBytes[] {
  return streams
    .filter(({ protocol, role }) => protocol === '/ipfs/id/1.0.0' && role === 'answers')
    .map(({ body }) => ({ protocol: push, role: 'opens', head: negotiation(push), body }))
}

/** The bodies of the data frames, by stream. */
function bodies(bytes: Uint8Array): Map<number, Uint8Array[]> {
  const found = new Map<number, Uint8Array[]>()
  for (const { type, stream, body } of readFrames(bytes.subarray(muxerNegotiation)).frames) {
    if (type === dataType && body.length > 0) {
      found.set(stream, [...(found.get(stream) ?? []), body])
    }
  }
  return found
}

function after(length: number, parts: readonly Uint8Array[]): Uint8Array[] {
  let left = length
  const rest: Uint8Array[] = []
  for (const part of parts) {
    const skipped = Math.min(left, part.length)
    left -= skipped
    if (skipped < part.length) {
      rest.push(part.subarray(skipped))
    }
  }
  return rest
}
