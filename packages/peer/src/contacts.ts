/**
 * The peers that were named to us: dialled all at once at the start, and again, with back-off, while the node runs.
 *
 * Each is in one of four states. *Dialling*. *There*: connected to the peer that was found. *Away*: the dial failed, and
 * a timer runs, 1 s at first and twice as long after each failure in a row, 5 min at most. *Lost*: it hung up.
 *
 * A bootstrap peer that was lost is dialled again only once we have no connection left, for one that has no more room
 * for us is not to be pestered; that it hung up within a minute counts as a failure. Any other peer that hangs up has had
 * enough of us and is left alone.
 *
 * The list is our own, because libp2p's peer store forgets an address an hour after it was first heard.
 */
import type { Multiaddr } from '@multiformats/multiaddr'
import { Timer } from './timer.ts'
import { peerIdOf } from './transports.ts'
import type { Due } from './timer.ts'

/** The first pause before a contact is dialled again. Each further failure doubles the pause. */
const backoffMinMs = 1_000
/** The longest pause before a contact is dialled again. */
const backoffMaxMs = 300_000
/** A dial of a contact ends after this time. */
const dialTimeoutMs = 10_000
/** A connection that lasted this long was no failure. */
const steadyAfterMs = 60_000

export type ContactKind = 'bootstrap' | 'dial'

export interface Contact {
  readonly kind: ContactKind
  readonly address: Multiaddr
}

export interface ContactHooks {
  /** Connects, or is connected already; gives the id of the peer that is there. */
  dial(address: Multiaddr, signal: AbortSignal): Promise<string>
  isConnected(peer: string): boolean
  /** Whether we have no connection at all. */
  isIsolated(): boolean
  reached(contact: Contact): void
  /** The `attempt`th in a row failed; the next follows after `retryMs`. */
  failed(contact: Contact, error: unknown, attempt: number, retryMs: number): void
}

export class Contacts {
  readonly #entries: readonly Entry[]
  readonly #stopping = new AbortController()

  constructor(contacts: readonly Contact[], hooks: ContactHooks) {
    this.#entries = contacts.map(contact => new Entry(contact, hooks, this.#stopping.signal))
  }

  /** Dials all at once; ends when each bootstrap peer was reached or has failed for the first time. Never rejects. */
  async begin(): Promise<void> {
    const begun = this.#entries.map(entry => ({ kind: entry.kind, ended: entry.begin() }))
    await Promise.all(begun.filter(({ kind }) => kind === 'bootstrap').map(({ ended }) => ended))
  }

  /** Whether a peer is one that a bootstrap address led to. */
  isBootstrap(peer: string): boolean {
    return this.#entries.some(entry => entry.kind === 'bootstrap' && entry.peer === peer)
  }

  /** A peer's last connection ended. */
  closed(peer: string): void {
    for (const entry of this.#entries) {
      entry.closed(peer)
    }
  }

  /** Whether a peer is one of the contacts, connected or not. */
  has(peer: string): boolean {
    return this.#entries.some(entry => entry.peer === peer || entry.named === peer)
  }

  stop(): void {
    this.#stopping.abort()
    for (const entry of this.#entries) {
      entry.stop()
    }
  }
}

class Entry {
  readonly #contact: Contact
  readonly #hooks: ContactHooks
  readonly #stopping: AbortSignal
  readonly #timer = new Timer(() => this.#dial())
  #state: State = { type: 'away' }
  #failures = 0

  constructor(contact: Contact, hooks: ContactHooks, stopping: AbortSignal) {
    this.#contact = contact
    this.#hooks = hooks
    this.#stopping = stopping
  }

  get kind(): ContactKind {
    return this.#contact.kind
  }

  /** The peer that the address led to, while it is there. */
  get peer(): string | undefined {
    return this.#state.type === 'there' ? this.#state.peer : undefined
  }

  /** The peer that the address names. */
  get named(): string | undefined {
    return peerIdOf(this.#contact.address)
  }

  async begin(): Promise<void> {
    this.#retryAfter(await this.#dial())
  }

  closed(peer: string): void {
    if (this.peer === peer) {
      this.#lose()
    }
    this.#retryAfter(this.#dueWhenLost)
  }

  stop(): void {
    this.#timer.stop()
  }

  #retryAfter(due: Due): void {
    if (due !== undefined) {
      this.#timer.start(due)
    }
  }

  #lose(): void {
    const lasted = this.#state.type === 'there' ? performance.now() - this.#state.since : 0
    this.#failures = lasted < steadyAfterMs ? this.#failures + 1 : 0
    this.#state = { type: 'lost' }
  }

  get #dueWhenLost(): Due {
    const again = this.#state.type === 'lost' && this.kind === 'bootstrap' && this.#hooks.isIsolated()
    return again ? this.#backoffMs : undefined
  }

  get #backoffMs(): number {
    return Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.max(0, this.#failures - 1))
  }

  /** Gives when the next dial is due. */
  async #dial(): Promise<Due> {
    // Somebody else connected while this one waited.
    if (this.#state.type === 'lost' && !this.#hooks.isIsolated()) {
      return undefined
    }

    try {
      const peer = await this.#hooks.dial(
        this.#contact.address,
        AbortSignal.any([this.#stopping, AbortSignal.timeout(dialTimeoutMs)])
      )
      this.#state = { type: 'there', peer, since: performance.now() }
      this.#hooks.reached(this.#contact)
      if (this.#hooks.isConnected(peer)) {
        return undefined
      }

      // It hung up before we knew who it was.
      this.#lose()
      return this.#dueWhenLost
    } catch (error) {
      if (this.#stopping.aborted) {
        return undefined
      }

      this.#state = { type: 'away' }
      this.#failures++
      this.#hooks.failed(this.#contact, error, this.#failures, this.#backoffMs)
      return this.#backoffMs
    }
  }
}

type State =
  /** Not reached yet, or no longer: a dial is under way, or due. */
  | { readonly type: 'away' }
  | { readonly type: 'there'; readonly peer: string; readonly since: number }
  | { readonly type: 'lost' }
