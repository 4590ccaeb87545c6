/** A peer that is honest but for its cases: it negotiates, identifies and answers as recorded, over a connection in memory. */
import { setImmediate } from 'node:timers/promises'
import { isIdentify, withKey, withoutRecord } from './identities.ts'
import { MemoryConnection } from './memory-connection.ts'
import { negotiation, protocolIn } from './negotiation.ts'
import { nonsense } from './nonsense.ts'
import { endConnection, upgrade } from './session-player.ts'
import {
  dataFrame,
  dataType,
  fin,
  joinBytes,
  pingFrame,
  pingType,
  readFrames,
  rst,
  syn,
  windowFrame,
  withStreams
} from './yamux.ts'
import type { PeerId } from '@libp2p/interface'
import type { Case } from './cases.ts'
import type { Components } from './components.ts'
import type { FreshIdentity } from './identities.ts'
import type { Session } from './recording.ts'
import type { Frame } from './yamux.ts'

const muxer = negotiation('/yamux/1.0.0')
/** Streams without an end that are kept open at a time. */
const openMax = 6
const turnsMax = 50

interface VictimStream {
  /** The victim's bytes until its protocol is known. */
  opening: Uint8Array
  protocol: string | undefined
  answers: number
}

export class Attacker {
  /** A fresh one, or the recorded one. */
  readonly id: PeerId
  /** Cases played. */
  played = 0
  readonly #key: Uint8Array
  readonly #session: Session
  readonly #take: (protocol: string) => Case | undefined
  readonly #connection: MemoryConnection
  /** Streams that the victim opened. */
  readonly #streams = new Map<number, VictimStream>()
  #received: Uint8Array = new Uint8Array(0)
  #skip = muxer.length
  #next: number
  readonly #leftOpen: number[] = []
  #identified = false

  constructor(
    components: Components,
    session: Session,
    { id, key }: FreshIdentity,
    take: (protocol: string) => Case | undefined
  ) {
    this.id = id
    this.#key = key
    this.#session = session
    this.#take = take
    // The side that dials opens the odd streams.
    this.#next = session.side === 'listens' ? 1 : 2
    const direction = session.side === 'listens' ? 'inbound' : 'outbound'
    this.#connection = new MemoryConnection({ logger: components.logger, direction, sent: bytes => this.#sent(bytes.slice()) })
    upgrade(components, this.#connection, id)
    this.#write(muxer)
  }

  get alive(): boolean {
    return this.#connection.status === 'open'
  }

  /** Whether the muxer has been agreed on and the connection is open. */
  async ready(): Promise<boolean> {
    for (let turn = 0; turn < turnsMax && this.alive && this.#skip > 0; turn++) {
      await setImmediate()
    }
    return this.alive && this.#skip === 0
  }

  /** Opens a stream with the bytes of the case. */
  async open({ pieces, end }: Case): Promise<void> {
    this.played++
    const stream = this.#next
    this.#next += 2
    this.#write(windowFrame(stream, 0, syn))
    for (const { bytes } of pieces) {
      this.#write(dataFrame(stream, this.#own(bytes)))
      await setImmediate()
    }
    this.#write(this.#ending(stream, end))
  }

  /** Writes recorded frames, with their streams after those that there were. */
  async write({ pieces, end }: Case): Promise<void> {
    this.played++
    const own = this.#next % 2
    const base = this.#next - own
    const change = (stream: number): number => {
      if (stream === 0 || stream > 0x7fff_ffff) {
        return stream
      }
      return stream % 2 === own ? base + stream : this.#victimStream(stream)
    }
    for (const { bytes } of pieces) {
      const changed = withStreams(bytes, change)
      for (const { stream } of readFrames(changed).frames) {
        this.#next = stream % 2 === own && stream < base + 1_000 ? Math.max(this.#next, stream + 2) : this.#next
      }
      this.#write(changed)
      await setImmediate()
    }
    if (end === 'break') {
      this.#write(nonsense)
    }
  }

  /** One of the streams that the victim has open. */
  #victimStream(recorded: number): number {
    const open = [...this.#streams.keys()]
    return open[recorded % Math.max(1, open.length)] ?? recorded
  }

  end(): void {
    endConnection(this.#connection, 'close')
  }

  #ending(stream: number, end: Case['end']): Uint8Array {
    switch (end) {
      case 'close':
        return windowFrame(stream, 0, fin)
      case 'reset':
        return windowFrame(stream, 0, rst)
      case 'break':
        return joinBytes([windowFrame(stream, 0, rst), nonsense])
      case 'open': {
        this.#leftOpen.push(stream)
        const oldest = this.#leftOpen.length > openMax ? this.#leftOpen.shift() : undefined
        return oldest === undefined ? new Uint8Array(0) : windowFrame(oldest, 0, rst)
      }
    }
  }

  #write(bytes: Uint8Array): void {
    if (this.alive) {
      this.#connection.onData(bytes)
    }
  }

  /** The victim sent bytes; they are answered in a later turn, as over a network. */
  #sent(bytes: Uint8Array): void {
    const skipped = Math.min(this.#skip, bytes.length)
    this.#skip -= skipped
    const { frames, rest } = readFrames(joinBytes([this.#received, bytes.subarray(skipped)]))
    this.#received = rest.slice()
    for (const frame of frames) {
      void setImmediate().then(() => this.#frame({ ...frame, body: frame.body.slice() }))
    }
  }

  #frame({ type, flags, stream, length, body }: Frame): void {
    if (type === pingType && (flags & syn) !== 0) {
      this.#write(pingFrame(length, 2))
      return
    }
    if ((flags & syn) !== 0) {
      this.#streams.set(stream, { opening: new Uint8Array(0), protocol: undefined, answers: 0 })
      this.#write(windowFrame(stream, 0, 2))
    }
    const known = this.#streams.get(stream)
    if (type === dataType && body.length > 0) {
      this.#write(windowFrame(stream, body.length))
      if (known !== undefined) {
        this.#data(stream, known, body)
      }
    }
    if ((flags & (fin | rst)) !== 0 && this.#streams.delete(stream)) {
      this.#write(windowFrame(stream, 0, fin))
    }
  }

  #data(stream: number, known: VictimStream, body: Uint8Array): void {
    if (known.protocol !== undefined) {
      this.#answer(stream, known, false, body)
      return
    }

    known.opening = joinBytes([known.opening, body])
    known.protocol = protocolIn(known.opening)
    if (known.protocol !== undefined) {
      this.#answer(stream, known, true, body)
    }
  }

  /** Identify is answered at once; gossip and push never; what else there is when its request has come. */
  #answer(stream: number, known: VictimStream, isFirst: boolean, body: Uint8Array): void {
    const protocol = known.protocol ?? ''
    const atOnce = !/kad|ping/.test(protocol)
    if (isFirst && !atOnce) {
      this.#write(dataFrame(stream, negotiation(protocol)))
      return
    }

    const one = this.#isHonest(stream, known) ? undefined : this.#take(protocol)
    known.answers++
    if (one !== undefined) {
      this.played++
      const frames = [...one.pieces.map(piece => dataFrame(stream, this.#own(piece.bytes))), this.#ending(stream, one.end)]
      // In one read or in several: a muxer handles what a read brings without a pause.
      for (const bytes of one.index % 2 === 0 ? [joinBytes(frames)] : frames) {
        this.#write(bytes)
      }
      return
    }

    const head = isFirst ? [negotiation(protocol)] : []
    this.#write(dataFrame(stream, joinBytes([...head, this.#honest(protocol, body)])))
    if (/\/id\//.test(protocol)) {
      this.#write(windowFrame(stream, 0, fin))
    }
  }

  /**
   * The first identify is answered honestly, so that the victim asks for more; and the first request on every other
   * stream, so that the stream is used again.
   */
  #isHonest(stream: number, { protocol, answers }: VictimStream): boolean {
    if (protocol === '/ipfs/id/1.0.0') {
      return !this.#identified && (this.#identified = true)
    }
    return /kad|ping/.test(protocol ?? '') && answers === 0 && (stream >> 1) % 2 === 1
  }

  #own(bytes: Uint8Array): Uint8Array {
    return withKey(bytes, this.#session.key, this.#key)
  }

  /** The answers of the recorded peer; a ping is echoed. */
  #honest(protocol: string, body: Uint8Array): Uint8Array {
    if (/ping/.test(protocol)) {
      return body
    }

    const found = this.#session.streams.find(one => one.role === 'answers' && one.protocol === protocol && one.body.length > 0)
    const [answer = new Uint8Array(0)] = found?.body ?? []
    return this.#own(isIdentify(answer) ? withoutRecord(answer) : answer)
  }
}
