/**
 * A trace: everything that one node's machine was told, when, and what it said to it, as lines of JSON. The same machine
 * given the same inputs has to decide the same, so a trace of a live node replays its bugs without a network.
 *
 * - The first line is the header: what the machine was made of, and by which program.
 * - Then one line for each `handle`: `{"at":<milliseconds>,"in":<input>,"out":[<outputs>]}`, without `out` where the
 *   machine said nothing, and with `"threw":<message>` where it broke a promise of its own.
 * - The last is `{"end":<how many lines of inputs>}`: without it the trace was cut off.
 *
 * Values are as in `io.ts`, with what JSON lacks in strings that begin with an asterisk: `*x0aff` are bytes, `*k…` is a
 * key, `*Infinity` a number, and `**` begins a text that itself begins with an asterisk. A peer, contact, target or set of
 * addresses is written out where it is first named, as `{"*":12,…}`, and from then on is `*12`.
 */
import type { KademliaConfig } from '../config.ts'
import type { Contact } from '../contact.ts'
import type { KademliaInput } from '../io.ts'
import type { Millis, WallMillis } from '../time.ts'

/** The version of the form of the lines, not of the program. */
export const traceVersion = 1

export interface TraceHeader {
  /** The program that recorded, as `name/version`. */
  readonly program: string
  /** The commit that it ran, as far as it knew. */
  readonly commit: string | undefined
  /** Wall-clock time when the recording began. */
  readonly startedAt: WallMillis
  /** What the machine's random numbers came from. */
  readonly seed: string
  readonly self: Contact
  readonly config: KademliaConfig
}

/** One `handle`, and what it led to. Outputs are as the machine gave them, but nobody has checked their form. */
export interface TraceEntry {
  readonly at: Millis
  readonly input: KademliaInput
  readonly outputs: readonly unknown[]
  /** The message of the error that `handle` threw; that is a bug, and worth a trace. */
  readonly threw: string | undefined
}

/**
 * Why a trace cannot be read any further, and at which line, counted from 1. `version`: of another form than ours.
 * `cut`: its end is missing, as after a `kill -9`; what came before stands. `corrupt`: anything else.
 */
export interface TraceProblem {
  readonly type: 'problem'
  readonly reason: 'version' | 'cut' | 'corrupt'
  readonly line: number
  readonly message: string
}

export type TraceLine =
  | { readonly type: 'header'; readonly header: TraceHeader }
  | { readonly type: 'entry'; readonly entry: TraceEntry }
  | { readonly type: 'end' }
  | TraceProblem

/** Where a recording goes. */
export interface TraceSink {
  /** The program that records, as `name/version`. */
  readonly program: string
  /** The commit that it runs, if it knows. */
  readonly commit?: string | undefined
  /** Takes the next line, which has no line end yet. Must not throw, nor call the node that is recorded. */
  line(text: string): void
}
