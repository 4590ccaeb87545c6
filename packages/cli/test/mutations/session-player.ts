/** Plays a whole recorded connection below the muxer, mutated, over a connection in memory. */
import { setImmediate } from 'node:timers/promises'
import { freshIdentity, withKey } from './identities.ts'
import { MemoryConnection } from './memory-connection.ts'
import { nonsense } from './nonsense.ts'
import { negotiation } from './negotiation.ts'
import { dataType, joinBytes, readFrames } from './yamux.ts'
import type { PeerId } from '@libp2p/interface'
import type { Case } from './cases.ts'
import type { Components } from './components.ts'

/** The turns of the event loop that a piece waits for what it follows, and that the victim has after the last. */
const turnsMax = 6
const turnsAfter = 4

export async function playSession(components: Components, { side, pieces, end }: Case, recorded: Uint8Array): Promise<void> {
  const { id, key } = await freshIdentity()
  const victim = new VictimBytes()
  const direction = side === 'listens' ? 'inbound' : 'outbound'
  const connection = new MemoryConnection({ logger: components.logger, direction, sent: bytes => victim.sent(bytes) })
  upgrade(components, connection, id)
  for (const { bytes, after, stream } of pieces) {
    for (let turn = 0; turn < turnsMax && victim.dataFrames(stream) < after && connection.status === 'open'; turn++) {
      await setImmediate()
    }
    if (connection.status !== 'open') {
      break
    }
    connection.onData(withKey(bytes, recorded, key))
    await setImmediate()
  }

  for (let turn = 0; turn < turnsAfter; turn++) {
    await setImmediate()
  }
  endConnection(connection, end)
  await setImmediate()
}

/** As the transports do it: a connection that cannot be upgraded is aborted. */
export function upgrade({ upgrader }: Components, connection: MemoryConnection, remotePeer: PeerId): void {
  const options = { skipEncryption: true, remotePeer, signal: AbortSignal.timeout(60_000) } as const
  const upgraded =
    connection.direction === 'inbound'
      ? upgrader.upgradeInbound(connection, options)
      : upgrader.upgradeOutbound(connection, options)
  Promise.resolve(upgraded).catch((error: unknown) => {
    connection.abort(error instanceof Error ? error : new Error(String(error)))
  })
}

export function endConnection(connection: MemoryConnection, end: Case['end']): void {
  if (connection.status !== 'open') {
    return
  }
  switch (end) {
    case 'close':
      connection.onTransportClosed()
      break
    case 'reset':
      connection.onRemoteReset()
      break
    case 'break':
      connection.onData(nonsense)
      connection.onRemoteReset()
      break
    case 'open':
      connection.abort(new Error('the case is over'))
      break
  }
}

const muxerNegotiation = negotiation('/yamux/1.0.0').length

/** Counts the data frames that the victim sends, by stream. */
class VictimBytes {
  readonly #dataFrames = new Map<number, number>()
  #skip = muxerNegotiation
  #rest: Uint8Array = new Uint8Array(0)

  dataFrames(stream: number | undefined): number {
    return stream === undefined ? Number.POSITIVE_INFINITY : (this.#dataFrames.get(stream) ?? 0)
  }

  sent(bytes: Uint8Array): void {
    const skipped = Math.min(this.#skip, bytes.length)
    this.#skip -= skipped
    const { frames, rest } = readFrames(joinBytes([this.#rest, bytes.subarray(skipped)]))
    this.#rest = rest.slice()
    for (const { type, stream } of frames) {
      if (type === dataType) {
        this.#dataFrames.set(stream, (this.#dataFrames.get(stream) ?? 0) + 1)
      }
    }
  }
}
