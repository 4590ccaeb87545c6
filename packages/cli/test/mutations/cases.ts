/** A mutation case: the bytes that one peer sends to the victim, in order, and how it ends. */
import { readFileSync, writeFileSync } from 'node:fs'

export const layers = ['muxer', 'streams', 'tcp', 'websocket', 'quic', 'webrtc'] as const
export type Layer = (typeof layers)[number]

/** The victim's part: it listens for the connection, or it dials it. */
export const sides = ['listens', 'dials'] as const
export type Side = (typeof sides)[number]

/** Bytes that are written at once: a chunk of a byte stream, or a datagram. */
export interface Piece {
  readonly bytes: Uint8Array
  /**
   * Written once the victim has sent so many data frames on `stream`, or without one so many chunks or datagrams. After a
   * few turns of the event loop it is written anyway.
   */
  readonly after: number
  readonly stream?: number
}

/** The sender's last act: a proper close, a reset, neither, or a reset and in the same write bytes that no protocol has. */
export const ends = ['close', 'reset', 'open', 'break'] as const
export type End = (typeof ends)[number]

export interface Case {
  readonly layer: Layer
  readonly side: Side
  readonly index: number
  /** The peer id that the recording belongs to. */
  readonly identity: string
  /** The protocol of the stream; empty when the case is a whole connection. */
  readonly protocol: string
  readonly pieces: readonly Piece[]
  readonly end: End
  /** Layer `muxer`: the frames are played on a connection that lives already, not on one of their own. */
  readonly living?: boolean
  /** Layers `quic` and `webrtc`: the bytes of a stream on a connection of real peers. */
  readonly over?: boolean
  /** A live handshake runs through a relay that mutates; `pieces` are then the seed's, not recorded. */
  readonly relay?: Relay
}

/** A change made to a running exchange between two real peers. */
export interface Relay {
  readonly seed: string
  /** The chunk or datagram towards the victim that is changed first. */
  readonly at: number
}

/** The file that keeps a failing input. */
export interface Kept {
  readonly seed: string
  /** The end of the victim: its exit code and standard error, or the failed health check. */
  readonly failure: string
  /** One case, unless only several together end the process. */
  readonly cases: readonly Case[]
}

export function writeKept(file: string, kept: Kept): void {
  const hex = (_key: string, value: unknown): unknown =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
  writeFileSync(file, `${JSON.stringify(kept, hex, 2)}\n`)
}

export function readKept(file: string): Kept {
  const bytes = (key: string, value: unknown): unknown =>
    key === 'bytes' && typeof value === 'string' ? new Uint8Array(Buffer.from(value, 'hex')) : value
  return JSON.parse(readFileSync(file, 'utf8'), bytes) as Kept
}
