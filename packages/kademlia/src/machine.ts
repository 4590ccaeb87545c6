import type { Millis } from './time.ts'

/**
 * The form that every piece of protocol logic has: one mutation, then drain.
 *
 * `handle` takes the time and one input and changes the state; `poll` is then called until it gives `undefined`.
 * Nothing else changes the state, so a recorded list of inputs replays to the same outputs.
 */
export interface Machine<In, Out> {
  /** Exactly one mutation. `now` never runs backwards. */
  handle(now: Millis, input: In): void

  /** The next output, or `undefined` when there is none left. */
  poll(): Out | undefined

  /** When to call `handle(now, { type: 'tick' })` next; `Infinity` when idle. An early tick is a no-op. */
  readonly deadline: Millis
}
