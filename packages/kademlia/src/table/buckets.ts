import { isSamePeer } from '../contact.ts'
import type { Contact, PeerInfo } from '../contact.ts'
import type { Entry } from './entry.ts'

/** So many runs are made room for at once: fewer would be to copy all of them more often, more to leave more of them unused. */
const runsAtOnce = 4

/** When a peer was heard, when it was tried, and its round trip. */
const timesPerSlot = 3

/**
 * Where a table keeps its entries: packed columns, in which each bucket has a run of slots. A simulation holds tens of
 * millions of entries, and an object for each, or columns of its own for each bucket, takes three times the memory; and it
 * waits for memory most of the time, so what is looked at together lies together: the first slot of a run stands for the
 * bucket itself, and has the number of its entries in place of a head. A data structure only: which bucket a peer belongs
 * to is the table's to know.
 */
export class Buckets {
  /** How many entries a bucket can hold. */
  readonly capacity: number
  #depth = 0
  // bounded by keyBits × (limits.k + 1): one run for each bucket, and a few more
  #heads: number[] = []
  // bounded by #heads
  #peers: Array<PeerInfo | undefined> = []
  // bounded by #heads
  #times = new Float64Array(0)
  // bounded by the entries: how often in a row those failed that did
  #failures: Map<string, number> | undefined

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** One more than the index of the deepest bucket that ever held an entry. */
  get depth(): number {
    return this.#depth
  }

  /** How many entries a bucket holds. */
  count(bucket: number): number {
    return bucket < this.#depth ? (this.#heads[this.first(bucket) - 1] as number) : 0
  }

  /** The slot of a bucket's first entry; the others follow it. */
  first(bucket: number): number {
    return bucket * (this.capacity + 1) + 1
  }

  /** One more than the slot of its last entry. */
  end(bucket: number): number {
    return this.first(bucket) + this.count(bucket)
  }

  /** The slot of a contact in its bucket, or -1. */
  find(bucket: number, contact: Contact): number {
    const { head } = contact
    const end = this.end(bucket)
    for (let slot = this.first(bucket); slot < end; slot++) {
      if (this.#heads[slot] === head && isSamePeer(this.peer(slot).contact, contact)) {
        return slot
      }
    }

    return -1
  }

  /** Puts one more entry into a bucket that has room. */
  add(bucket: number, { peer, heard, tried, roundTrip, failures }: Entry): void {
    if (bucket >= this.#depth) {
      this.#depth = bucket + 1
      this.#makeRoom()
    }

    const slot = this.end(bucket)
    this.#heads[this.first(bucket) - 1] = this.count(bucket) + 1
    this.#heads[slot] = peer.contact.head
    this.#peers[slot] = peer
    const at = timesPerSlot * slot
    this.#times[at] = heard
    this.#times[at + 1] = tried
    this.#times[at + 2] = roundTrip
    if (failures > 0) {
      this.#setFailures(peer, failures)
    }
  }

  /** Takes an entry out of its bucket; as order means nothing there, the last one takes its place. */
  remove(bucket: number, slot: number): void {
    const first = this.first(bucket)
    const last = this.end(bucket) - 1
    this.#failures?.delete(this.peer(slot).contact.id)
    this.#heads[slot] = this.#heads[last] as number
    this.#peers[slot] = this.#peers[last]
    this.#peers[last] = undefined
    this.#times.copyWithin(timesPerSlot * slot, timesPerSlot * last, timesPerSlot * (last + 1))
    this.#heads[first - 1] = last - first
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
    return this.#times[timesPerSlot * slot] as number
  }

  tried(slot: number): number {
    return this.#times[timesPerSlot * slot + 1] as number
  }

  entry(slot: number): Entry {
    const peer = this.peer(slot)
    return {
      peer,
      heard: this.heard(slot),
      tried: this.tried(slot),
      roundTrip: this.#times[timesPerSlot * slot + 2] as number,
      failures: this.#failures?.get(peer.contact.id) ?? 0
    }
  }

  /** Puts the same peer, as it is known now, in its slot. */
  setPeer(slot: number, peer: PeerInfo): void {
    this.#peers[slot] = peer
  }

  setTried(slot: number, tried: number): void {
    this.#times[timesPerSlot * slot + 1] = tried
  }

  /** Notes an answer; a round trip of 0 is none. */
  answered(slot: number, heard: number, roundTrip: number): void {
    const at = timesPerSlot * slot
    this.#times[at] = heard
    if (roundTrip > 0) {
      this.#times[at + 2] = roundTrip
    }

    // mostly there are none, and then not even a look at the peer
    if (this.#failures !== undefined && this.#failures.size > 0) {
      this.#failures.delete(this.peer(slot).contact.id)
    }
  }

  /** Counts a failure. @returns how many in a row that makes. */
  failed(slot: number): number {
    const peer = this.peer(slot)
    const failures = (this.#failures?.get(peer.contact.id) ?? 0) + 1
    this.#setFailures(peer, failures)
    return failures
  }

  #setFailures(peer: PeerInfo, failures: number): void {
    this.#failures ??= new Map<string, number>() // bounded by the entries
    this.#failures.set(peer.contact.id, failures)
  }

  #makeRoom(): void {
    const length = this.first(this.#depth) - 1
    if (length <= this.#heads.length) {
      return
    }

    const room = this.first(Math.ceil(this.#depth / runsAtOnce) * runsAtOnce) - 1 - this.#heads.length
    // `concat` allots exactly what is needed, and leaves no holes
    const heads: number[] = []
    const peers: undefined[] = []
    for (let slot = 0; slot < room; slot++) {
      heads.push(0)
      peers.push(undefined)
    }

    this.#heads = this.#heads.concat(heads)
    this.#peers = this.#peers.concat(peers)
    const times = new Float64Array(timesPerSlot * this.#heads.length)
    times.set(this.#times)
    this.#times = times
  }
}
