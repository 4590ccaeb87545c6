import { isSamePeer } from '../contact.ts'
import type { Contact, PeerInfo } from '../contact.ts'
import type { Entry } from './entry.ts'

/** So many runs are made room for at once: fewer would be to copy all of it more often, more to leave more of it unused. */
const runsAtOnce = 4

/** Of the numbers that are known of an entry: 8 each for when it was heard and tried, 4 for its head and its round trip, 1. */
const bytesPerSlot = 25

/**
 * Where a table keeps its entries: packed columns, in which each bucket has a run of `runLength` slots. A simulation
 * holds tens of millions of entries, and an object for each, or columns of its own for each bucket, takes three times
 * the memory. A data structure only: which bucket has which run, and how much of it is used, is the table's to know.
 */
export class Slots {
  readonly #runLength: number
  /** Of all runs together. */
  #length = 0
  // bounded by keyBits × limits.k: one run for each bucket, and a few more; of the columns the numbers share one buffer
  #peers: Array<PeerInfo | undefined> = []
  #heard = new Float64Array(0)
  #tried = new Float64Array(0)
  #heads = new Int32Array(0)
  #roundTrip = new Float32Array(0)
  #failures = new Uint8Array(0)

  constructor(runLength: number) {
    this.#runLength = runLength
  }

  /** Makes room for one more bucket. @returns the first slot of its run. */
  addRun(): number {
    const start = this.#length
    this.#length += this.#runLength
    if (this.#length > this.#peers.length) {
      this.#grow(this.#peers.length + runsAtOnce * this.#runLength)
    }

    return start
  }

  #grow(length: number): void {
    const peers = this.#peers
    this.#peers = Array.from({ length }, (_, slot) => peers[slot])
    const numbers = new ArrayBuffer(length * bytesPerSlot)
    this.#heard = copied(this.#heard, new Float64Array(numbers, 0, length))
    this.#tried = copied(this.#tried, new Float64Array(numbers, 8 * length, length))
    this.#heads = copied(this.#heads, new Int32Array(numbers, 16 * length, length))
    this.#roundTrip = copied(this.#roundTrip, new Float32Array(numbers, 20 * length, length))
    this.#failures = copied(this.#failures, new Uint8Array(numbers, 24 * length, length))
  }

  /** The slot of a contact between two others, or -1. */
  find(contact: Contact, start: number, end: number): number {
    const { head } = contact
    for (let slot = start; slot < end; slot++) {
      if (this.#heads[slot] === head && isSamePeer(this.peer(slot).contact, contact)) {
        return slot
      }
    }

    return -1
  }

  /** The head of the key in a slot that is used. */
  head(slot: number): number {
    return this.#heads[slot] as number
  }

  /** The peer in a slot that is used. */
  peer(slot: number): PeerInfo {
    return this.#peers[slot] as PeerInfo
  }

  heard(slot: number): number {
    return this.#heard[slot] as number
  }

  tried(slot: number): number {
    return this.#tried[slot] as number
  }

  entry(slot: number): Entry {
    return {
      peer: this.peer(slot),
      heard: this.#heard[slot] as number,
      tried: this.#tried[slot] as number,
      roundTrip: this.#roundTrip[slot] as number,
      failures: this.#failures[slot] as number
    }
  }

  put(slot: number, { peer, heard, tried, roundTrip, failures }: Entry): void {
    this.#peers[slot] = peer
    this.#heads[slot] = peer.contact.head
    this.#heard[slot] = heard
    this.#tried[slot] = tried
    this.#roundTrip[slot] = roundTrip
    this.#failures[slot] = failures
  }

  clear(slot: number): void {
    this.#peers[slot] = undefined
  }

  /** Puts the same peer, as it is known now, in its slot. */
  setPeer(slot: number, peer: PeerInfo): void {
    this.#peers[slot] = peer
  }

  setTried(slot: number, tried: number): void {
    this.#tried[slot] = tried
  }

  /** Notes an answer; a round trip of 0 is none. */
  answered(slot: number, heard: number, roundTrip: number): void {
    this.#heard[slot] = heard
    this.#failures[slot] = 0
    if (roundTrip > 0) {
      this.#roundTrip[slot] = roundTrip
    }
  }

  /** Counts a failure. @returns how many in a row that makes. */
  failed(slot: number): number {
    const failures = Math.min(255, (this.#failures[slot] as number) + 1)
    this.#failures[slot] = failures
    return failures
  }
}

function copied<Column extends Float64Array | Float32Array | Int32Array | Uint8Array>(from: Column, to: Column): Column {
  to.set(from)
  return to
}
