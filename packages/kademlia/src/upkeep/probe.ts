import { unreachable } from '../assert.ts'
import type { Contact, PeerInfo } from '../contact.ts'
import { limits } from '../limits.ts'
import type { Machine } from '../machine.ts'
import type { Entry } from '../table/entry.ts'
import type { Table } from '../table/table.ts'
import type { Millis } from '../time.ts'

export type ProbeInput =
  | { readonly type: 'tick' }
  /** Anybody answered anything: we are online. */
  | { readonly type: 'answered'; readonly contact: Contact }
  /** A request to a peer failed, whoever asked; `sent` is when it went out. */
  | { readonly type: 'failed'; readonly contact: Contact; readonly sent: Millis }
  /** The peer said that it does not serve (any more). */
  | { readonly type: 'gone'; readonly contact: Contact }
  /** The table has gained a peer, which may be due earlier than what was known. */
  | { readonly type: 'added'; readonly heard: Millis }
  | { readonly type: 'stop' }

export type ProbeOutput =
  /** Ask this entry for our own id. */
  { readonly type: 'probe'; readonly peer: PeerInfo } | { readonly type: 'removed'; readonly peer: PeerInfo }

/**
 * Who leaves the table. Entries that have been silent for `probeAfter` are asked, the one silent for longest first,
 * `probeChecks` at once. A failed query counts, of a lookup as of a probe, and `failuresToEvict` in a row evict (in a row:
 * each went out after the one before had counted, for queries in flight at once fail of one and the same cause);
 * but only if anybody answered in the time that the request had (`abandonAfter`): when nobody does, that says more about
 * us (a laptop offline) than about the peer. A refused dial fails sooner than any peer can answer, so such a failure
 * waits for the next answer. An entry that failed is tried again after `probeRetryAfter`; where none but such are due,
 * the one heard last is asked with them, as a witness that somebody could answer.
 */
export class Probe implements Machine<ProbeInput, ProbeOutput> {
  readonly #table: Table
  // bounded by limits.probeChecks
  readonly #probing = new Set<string>()
  // bounded by the entries due at one look: taken from the front by poll, oldest first
  #due: Entry[] = []
  // bounded by the table, whose entries alone are noted: failures, and when their requests went out, until an answer comes
  readonly #unconfirmed = new Map<string, { contact: Contact; sent: Millis }>()
  // bounded by the table: when the last failure of an entry was counted, until it answers or leaves
  readonly #failing = new Map<string, Millis>()
  // bounded by the inputs since the last poll: drained after each
  readonly #removed: PeerInfo[] = []
  #lastAnswer: Millis = -Infinity
  #now: Millis = 0
  /** When to look through the table again; never later than the first entry falls due, give or take `probePause`. */
  #next: Millis = Infinity

  constructor(table: Table) {
    this.#table = table
  }

  get deadline(): Millis {
    return this.#next
  }

  get sizes(): { probing: number; due: number; unconfirmed: number; failing: number } {
    return {
      probing: this.#probing.size,
      due: this.#due.length,
      unconfirmed: this.#unconfirmed.size,
      failing: this.#failing.size
    }
  }

  handle(now: Millis, input: ProbeInput): void {
    this.#now = now
    switch (input.type) {
      case 'tick':
        if (now >= this.#next) {
          this.#look(now)
        }
        break
      case 'answered':
        this.#probing.delete(input.contact.id)
        this.#answered(now, input.contact)
        break
      case 'failed':
        this.#probing.delete(input.contact.id)
        this.#failed(input.contact, input.sent)
        break
      case 'gone':
        this.#remove(input.contact)
        break
      case 'added':
        this.#next = Math.min(this.#next, Math.max(now, input.heard + limits.probeAfter))
        break
      case 'stop':
        this.#probing.clear()
        this.#unconfirmed.clear()
        this.#failing.clear()
        this.#due = []
        break
      default:
        unreachable(input)
    }
  }

  poll(): ProbeOutput | undefined {
    const removed = this.#removed.shift()
    if (removed !== undefined) {
      return { type: 'removed', peer: removed }
    }

    while (this.#due.length > 0 && this.#probing.size < limits.probeChecks) {
      const { peer, heard } = this.#due.shift() as Entry
      const entry = this.#table.entry(peer.contact)
      // it may have left or answered since the look
      if (entry !== undefined && entry.heard === heard && !this.#probing.has(peer.contact.id)) {
        this.#probing.add(peer.contact.id)
        this.#table.tried(peer.contact, this.#now)
        return { type: 'probe', peer: entry.peer }
      }
    }

    return undefined
  }

  #answered(now: Millis, by: Contact): void {
    this.#lastAnswer = now
    this.#unconfirmed.delete(by.id)
    this.#failing.delete(by.id)
    if (this.#unconfirmed.size === 0) {
      return
    }

    for (const { contact, sent } of this.#unconfirmed.values()) {
      if (now - sent <= limits.abandonAfter) {
        this.#count(contact, sent)
      }
    }

    this.#unconfirmed.clear()
  }

  #failed(contact: Contact, sent: Millis): void {
    if (sent <= this.#lastAnswer) {
      this.#count(contact, sent)
    } else if (sent <= this.#now && this.#table.has(contact)) {
      this.#unconfirmed.set(contact.id, { contact, sent })
    }
  }

  #count(contact: Contact, sent: Millis): void {
    const before = this.#failing.get(contact.id) ?? -Infinity
    if (sent <= before || !this.#table.has(contact)) {
      return
    }

    this.#failing.set(contact.id, this.#now)
    if (this.#table.failed(contact) >= limits.failuresToEvict) {
      this.#remove(contact)
    }
  }

  #look(now: Millis): void {
    this.#due = []
    let next = Infinity
    let [witness, witnessed] = [-1, -Infinity]
    this.#table.eachTime((slot, heard, tried) => {
      const at = dueAt(heard, tried)
      next = Math.min(next, at <= now ? now + limits.probeRetryAfter : at)
      if (at <= now) {
        this.#due.push(this.#table.entryAt(slot))
      } else if (heard > witnessed) {
        witness = slot
        witnessed = heard
      }
    })

    this.#due.sort((a, b) => a.heard - b.heard)
    if (witness !== -1 && this.#due.length > 0 && this.#due.every(({ heard, tried }) => tried > heard)) {
      this.#due.push(this.#table.entryAt(witness))
    }

    this.#next = Math.max(next, now + limits.probePause)
  }

  #remove(contact: Contact): void {
    this.#probing.delete(contact.id)
    this.#unconfirmed.delete(contact.id)
    this.#failing.delete(contact.id)
    const removed = this.#table.remove(contact)
    if (removed !== undefined) {
      this.#removed.push(removed)
    }
  }
}

function dueAt(heard: Millis, tried: Millis): Millis {
  return Math.max(heard + limits.probeAfter, tried + limits.probeRetryAfter)
}
