import { isSamePeer } from '../contact.ts'
import type { Contact, PeerInfo } from '../contact.ts'
import { compareDistance, headDistance, keyHead } from '../key.ts'
import type { Key } from '../key.ts'
import { limits } from '../limits.ts'

/**
 * What one lookup thinks of one candidate:
 * - `heard`: named by someone, not asked yet. Left by being asked.
 * - `waiting`: asked, and holding one of the α places. Left by an answer, a failure, or by being late.
 * - `late`: has taken too long; holds no place and blocks nothing. Left by an answer or a failure.
 * - `answered`: final.
 * - `failed`: left once, if nobody was there and somebody else says that it is elsewhere: then it is `heard` again.
 */
export type PeerPhase = 'heard' | 'waiting' | 'late' | 'answered' | 'failed'

export interface Candidate {
  peer: PeerInfo
  /** The same peer with other addresses, as somebody else has named it: for when nobody is at those of `peer`. */
  elsewhere: PeerInfo | undefined
  /** Whether it has been asked at other addresses once before. */
  retried: boolean
  phase: PeerPhase
}

/** Those whom a lookup may ask, asks or has asked, nearest to its target first. A data structure only. */
export class Candidates {
  readonly #target: Key
  readonly #head: number
  // bounded by limits.frontier: insert drops the farthest that was not asked
  readonly #nearest: Candidate[] = []
  // bounded by #nearest, of which it has the heads of the distances
  readonly #away: number[] = []

  constructor(target: Key) {
    this.#target = target
    this.#head = keyHead(target)
  }

  /** All of them. */
  get nearest(): readonly Candidate[] {
    return this.#nearest
  }

  find(contact: Contact): Candidate | undefined {
    const away = headDistance(this.#head, contact.head)
    const at = this.#search(contact, away)
    const candidate = this.#away[at] === away ? this.#nearest[at] : undefined
    return candidate !== undefined && isSamePeer(candidate.peer.contact, contact) ? candidate : undefined
  }

  /**
   * Adds a peer that is not among them, to be asked; where there are too many, for another that is farther away.
   *
   * @returns false when there is none that could be spared.
   */
  insert(peer: PeerInfo): boolean {
    const away = headDistance(this.#head, peer.contact.head)
    const at = this.#search(peer.contact, away)
    if (this.#nearest.length >= limits.frontier && !this.#dropBeyond(at)) {
      return false
    }

    this.#nearest.splice(at, 0, { peer, elsewhere: undefined, retried: false, phase: 'heard' })
    this.#away.splice(at, 0, away)
    return true
  }

  /** Makes room for a candidate at a position. @returns false when nobody beyond it can be spared. */
  #dropBeyond(at: number): boolean {
    for (let i = this.#nearest.length - 1; i >= at; i--) {
      if (this.#nearest[i]?.phase === 'heard') {
        this.#nearest.splice(i, 1)
        this.#away.splice(i, 1)
        return true
      }
    }

    return false
  }

  /** The position of a contact, or the one where it would stand. */
  #search(contact: Contact, away: number): number {
    let low = 0
    let high = this.#nearest.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = this.#away[middle] as number
      const nearer = other === away ? this.#isNearer(middle, contact) : other < away
      if (nearer) {
        low = middle + 1
      } else {
        high = middle
      }
    }

    return low
  }

  #isNearer(at: number, contact: Contact): boolean {
    const other = (this.#nearest[at] as Candidate).peer.contact
    // most that are named are candidates already, and their keys need not be looked at
    return other !== contact && compareDistance(this.#target, other.key, contact.key) < 0
  }
}
