/** The case of a seed, a layer, a side and an index, given the recordings of this run. */
import { Rng } from '@vicinity/kademlia'
import { chance, mutate, pick, pickEnd, rubbish } from './mutate.ts'
import type { Case, Layer, Piece, Side } from './cases.ts'
import type { Form } from './mutate.ts'
import type { Session, StreamBytes } from './recording.ts'

/** A recorded exchange on a transport: what the sender wrote towards the victim. */
export interface RawRecording {
  readonly layer: Layer
  readonly side: Side
  readonly pieces: readonly Piece[]
}

export interface Recordings {
  readonly sessions: readonly Session[]
  readonly raw: readonly RawRecording[]
}

/** The part of the cases of a raw transport that mutate a living handshake instead of a recorded one. */
const relayedPart = 0.25

/** The part of the cases of QUIC and WebRTC that are streams on a living connection. */
const overPart = 0.5

export function generate(seed: string, recordings: Recordings, layer: Layer, side: Side, index: number): Case {
  const rng = new Rng(`${seed}/${layer}/${side}/${index}`)
  switch (layer) {
    case 'muxer':
      return sessionCase(rng, recordings, side, index)
    case 'streams':
      return streamCase(rng, recordings, side, index)
    case 'tcp':
    case 'websocket':
    case 'quic':
    case 'webrtc':
      return rawCase(rng, recordings, layer, side, index)
  }
}

/** The part of the sessions that are played on a connection that lives already, which costs a third. */
const livingPart = 0.75

function sessionCase(rng: Rng, { sessions }: Recordings, side: Side, index: number): Case {
  const session = pick(
    rng,
    sessions.filter(one => one.side === side)
  )
  const other = pick(rng, sessions)
  const living = chance(rng, livingPart)
  const pieces = living ? middle(rng, session.pieces) : beginning(rng, session.pieces)
  return {
    layer: 'muxer',
    side,
    index,
    identity: session.identity,
    protocol: '',
    pieces: mutate(rng, pieces, 'yamux', other.pieces),
    end: pickEnd(rng, living ? 0.05 : 0.25),
    ...(living ? { living } : {})
  }
}

/** The start of a session, of any length: mutations late in a long one are rare otherwise. */
function beginning(rng: Rng, pieces: readonly Piece[]): readonly Piece[] {
  return chance(rng, 0.1) ? pieces : pieces.slice(0, 2 + rng.below(24))
}

/** Some pieces in a row, without those of the negotiation. */
function middle(rng: Rng, pieces: readonly Piece[]): readonly Piece[] {
  const from = 4 + rng.below(Math.max(1, pieces.length - 8))
  return pieces.slice(from, from + 1 + rng.below(8))
}

function streamCase(rng: Rng, { sessions }: Recordings, side: Side, index: number): Case {
  const { identity, streams } = pick(
    rng,
    sessions.filter(one => one.side === side)
  )
  const role = side === 'listens' ? 'opens' : 'answers'
  const protocols = [...new Set(streams.filter(one => one.role === role).map(({ protocol }) => protocol))]
  const protocol = pick(rng, role === 'answers' && chance(rng, 0.92) ? protocols.filter(isCheap) : protocols)
  const stream = pick(
    rng,
    streams.filter(one => one.role === role && one.protocol === protocol)
  )
  const donor = pick(rng, pick(rng, sessions).streams)
  return {
    layer: 'streams',
    side,
    index,
    identity,
    protocol,
    pieces: mutateStream(rng, stream, donor),
    end: pickEnd(rng, 0.04)
  }
}

/** Answers on gossip streams take a connection each. */
function isCheap(protocol: string): boolean {
  return !/meshsub/.test(protocol)
}

/** One or two messages in a row, or all of them. */
function some<T>(rng: Rng, messages: readonly T[]): readonly T[] {
  const from = rng.below(Math.max(1, messages.length))
  return chance(rng, 0.8) ? messages.slice(from, from + 1 + rng.below(2)) : messages
}

/** The negotiation is left as it is most of the time: mutations of it rarely get any further. */
function mutateStream(rng: Rng, { head, body, protocol, role }: StreamBytes, donor: StreamBytes): Piece[] {
  const pieces = some(rng, body).map(bytes => ({ bytes, after: 0 }))
  const donors = donor.body.map(bytes => ({ bytes, after: 0 }))
  const start = { bytes: head, after: 0 }
  // Answers to requests follow a negotiation that the attacker makes itself.
  const negotiates = role === 'opens' || !/kad|ping/.test(protocol)
  if (negotiates && chance(rng, 0.15)) {
    return mutate(rng, [start, ...pieces], 'bytes', donors)
  }

  if (chance(rng, 0.05)) {
    // Nothing but the end.
    return negotiates ? [start] : []
  }

  const mutated = pieces.length === 0 ? [{ bytes: rubbish(rng, 300), after: 0 }] : mutate(rng, pieces, 'bytes', donors)
  return negotiates ? [start, ...mutated] : mutated
}

const forms: Readonly<Record<Exclude<Layer, 'muxer' | 'streams'>, Form>> = {
  tcp: 'bytes',
  websocket: 'websocket',
  quic: 'datagrams',
  webrtc: 'datagrams'
}

function rawCase(rng: Rng, recordings: Recordings, layer: keyof typeof forms, side: Side, index: number): Case {
  const { raw } = recordings
  if (forms[layer] === 'datagrams' && chance(rng, overPart)) {
    return { ...streamCase(rng, recordings, 'listens', index), layer, side, over: true }
  }

  const candidates = raw.filter(one => one.layer === layer && one.side === side)
  const { pieces } = pick(rng, candidates)
  const common = { layer, side, index, identity: '', protocol: '', end: pickEnd(rng, 0.25) }
  if (chance(rng, relayedPart)) {
    const relay = { seed: `${rng.uint32()}`, at: rng.below(pieces.length) }
    return { ...common, pieces: [], relay }
  }

  return { ...common, pieces: mutate(rng, pieces, forms[layer], pick(rng, raw).pieces) }
}
