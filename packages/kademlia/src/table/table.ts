import { assert } from '../assert.ts'
import { isSamePeer, newerAddresses } from '../contact.ts'
import type { Contact, PeerInfo } from '../contact.ts'
import { commonPrefixLength, compareDistance, headDistance, keyBit, keyBits, keyHead } from '../key.ts'
import type { Key } from '../key.ts'
import { limits } from '../limits.ts'
import type { Millis } from '../time.ts'
import { Buckets } from './buckets.ts'
import type { Entry } from './entry.ts'

/**
 * The routing table: buckets by the length of the prefix that a peer's key shares with our own, unlimited in depth.
 * Bucket i holds peers that agree with us on exactly i leading bits. A data structure only: no policy and no time.
 */
export class Table {
  readonly self: Contact
  readonly bucketSize: number
  readonly #head: number
  readonly #buckets: Buckets
  // bounded by limits.k per bucket: one count per address group that some entry has
  readonly #groups = new Map<number, number>()
  #size = 0
  #undialable = 0

  constructor(self: Contact, bucketSize: number) {
    assert(bucketSize > 0, 'a bucket holds at least one contact')
    this.self = self
    this.bucketSize = bucketSize
    this.#head = self.head
    this.#buckets = new Buckets(bucketSize)
  }

  get size(): number {
    return this.#size
  }

  /** Whether an address is known of every peer that it holds. */
  get dialable(): boolean {
    return this.#undialable === 0
  }

  /** One more than the index of the deepest bucket that ever held a peer. */
  get depth(): number {
    return this.#buckets.depth
  }

  /** The bucket that a key belongs to; `keyBits` for our own key, which belongs to none. */
  bucketOf(key: Key): number {
    return commonPrefixLength(this.self.key, key)
  }

  /** How many peers bucket `index` holds. */
  bucketCount(index: number): number {
    return this.#buckets.count(index)
  }

  has(contact: Contact): boolean {
    return this.#locate(contact) !== -1
  }

  get(contact: Contact): PeerInfo | undefined {
    const slot = this.#locate(contact)
    return slot === -1 ? undefined : this.#buckets.peer(slot)
  }

  entry(contact: Contact): Entry | undefined {
    const slot = this.#locate(contact)
    return slot === -1 ? undefined : this.#buckets.entry(slot)
  }

  /** Whether a peer that is not in the table would find a place in its bucket. */
  hasRoom(contact: Contact): boolean {
    const index = this.#bucketOf(contact)
    return index < keyBits && this.bucketCount(index) < this.bucketSize
  }

  /** How many entries of the whole table, and of the bucket of `contact`, have an address in `group`. */
  groupCounts(group: number, contact: Contact): { table: number; bucket: number } {
    const table = this.#groups.get(group) ?? 0
    const index = this.#bucketOf(contact)
    const end = this.#buckets.end(index)
    let bucket = 0
    for (let slot = this.#buckets.first(index); slot < end; slot++) {
      if (this.#buckets.peer(slot).groups.includes(group)) {
        bucket++
      }
    }

    return { table, bucket }
  }

  /** Adds a peer that is not in the table and whose bucket has room. */
  add(entry: Entry): void {
    const index = this.#bucketOf(entry.peer.contact)
    assert(index < keyBits, 'we are not in our own table')
    assert(this.bucketCount(index) < this.bucketSize, 'the bucket is full')
    assert(this.#locate(entry.peer.contact) === -1, 'the contact is in the table')
    this.#buckets.add(index, entry)
    this.#size++
    this.#count(entry.peer, 1)
  }

  /** @returns the peer that left, or `undefined` if it was not there. */
  remove(contact: Contact): PeerInfo | undefined {
    const slot = this.#locate(contact)
    if (slot === -1) {
      return undefined
    }

    const peer = this.#buckets.peer(slot)
    this.#buckets.remove(this.#bucketOf(contact), slot)
    this.#size--
    this.#count(peer, -1)
    return peer
  }

  /** Notes that a peer of the table answered. @returns whether it is in the table. */
  heard(contact: Contact, now: Millis, roundTrip: Millis): boolean {
    const slot = this.#locate(contact)
    if (slot !== -1) {
      this.#buckets.answered(slot, now, roundTrip)
    }

    return slot !== -1
  }

  /** Gives a peer of the table its new addresses, unless it has none. */
  readdress(peer: PeerInfo): void {
    const slot = this.#locate(peer.contact)
    const known = slot === -1 ? undefined : this.#buckets.peer(slot)
    if (known !== undefined && newerAddresses(known.addresses, peer.addresses) !== known.addresses) {
      this.#count(known, -1)
      this.#buckets.setPeer(slot, peer)
      this.#count(peer, 1)
    }
  }

  /** Notes that a probe went out. */
  tried(contact: Contact, now: Millis): void {
    const slot = this.#locate(contact)
    if (slot !== -1) {
      this.#buckets.setTried(slot, now)
    }
  }

  /** Counts a failed query. @returns how many in a row that makes; 0 for a peer that is not in the table. */
  failed(contact: Contact): number {
    const slot = this.#locate(contact)
    return slot === -1 ? 0 : this.#buckets.failed(slot)
  }

  *entries(): Generator<Entry> {
    for (let index = 0; index < this.depth; index++) {
      for (let slot = this.#buckets.first(index); slot < this.#buckets.end(index); slot++) {
        yield this.#buckets.entry(slot)
      }
    }
  }

  /** Shows when each entry was last heard and last tried, and the slot it stands in until the table changes. */
  eachTime(show: (slot: number, heard: Millis, tried: Millis) => void): void {
    for (let index = 0; index < this.depth; index++) {
      const end = this.#buckets.end(index)
      for (let slot = this.#buckets.first(index); slot < end; slot++) {
        show(slot, this.#buckets.heard(slot), this.#buckets.tried(slot))
      }
    }
  }

  entryAt(slot: number): Entry {
    return this.#buckets.entry(slot)
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
    const difference = this.#head ^ keyHead(target)
    const d = this.#bucketAt(difference, target)
    const deepest = this.depth - 1

    let found = this.#take(0, d, target, count, skip)
    for (let i = d + 1; i <= deepest && found < count; i++) {
      if (this.#differs(difference, target, i)) {
        found = this.#take(found, i, target, count, skip)
      }
    }

    for (let i = deepest; i > d && found < count; i--) {
      if (!this.#differs(difference, target, i)) {
        found = this.#take(found, i, target, count, skip)
      }
    }

    for (let i = Math.min(d - 1, deepest); i >= 0 && found < count; i--) {
      found = this.#take(found, i, target, count, skip)
    }

    // as long as it is to be: one that grows is copied, and longer in the end
    const peers = new Array<PeerInfo>(found)
    for (let i = 0; i < found; i++) {
      peers[i] = this.#buckets.peer(slotsFound[i] as number)
    }

    return peers
  }

  /** Appends a bucket's slots to those found, in order of distance, until there are `count`. @returns how many there are. */
  #take(before: number, index: number, target: Key, count: number, skip: Contact | undefined): number {
    let found = before
    const end = this.#buckets.end(index)
    const head = keyHead(target)
    for (let slot = this.#buckets.first(index); slot < end; slot++) {
      const other = this.#buckets.head(slot)
      if (other === skip?.head && isSamePeer(this.#buckets.peer(slot).contact, skip)) {
        continue
      }

      // insertion into a run of sorted peers, the farthest of which may have to go
      const away = headDistance(head, other)
      let at = found < count ? found++ : found
      while (at > before && this.#isNearer(target, slot, away, at - 1)) {
        if (at < count) {
          slotsFound[at] = slotsFound[at - 1] as number
          distances[at] = distances[at - 1] as number
        }
        at--
      }

      if (at < count) {
        slotsFound[at] = slot
        distances[at] = away
      }
    }

    return found
  }

  /** Whether a peer is nearer than another that was found. */
  #isNearer(target: Key, slot: number, away: number, other: number): boolean {
    const others = distances[other] as number
    return others === away ? compareDistance(target, this.#key(slot), this.#key(slotsFound[other] as number)) < 0 : away < others
  }

  #key(slot: number): Key {
    return this.#buckets.peer(slot).contact.key
  }

  /** The same as `bucketOf`, but in nearly every case without a look at the key. */
  #bucketOf(contact: Contact): number {
    return this.#bucketAt(this.#head ^ contact.head, contact.key)
  }

  /** The bucket of a key, by the difference between its head and ours. */
  #bucketAt(difference: number, key: Key): number {
    return difference === 0 ? this.bucketOf(key) : Math.clz32(difference)
  }

  /** Whether bit `i` of a key is another than ours, by the difference between the heads. */
  #differs(difference: number, key: Key, i: number): boolean {
    return i < 32 ? ((difference << i) & 0x80000000) !== 0 : keyBit(this.self.key, i) !== keyBit(key, i)
  }

  /** The slot of a contact, or -1. */
  #locate(contact: Contact): number {
    return this.#buckets.find(this.#bucketOf(contact), contact)
  }

  #count(peer: PeerInfo, by: 1 | -1): void {
    this.#undialable += peer.addresses.count === 0 ? by : 0
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

// what `closest` has found so far: scratch, kept as numbers because moving those about costs least
const slotsFound = new Int32Array(keyBits * limits.closerPeersRead)
const distances = new Int32Array(keyBits * limits.closerPeersRead)
