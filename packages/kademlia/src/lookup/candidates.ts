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

/** What is rarely there to know of a candidate. */
export interface Elsewhere {
  /** The same peer with other addresses, as somebody else has named it: for when nobody is at those that it was asked at. */
  peer: PeerInfo | undefined
  /** Whether it has been asked at other addresses once before. */
  retried: boolean
}

/**
 * Those whom a lookup may ask, asks or has asked, nearest to its target first, in columns: a lookup goes through all of them
 * at every answer, and an object for each would be a wait for memory for each. A data structure only.
 */
export class Candidates {
  readonly #target: Key
  readonly #head: number
  // bounded by limits.frontier: insert drops the farthest that was not asked
  readonly peers: PeerInfo[] = []
  // bounded by peers, as all columns
  readonly phases: PeerPhase[] = []
  // bounded by peers: how far from our table each was when somebody first named it, 1 for those that stood there
  readonly hops: number[] = []
  // bounded by peers: the heads of their distances
  readonly #away: number[] = []
  // bounded by peers: by id, those that somebody has named with other addresses, and those that failed
  readonly #elsewhere = new Map<string, Elsewhere>()

  constructor(target: Key) {
    this.#target = target
    this.#head = keyHead(target)
  }

  get size(): number {
    return this.peers.length
  }

  /** Where a candidate stands until another is inserted; of a peer that is none, where it would stand as -1 - place. */
  find(contact: Contact): number {
    const away = headDistance(this.#head, contact.head)
    const at = this.#search(contact, away)
    const known = at < this.#away.length && this.#away[at] === away && isSamePeer((this.peers[at] as PeerInfo).contact, contact)
    return known ? at : -1 - at
  }

  /** What is known of where else a candidate is; made when it is first asked for. */
  elsewhere(at: number): Elsewhere {
    const { id } = (this.peers[at] as PeerInfo).contact
    const known = this.#elsewhere.get(id) ?? { peer: undefined, retried: false }
    this.#elsewhere.set(id, known)
    return known
  }

  /**
   * Adds a peer that is not among them where it belongs, to be asked; where there are too many, for another that is farther away.
   *
   * @returns false when there is none that could be spared.
   */
  insert(at: number, peer: PeerInfo, hops: number): boolean {
    if (this.peers.length >= limits.frontier && !this.#dropBeyond(at)) {
      return false
    }

    this.peers.splice(at, 0, peer)
    this.phases.splice(at, 0, 'heard')
    this.hops.splice(at, 0, hops)
    this.#away.splice(at, 0, headDistance(this.#head, peer.contact.head))
    return true
  }

  /** Makes room for a candidate at a position. @returns false when nobody beyond it can be spared. */
  #dropBeyond(at: number): boolean {
    for (let i = this.peers.length - 1; i >= at; i--) {
      if (this.phases[i] === 'heard') {
        this.#elsewhere.delete((this.peers[i] as PeerInfo).contact.id)
        this.peers.splice(i, 1)
        this.phases.splice(i, 1)
        this.hops.splice(i, 1)
        this.#away.splice(i, 1)
        return true
      }
    }

    return false
  }

  /** The position of a contact, or the one where it would stand. */
  #search(contact: Contact, away: number): number {
    let low = 0
    let high = this.#away.length
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
    const other = (this.peers[at] as PeerInfo).contact
    // most that are named are candidates already, and their keys need not be looked at
    return other !== contact && compareDistance(this.#target, other.key, contact.key) < 0
  }
}
