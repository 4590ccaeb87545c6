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
  readonly peer: PeerInfo | undefined
  /** Whether it has been asked at other addresses once before. */
  readonly retried: boolean
}

const nowhere: Elsewhere = { peer: undefined, retried: false }

/** The place of a candidate in the columns: its own as long as it is one. */
export type Row = number

/**
 * Those whom a lookup may ask, asks or has asked, in columns: a lookup goes through all of them at every answer, and an object
 * for each would be a wait for memory for each. A data structure only.
 */
export class Candidates {
  readonly #target: Key
  readonly #head: number
  // bounded by limits.frontier: insert drops the farthest that was not asked
  readonly #nearest: Row[] = []
  // bounded by limits.frontier, as all columns: who is dropped leaves its row to the next
  readonly peers: PeerInfo[] = []
  // bounded by peers
  readonly phases: PeerPhase[] = []
  // bounded by peers: how far from our table each was when it became a candidate, 1 for those that stood there
  readonly hops: number[] = []
  // bounded by peers: the heads of their distances
  readonly #away: number[] = []
  // bounded by peers: those of whom there is something to know
  readonly #elsewhere = new Map<Row, Elsewhere>()

  constructor(target: Key) {
    this.#target = target
    this.#head = keyHead(target)
  }

  /** All of them, nearest to the target first. */
  get nearest(): readonly Row[] {
    return this.#nearest
  }

  /** The row of a candidate; of a peer that is none, its rank among them if it were one, as -1 - rank. */
  find(contact: Contact): Row {
    const away = headDistance(this.#head, contact.head)
    const rank = this.#rank(contact, away)
    const row = rank < this.#nearest.length ? (this.#nearest[rank] as Row) : -1
    return row >= 0 && this.#away[row] === away && isSamePeer((this.peers[row] as PeerInfo).contact, contact) ? row : -1 - rank
  }

  /** What is known of where else a candidate is. */
  elsewhere(row: Row): Elsewhere {
    return this.#elsewhere.get(row) ?? nowhere
  }

  noteElsewhere(row: Row, news: Partial<Elsewhere>): void {
    this.#elsewhere.set(row, { ...this.elsewhere(row), ...news })
  }

  /**
   * Adds a peer that is not among them at its rank, to be asked; where there are too many, for another that is farther away.
   *
   * @returns false when there is none that could be spared.
   */
  insert(rank: number, peer: PeerInfo, hops: number): boolean {
    const row = this.#nearest.length < limits.frontier ? this.#nearest.length : this.#dropBeyond(rank)
    if (row === undefined) {
      return false
    }

    this.#nearest.splice(rank, 0, row)
    this.peers[row] = peer
    this.phases[row] = 'heard'
    this.hops[row] = hops
    this.#away[row] = headDistance(this.#head, peer.contact.head)
    return true
  }

  /** Makes room for a candidate of a rank. @returns the row of who was dropped; none when nobody beyond it can be spared. */
  #dropBeyond(rank: number): Row | undefined {
    for (let i = this.#nearest.length - 1; i >= rank; i--) {
      const row = this.#nearest[i] as Row
      if (this.phases[row] === 'heard') {
        this.#elsewhere.delete(row)
        this.#nearest.splice(i, 1)
        return row
      }
    }

    return undefined
  }

  /** How many of them are nearer than a contact. */
  #rank(contact: Contact, away: number): number {
    let low = 0
    let high = this.#nearest.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const row = this.#nearest[middle] as Row
      const other = this.#away[row] as number
      const nearer = other === away ? this.#isNearer(row, contact) : other < away
      if (nearer) {
        low = middle + 1
      } else {
        high = middle
      }
    }

    return low
  }

  #isNearer(row: Row, contact: Contact): boolean {
    const other = (this.peers[row] as PeerInfo).contact
    // most that are named are candidates already, and their keys need not be looked at
    return other !== contact && compareDistance(this.#target, other.key, contact.key) < 0
  }
}
