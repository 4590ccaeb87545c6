import { assert } from './assert.ts'
import type { PeerInfo } from './contact.ts'
import { limits } from './limits.ts'
import type { Machine } from './machine.ts'
import { AdaptiveTimeout } from './timeout.ts'
import type { Millis } from './time.ts'

/** The id of one request; minted here, never used twice. */
export type Rpc = number

/** One request in flight. `Purpose` says who asked, and is whatever the asker needs to take the answer. */
export interface InFlight<Purpose> {
  readonly rpc: Rpc
  readonly to: PeerInfo
  readonly purpose: Purpose
  readonly sent: Millis
  readonly opened: Millis | undefined
  readonly late: boolean
}

export type RequestsInput =
  | { readonly type: 'tick' }
  /** Dialled and negotiated: the adaptive timeout starts now. */
  | { readonly type: 'opened'; readonly rpc: Rpc }

export type RequestsOutput<Purpose> =
  /** The peer has taken too long: it blocks nothing any longer, but may still answer. */
  | { readonly type: 'late'; readonly request: InFlight<Purpose> }
  /** Given up: whatever comes for it now is ignored. */
  | { readonly type: 'abandoned'; readonly request: InFlight<Purpose> }

interface Row<Purpose> extends InFlight<Purpose> {
  opened: Millis | undefined
  late: boolean
  /** The next time at which something happens to it by itself. */
  deadline: Millis
}

/**
 * Every request in flight, whoever asked it, and the two clocks that each has.
 *
 * A request is *open* (dialling, or waiting for the answer), then perhaps *late* (at its adaptive timeout after the
 * stream opened, or `openTimeout` after it was sent if it has not opened). It leaves by `end` (answered, failed), by
 * the `abandoned` output (`abandonAfter` after it was sent) or by `drop` (nobody wants the answer any more).
 */
export class Requests<Purpose> implements Machine<RequestsInput, RequestsOutput<Purpose>> {
  readonly timeout = new AdaptiveTimeout()
  // bounded by limits.operations × k + limits.includeChecks + limits.probeChecks: each asker has its own cap
  readonly #rows = new Map<Rpc, Row<Purpose>>()
  // bounded by #rows: drained by poll after every input
  readonly #out: Array<RequestsOutput<Purpose>> = []
  #next: Rpc = 1
  /** Never later than the earliest deadline of a row; an early tick finds nothing due and sets it right. */
  #deadline: Millis = Infinity

  get size(): number {
    return this.#rows.size
  }

  get deadline(): Millis {
    return this.#deadline
  }

  send(now: Millis, to: PeerInfo, purpose: Purpose): Rpc {
    const rpc = this.#next++
    const deadline = now + limits.openTimeout
    this.#rows.set(rpc, { rpc, to, purpose, sent: now, opened: undefined, late: false, deadline })
    this.#deadline = Math.min(this.#deadline, deadline)
    return rpc
  }

  handle(now: Millis, input: RequestsInput): void {
    if (input.type === 'opened') {
      const row = this.#rows.get(input.rpc)
      if (row !== undefined && row.opened === undefined) {
        row.opened = now
        if (!row.late) {
          row.deadline = Math.min(now + this.timeout.value, row.sent + limits.abandonAfter)
          this.#deadline = Math.min(this.#deadline, row.deadline)
        }
      }
      return
    }

    if (now >= this.#deadline) {
      this.#expire(now)
    }
  }

  poll(): RequestsOutput<Purpose> | undefined {
    return this.#out.shift()
  }

  /** An answer or a failure came. @returns the request, or `undefined` when it had ended before. */
  end(rpc: Rpc): InFlight<Purpose> | undefined {
    const row = this.#rows.get(rpc)
    this.#rows.delete(rpc)
    return row
  }

  /** Takes out every request that `wanted` does not want any more. */
  drop(unwanted: (request: InFlight<Purpose>) => boolean): Array<InFlight<Purpose>> {
    const dropped: Array<InFlight<Purpose>> = [] // bounded by #rows
    for (const row of this.#rows.values()) {
      if (unwanted(row)) {
        this.#rows.delete(row.rpc)
        dropped.push(row)
      }
    }

    return dropped
  }

  #expire(now: Millis): void {
    let earliest = Infinity
    for (const row of this.#rows.values()) {
      if (row.deadline <= now) {
        const abandonAt = row.sent + limits.abandonAfter
        if (now >= abandonAt) {
          this.#rows.delete(row.rpc)
          this.#out.push({ type: 'abandoned', request: row })
          continue
        }

        assert(!row.late, 'a late request only waits to be abandoned')
        row.late = true
        row.deadline = abandonAt
        this.#out.push({ type: 'late', request: row })
      }

      earliest = Math.min(earliest, row.deadline)
    }

    this.#deadline = earliest
  }
}
