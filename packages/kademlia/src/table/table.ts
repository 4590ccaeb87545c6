import { assert } from '../assert.ts'
import { newerAddresses } from '../contact.ts'
import type { Contact, PeerInfo } from '../contact.ts'
import { commonPrefixLength, compareDistance, keyBit, keyBits, leadingDistance } from '../key.ts'
import type { Key } from '../key.ts'
import { limits } from '../limits.ts'
import type { Millis } from '../time.ts'
import type { Entry } from './entry.ts'
import { Slots } from './slots.ts'

/**
 * The routing table: buckets by the length of the prefix that a peer's key shares with our own, unlimited in depth.
 * Bucket i holds peers that agree with us on exactly i leading bits. A data structure only: no policy and no time.
 */
export class Table {
  readonly self: Contact
  readonly bucketSize: number
  readonly #slots: Slots
  // bounded by keyBits: the first slot of each bucket's run, -1 before its first peer
  readonly #starts: number[] = []
  // bounded by keyBits: how many slots of its run each bucket uses
  readonly #counts: number[] = []
  // bounded by limits.k per bucket: one count per address group that some entry has
  readonly #groups = new Map<number, number>()
  #size = 0

  constructor(self: Contact, bucketSize: number) {
    assert(bucketSize > 0, 'a bucket holds at least one contact')
    this.self = self
    this.bucketSize = bucketSize
    this.#slots = new Slots(bucketSize)
  }

  get size(): number {
    return this.#size
  }

  /** One more than the index of the deepest bucket that ever held a peer. */
  get depth(): number {
    return this.#starts.length
  }

  /** The bucket that a key belongs to; `keyBits` for our own key, which belongs to none. */
  bucketOf(key: Key): number {
    return commonPrefixLength(this.self.key, key)
  }

  /** How many peers bucket `index` holds. */
  bucketCount(index: number): number {
    return this.#counts[index] ?? 0
  }

  has(contact: Contact): boolean {
    return this.#locate(contact) !== -1
  }

  get(contact: Contact): PeerInfo | undefined {
    const slot = this.#locate(contact)
    return slot === -1 ? undefined : this.#slots.peer(slot)
  }

  entry(contact: Contact): Entry | undefined {
    const slot = this.#locate(contact)
    return slot === -1 ? undefined : this.#slots.entry(slot)
  }

  /** Whether a peer that is not in the table would find a place in its bucket. */
  hasRoom(key: Key): boolean {
    const index = this.bucketOf(key)
    return index < keyBits && this.bucketCount(index) < this.bucketSize
  }

  /** How many entries of the whole table, and of the bucket of `key`, have an address in `group`. */
  groupCounts(group: number, key: Key): { table: number; bucket: number } {
    const table = this.#groups.get(group) ?? 0
    const index = this.bucketOf(key)
    const end = this.#end(index)
    let bucket = 0
    for (let slot = this.#starts[index] ?? 0; slot < end; slot++) {
      if (this.#slots.peer(slot).groups.includes(group)) {
        bucket++
      }
    }

    return { table, bucket }
  }

  /** Adds a peer that is not in the table and whose bucket has room. */
  add(entry: Entry): void {
    const index = this.bucketOf(entry.peer.contact.key)
    assert(index < keyBits, 'we are not in our own table')
    assert(this.bucketCount(index) < this.bucketSize, 'the bucket is full')
    assert(this.#locate(entry.peer.contact) === -1, 'the contact is in the table')
    while (this.#starts.length <= index) {
      this.#starts.push(-1)
      this.#counts.push(0)
    }

    if (this.#starts[index] === -1) {
      this.#starts[index] = this.#slots.addRun()
    }

    this.#slots.put(this.#end(index), entry)
    this.#counts[index] = this.bucketCount(index) + 1
    this.#size++
    this.#countGroups(entry.peer, 1)
  }

  /** @returns the peer that left, or `undefined` if it was not there. */
  remove(contact: Contact): PeerInfo | undefined {
    const slot = this.#locate(contact)
    if (slot === -1) {
      return undefined
    }

    const index = this.bucketOf(contact.key)
    const last = this.#end(index) - 1
    const peer = this.#slots.peer(slot)
    // order within a bucket means nothing, so its last entry takes the place of the one that leaves
    this.#slots.put(slot, this.#slots.entry(last))
    this.#slots.clear(last)
    this.#counts[index] = this.bucketCount(index) - 1
    this.#size--
    this.#countGroups(peer, -1)
    return peer
  }

  /** Notes that a peer of the table answered. @returns whether it is in the table. */
  heard(contact: Contact, now: Millis, roundTrip: Millis): boolean {
    const slot = this.#locate(contact)
    if (slot !== -1) {
      this.#slots.answered(slot, now, roundTrip)
    }

    return slot !== -1
  }

  /** Gives a peer of the table its new addresses, unless it has none. */
  readdress(peer: PeerInfo): void {
    const slot = this.#locate(peer.contact)
    const known = slot === -1 ? undefined : this.#slots.peer(slot)
    if (known !== undefined && newerAddresses(known.addresses, peer.addresses) !== known.addresses) {
      this.#countGroups(known, -1)
      this.#slots.setPeer(slot, peer)
      this.#countGroups(peer, 1)
    }
  }

  /** Notes that a probe went out. */
  tried(contact: Contact, now: Millis): void {
    const slot = this.#locate(contact)
    if (slot !== -1) {
      this.#slots.setTried(slot, now)
    }
  }

  /** Counts a failed query. @returns how many in a row that makes; 0 for a peer that is not in the table. */
  failed(contact: Contact): number {
    const slot = this.#locate(contact)
    return slot === -1 ? 0 : this.#slots.failed(slot)
  }

  *entries(): Generator<Entry> {
    for (let index = 0; index < this.depth; index++) {
      for (let slot = this.#starts[index] as number; slot < this.#end(index); slot++) {
        yield this.#slots.entry(slot)
      }
    }
  }

  /**
   * The `count` peers nearest to `target`, nearest first, without `skip`.
   *
   * Seen from the target, whole buckets are nearer or farther than each other, so only as many are touched as are
   * needed. The target's own bucket (index d) comes first. The deeper ones agree with us beyond bit d; among them the
   * bucket i whose bit i of our distance to the target is 1 is nearer than everything deeper, shallowest first; those
   * where it is 0 are farther than everything deeper, deepest first. Last come the buckets above d, deepest first.
   */
  closest(target: Key, count: number, skip?: Contact): PeerInfo[] {
    const found: PeerInfo[] = []
    const d = this.bucketOf(target)
    const deepest = this.depth - 1

    this.#take(found, d, target, count, skip)
    for (let i = d + 1; i <= deepest && found.length < count; i++) {
      if (keyBit(this.self.key, i) !== keyBit(target, i)) {
        this.#take(found, i, target, count, skip)
      }
    }

    for (let i = deepest; i > d && found.length < count; i--) {
      if (keyBit(this.self.key, i) === keyBit(target, i)) {
        this.#take(found, i, target, count, skip)
      }
    }

    for (let i = Math.min(d - 1, deepest); i >= 0 && found.length < count; i--) {
      this.#take(found, i, target, count, skip)
    }

    return found
  }

  /** Appends a bucket's peers in order of distance, until `found` holds `count`. */
  #take(found: PeerInfo[], index: number, target: Key, count: number, skip: Contact | undefined): void {
    const first = found.length
    const end = this.#end(index)
    for (let slot = this.#starts[index] ?? 0; slot < end; slot++) {
      const peer = this.#slots.peer(slot)
      if (peer.contact === skip || peer.contact.id === skip?.id) {
        continue
      }

      // insertion into a run of at most k + 1 sorted peers
      const away = leadingDistance(target, peer.contact.key)
      let at = found.length
      while (at > first && isNearer(target, peer, away, found[at - 1] as PeerInfo, distances[at - 1] as number)) {
        at--
      }

      if (at < count) {
        insert(found, at, peer, away, count)
      }
    }
  }

  /** The slot of a contact, or -1. */
  #locate(contact: Contact): number {
    const index = this.bucketOf(contact.key)
    return this.#slots.find(contact, this.#starts[index] ?? 0, this.#end(index))
  }

  /** One more than the last slot that a bucket uses. */
  #end(index: number): number {
    return (this.#starts[index] ?? 0) + this.bucketCount(index)
  }

  #countGroups(peer: PeerInfo, by: 1 | -1): void {
    for (const group of peer.groups) {
      const count = (this.#groups.get(group) ?? 0) + by
      if (count === 0) {
        this.#groups.delete(group)
      } else {
        this.#groups.set(group, count)
      }
    }
  }
}

/** The leading distances of the peers that `closest` has found so far: scratch, so that each is worked out once. */
const distances = new Float64Array(keyBits * limits.closerPeersRead)

function isNearer(target: Key, one: PeerInfo, awayOne: number, other: PeerInfo, awayOther: number): boolean {
  return awayOne === awayOther ? compareDistance(target, one.contact.key, other.contact.key) < 0 : awayOne < awayOther
}

/** Puts a peer in its place and drops whoever is beyond `count` then. */
function insert(found: PeerInfo[], at: number, peer: PeerInfo, away: number, count: number): void {
  if (found.length < count) {
    found.push(peer)
  }

  for (let i = found.length - 1; i > at; i--) {
    found[i] = found[i - 1] as PeerInfo
    distances[i] = distances[i - 1] as number
  }

  found[at] = peer
  distances[at] = away
}
