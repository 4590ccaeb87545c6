import { unreachable } from '../assert.ts'
import type { Contact, PeerInfo } from '../contact.ts'
import { isPlausible } from '../groups.ts'
import { limits } from '../limits.ts'
import type { Machine } from '../machine.ts'
import type { Table } from '../table/table.ts'
import type { Millis } from '../time.ts'

export interface IncludeConfig {
  /** Whether at most so many peers of one address group may enter (the public network). */
  readonly limitGroups: boolean
}

export type IncludeInput =
  | { readonly type: 'tick' }
  /** A peer that says it serves; it is checked before it enters. */
  | { readonly type: 'candidate'; readonly peer: PeerInfo }
  /** A peer answered a FIND_NODE, ours or a lookup's: whoever answers may enter at once. */
  | { readonly type: 'answered'; readonly peer: PeerInfo; readonly roundTrip: Millis }
  /** A peer has new addresses. */
  | { readonly type: 'readdressed'; readonly peer: PeerInfo }
  /** A request to a peer failed, the check of a candidate or another: it rests. */
  | { readonly type: 'failed'; readonly contact: Contact }
  /** The peer says that it does not serve: it is no candidate, until it says otherwise. */
  | { readonly type: 'gone'; readonly contact: Contact }
  /** A peer from a saved table that answered at `heard`, not long ago. */
  | { readonly type: 'restored'; readonly peer: PeerInfo; readonly heard: Millis; readonly roundTrip: Millis }
  | { readonly type: 'stop' }

export type IncludeOutput =
  /** Ask this candidate for our own id. */
  | { readonly type: 'check'; readonly peer: PeerInfo }
  | { readonly type: 'added'; readonly peer: PeerInfo; readonly heard: Millis }
  /** A peer's rest is over: it is wanted as a candidate again, if it serves still. */
  | { readonly type: 'rested'; readonly id: string }

/**
 * Who enters the table: only peers that have answered a FIND_NODE, and only where their bucket has room, for a live
 * peer is never evicted for a new one. A candidate waits in a queue, is *checked* (asked for our own id; an empty
 * answer passes), and enters or rests for a while before it may be a candidate again; when a rest ends it is asked for
 * again (`rested`), so that one lost message does not keep out a peer that stays connected. The peers that a check
 * names are no candidates: only those who come to us, or whom a lookup has asked, are.
 */
export class Include implements Machine<IncludeInput, IncludeOutput> {
  readonly #table: Table
  readonly #config: IncludeConfig
  // bounded by limits.includeQueue: candidates beyond it are dropped
  readonly #queue = new Map<string, PeerInfo>()
  // bounded by limits.includeChecks: poll hands out no more
  readonly #checking = new Set<string>()
  // bounded by limits.includeQueue: the oldest leaves first
  readonly #resting = new Map<string, Millis>()
  // bounded by the inputs since the last poll: drained after each
  readonly #added: Extract<IncludeOutput, { readonly type: 'added' }>[] = []
  // bounded by limits.includeQueue: whose rest is over, drained after each input
  readonly #rested: string[] = []
  /** Never later than the first rest's end. */
  #wakeAt: Millis = Infinity

  constructor(table: Table, config: IncludeConfig) {
    this.#table = table
    this.#config = config
  }

  /** When the first rest ends, or a little earlier. */
  get deadline(): Millis {
    return this.#wakeAt
  }

  /** Sizes of all collections, for leak checks. */
  get sizes(): { queue: number; checking: number; resting: number } {
    return { queue: this.#queue.size, checking: this.#checking.size, resting: this.#resting.size }
  }

  handle(now: Millis, input: IncludeInput): void {
    switch (input.type) {
      case 'tick':
        this.#wake(now)
        break
      case 'candidate':
        this.#candidate(now, input.peer)
        break
      case 'answered':
        this.#forget(input.peer.contact.id)
        this.#resting.delete(input.peer.contact.id)
        if (this.#table.heard(input.peer.contact, now, input.roundTrip)) {
          this.#readdress(input.peer)
        } else {
          this.#add(input.peer, now, input.roundTrip)
        }
        break
      case 'readdressed':
        this.#readdress(input.peer)
        break
      case 'failed':
        this.#forget(input.contact.id)
        this.#rest(now, input.contact.id)
        break
      case 'gone':
        this.#forget(input.contact.id)
        this.#resting.delete(input.contact.id)
        break
      case 'restored':
        if (!this.#table.has(input.peer.contact)) {
          this.#add(input.peer, input.heard, input.roundTrip)
        }
        break
      case 'stop':
        this.#queue.clear()
        this.#checking.clear()
        this.#resting.clear()
        this.#wakeAt = Infinity
        break
      default:
        unreachable(input)
    }
  }

  poll(): IncludeOutput | undefined {
    const added = this.#added.shift()
    if (added !== undefined) {
      return added
    }

    const rested = this.#rested.shift()
    if (rested !== undefined) {
      return { type: 'rested', id: rested }
    }

    for (const [id, peer] of this.#queue) {
      if (this.#checking.size >= limits.includeChecks) {
        return undefined
      }

      this.#queue.delete(id)
      if (this.#admissible(peer)) {
        this.#checking.add(id)
        return { type: 'check', peer }
      }
    }

    return undefined
  }

  #candidate(now: Millis, peer: PeerInfo): void {
    const id = peer.contact.id
    const restsUntil = this.#resting.get(id) ?? -Infinity
    if (now < restsUntil || this.#checking.has(id) || !this.#admissible(peer)) {
      return
    }

    if (this.#queue.has(id) || this.#queue.size < limits.includeQueue) {
      this.#queue.set(id, peer)
    }
  }

  #admissible(peer: PeerInfo): boolean {
    return !this.#table.has(peer.contact) && this.#table.hasRoom(peer.contact) && this.#groupsAllow(peer)
  }

  /** Whether the limits on address groups let a peer in with these addresses; `known` are the groups it has there already. */
  #groupsAllow(peer: PeerInfo, known: readonly number[] = []): boolean {
    if (!this.#config.limitGroups) {
      return true
    }

    return (
      isPlausible(peer) &&
      peer.groups.every(group => {
        const counts = this.#table.groupCounts(group, peer.contact)
        return known.includes(group) || (counts.bucket < limits.groupPerBucket && counts.table < limits.groupPerTable)
      })
    )
  }

  /** A peer that would move to where it could not have come in keeps its old addresses. */
  #readdress(peer: PeerInfo): void {
    const known = this.#table.get(peer.contact)
    if (known !== undefined && this.#groupsAllow(peer, known.groups)) {
      this.#table.readdress(peer)
    }
  }

  #add(peer: PeerInfo, heard: Millis, roundTrip: Millis): void {
    if (this.#table.hasRoom(peer.contact) && this.#groupsAllow(peer)) {
      this.#table.add({ peer, heard, tried: -Infinity, roundTrip, failures: 0 })
      this.#added.push({ type: 'added', peer, heard })
    }
  }

  #forget(id: string): void {
    this.#queue.delete(id)
    this.#checking.delete(id)
  }

  /** All rest for the same time, so those who began first end first. */
  #rest(now: Millis, id: string): void {
    this.#resting.delete(id)
    this.#resting.set(id, now + limits.includeRetryAfter)
    this.#wakeAt = Math.min(this.#wakeAt, now + limits.includeRetryAfter)
    const [oldest] = this.#resting.keys()
    if (oldest !== undefined && this.#resting.size > limits.includeQueue) {
      this.#resting.delete(oldest)
    }
  }

  #wake(now: Millis): void {
    if (now < this.#wakeAt) {
      return
    }

    this.#wakeAt = Infinity
    for (const [id, until] of this.#resting) {
      if (until > now) {
        this.#wakeAt = until
        break
      }

      this.#resting.delete(id)
      this.#rested.push(id)
    }
  }
}
