/** One lookup as a walk towards its target: whom it asked, who had named them, how near they were, and what came back. */
import { keyBits, keyWords, unreachable } from '@vicinity/kademlia'
import type { FailureReason, Key, LookupResult, Millis, PeerInfo, ProgressEvent } from '@vicinity/kademlia'

export interface WalkRequest {
  /**
   * How near the peer is to the target: -log2 of its distance as a share of the keyspace. That is the length of the
   * common prefix in bits, and a fraction for how the rest compares; 256 of the target itself.
   */
  readonly nearness: number
  /** 1 for a peer of our own table, 2 for one that such a peer named, and so on. */
  readonly hop: number
  /** Which request's answer first named the peer: a place in the list; undefined for one of our own table. */
  readonly namedBy: number | undefined
  /** Since the start of the lookup, as are the next two. */
  readonly askedMs: number
  /** When the lookup stopped counting on an answer. */
  readonly lateMs: number | undefined
  /** When the answer or the failure came; undefined for `unanswered`. */
  readonly endedMs: number | undefined
  /** `unanswered`: the lookup ended first. */
  readonly outcome: 'answered' | 'failed' | 'unanswered'
  readonly reason: FailureReason | 'timeout' | undefined
  /** Whether the lookup gave it as one of the k nearest. */
  readonly chosen: boolean
}

export interface Walk {
  readonly durationMs: number
  readonly reason: LookupResult['reason']
  /** By the time they were sent. */
  readonly requests: readonly WalkRequest[]
}

type Draft = { -readonly [Field in keyof WalkRequest]: WalkRequest[Field] }

/** Where a peer was first named. */
interface Naming {
  readonly by: number
  readonly hop: number
}

/**
 * Takes the progress events of one lookup, each with its time, and then its result.
 */
export class WalkRecorder {
  readonly #target: Key
  readonly #start: Millis
  readonly #requests: Draft[] = []
  readonly #places = new Map<string, number>()
  readonly #named = new Map<string, Naming>()
  readonly #known: ReadonlySet<string>

  /** @param known - whom the table knew of near the target, who owe their hop to nobody. */
  constructor(target: Key, start: Millis, known: readonly PeerInfo[] = []) {
    this.#target = target
    this.#start = start
    this.#known = new Set(known.map(({ contact }) => contact.id))
  }

  handle(now: Millis, event: ProgressEvent): void {
    const { id, key } = event.peer.contact
    switch (event.type) {
      case 'asked':
        this.#asked(now - this.#start, id, key)
        break
      case 'late':
        this.#change(id, request => (request.lateMs = now - this.#start))
        break
      case 'answered':
        this.#end(now, id, 'answered', undefined)
        this.#name(id, event.closer)
        break
      case 'failed':
        this.#end(now, id, 'failed', event.reason)
        break
      default:
        unreachable(event)
    }
  }

  finish(now: Millis, result: Pick<LookupResult, 'reason' | 'closest'>): Walk {
    const chosen = new Set(result.closest.map(({ contact }) => this.#places.get(contact.id)))
    const requests = this.#requests.map((request, at) => ({ ...request, chosen: chosen.has(at) }))
    return { durationMs: now - this.#start, reason: result.reason, requests }
  }

  #asked(askedMs: number, id: string, key: Key): void {
    const naming = this.#named.get(id)
    this.#places.set(id, this.#requests.length)
    this.#requests.push({
      nearness: nearness(this.#target, key),
      hop: naming?.hop ?? 1,
      namedBy: naming?.by,
      askedMs,
      lateMs: undefined,
      endedMs: undefined,
      outcome: 'unanswered',
      reason: undefined,
      chosen: false
    })
  }

  #end(now: Millis, id: string, outcome: 'answered' | 'failed', reason: FailureReason | 'timeout' | undefined): void {
    this.#change(id, request => {
      request.endedMs = now - this.#start
      request.outcome = outcome
      request.reason = reason
    })
  }

  /** Who is named for the first time owes its hop to the one that names it; who was known or asked before was in our table. */
  #name(id: string, closer: Extract<ProgressEvent, { type: 'answered' }>['closer']): void {
    const by = this.#places.get(id)
    const hop = by === undefined ? undefined : this.#requests[by]?.hop
    if (by === undefined || hop === undefined) {
      return
    }

    for (const { contact } of closer) {
      if (!this.#named.has(contact.id) && !this.#places.has(contact.id) && !this.#known.has(contact.id)) {
        this.#named.set(contact.id, { by, hop: hop + 1 })
      }
    }
  }

  #change(id: string, change: (request: Draft) => void): void {
    const request = this.#requests[this.#places.get(id) ?? -1]
    if (request !== undefined) {
      change(request)
    }
  }
}

/** See {@link WalkRequest}; from 0 for the farthest half of the keyspace to 256 for the target itself. */
export function nearness(target: Key, key: Key): number {
  for (let word = 0; word < keyWords; word++) {
    const difference = xor(target, key, word)
    if (difference !== 0) {
      const next = word + 1 < keyWords ? xor(target, key, word + 1) : 0
      return 32 * word + 32 - Math.log2(difference + next / 4_294_967_296)
    }
  }

  return keyBits
}

function xor(a: Key, b: Key, word: number): number {
  // words within a key's length are always there; the type cannot say so
  return ((a[word] as number) ^ (b[word] as number)) >>> 0
}
