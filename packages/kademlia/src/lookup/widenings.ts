import { assert, unreachable } from '../assert.ts'
import type { Target } from '../contact.ts'
import type { Machine } from '../machine.ts'
import type { Millis } from '../time.ts'
import type { LookupResult } from './lookup.ts'
import type { Op } from './pool.ts'
import { Widening } from './widening.ts'
import type { WideningConfig, WideningOutput } from './widening.ts'

export type WideningsInput =
  | { readonly type: 'tick' }
  | { readonly type: 'start'; readonly op: Op; readonly widening: WideningConfig }
  | { readonly type: 'targeted'; readonly op: Op; readonly target: Target }
  | { readonly type: 'walked'; readonly op: Op; readonly result: LookupResult }
  | { readonly type: 'stop'; readonly op: Op; readonly reason: 'cancelled' }
  | { readonly type: 'stopAll' }

export type WideningsOutput = WideningOutput & { readonly op: Op }

/** All lookups that are being widened at once, by the operation they serve: as the pool is to lookups, which they were before. */
export class Widenings implements Machine<WideningsInput, WideningsOutput> {
  // bounded by limits.operations: each was a lookup of the pool, and counts as one still
  readonly #running = new Map<Op, Widening>()
  // bounded by #running: those whose state changed since they were last drained
  readonly #changed = new Set<Op>()

  get size(): number {
    return this.#running.size
  }

  /** When the first has to end. There are few of them: most of the time none. */
  get deadline(): Millis {
    let deadline = Infinity
    for (const widening of this.#running.values()) {
      deadline = Math.min(deadline, widening.deadline)
    }

    return deadline
  }

  handle(now: Millis, input: WideningsInput): void {
    switch (input.type) {
      case 'start':
        assert(!this.#running.has(input.op), 'an operation is widened once')
        this.#running.set(input.op, new Widening(input.widening))
        this.#changed.add(input.op)
        break
      case 'targeted':
      case 'walked':
      case 'stop':
        this.#running.get(input.op)?.handle(now, input)
        this.#changed.add(input.op)
        break
      case 'tick':
      case 'stopAll':
        for (const [op, widening] of this.#running) {
          widening.handle(now, input.type === 'tick' ? input : { type: 'stop', reason: 'stopped' })
          this.#changed.add(op)
        }
        break
      default:
        unreachable(input)
    }
  }

  poll(): WideningsOutput | undefined {
    for (const op of this.#changed) {
      const output = this.#running.get(op)?.poll()
      if (output === undefined) {
        this.#changed.delete(op)
        continue
      }

      if (output.type === 'finished') {
        this.#running.delete(op)
      }

      return { ...output, op }
    }

    return undefined
  }
}
