import { assert } from '../assert.ts'
import { newerAddresses } from '../contact.ts'
import type { Contact, PeerInfo } from '../contact.ts'
import { commonPrefixLength, compareDistance, keyBit, keyBits } from '../key.ts'
import type { Key } from '../key.ts'
import type { Millis } from '../time.ts'
import { Bucket } from './bucket.ts'
import type { Entry } from './bucket.ts'

/**
 * The routing table: buckets by the length of the prefix that a peer's key shares with our own, unlimited in depth.
 * Bucket i holds peers that agree with us on exactly i leading bits. A data structure only: no policy and no time.
 */
export class Table {
  readonly self: Contact
  readonly bucketSize: number
  // bounded by keyBits: one bucket per prefix length, made when the first peer of that depth enters
  readonly #buckets: Array<Bucket | undefined> = []
  // bounded by limits.k per bucket: one count per address group that some entry has
  readonly #groups = new Map<number, number>()
  #size = 0

  constructor(self: Contact, bucketSize: number) {
    assert(bucketSize > 0, 'a bucket holds at least one contact')
    this.self = self
    this.bucketSize = bucketSize
  }

  get size(): number {
    return this.#size
  }

  /** One more than the index of the deepest bucket that ever held a peer. */
  get depth(): number {
    return this.#buckets.length
  }

  /** The bucket that a key belongs to; `keyBits` for our own key, which belongs to none. */
  bucketOf(key: Key): number {
    return commonPrefixLength(this.self.key, key)
  }

  /** How many peers bucket `index` holds. */
  bucketCount(index: number): number {
    return this.#buckets[index]?.size ?? 0
  }

  has(contact: Contact): boolean {
    return this.#locate(contact) !== undefined
  }

  get(contact: Contact): PeerInfo | undefined {
    const at = this.#locate(contact)
    return at?.bucket.peers[at.index]
  }

  entry(contact: Contact): Entry | undefined {
    const at = this.#locate(contact)
    return at?.bucket.entryAt(at.index)
  }

  /** Whether a peer that is not in the table would find a place in its bucket. */
  hasRoom(key: Key): boolean {
    const index = this.bucketOf(key)
    return index < keyBits && this.bucketCount(index) < this.bucketSize
  }

  /** How many entries of the whole table, and of the bucket of `key`, have an address in `group`. */
  groupCounts(group: number, key: Key): { table: number; bucket: number } {
    const table = this.#groups.get(group) ?? 0
    const peers = table === 0 ? undefined : this.#buckets[this.bucketOf(key)]?.peers
    let bucket = 0
    for (const peer of peers ?? []) {
      if (peer.groups.includes(group)) {
        bucket++
      }
    }

    return { table, bucket }
  }

  /** Adds a peer that is not in the table and whose bucket has room. */
  add(entry: Entry): void {
    const index = this.bucketOf(entry.peer.contact.key)
    assert(index < keyBits, 'we are not in our own table')
    while (this.#buckets.length <= index) {
      this.#buckets.push(undefined)
    }

    const bucket = this.#buckets[index] ?? (this.#buckets[index] = new Bucket())
    assert(bucket.size < this.bucketSize, 'the bucket is full')
    assert(bucket.indexOf(entry.peer.contact) === -1, 'the contact is in the table')
    bucket.push(entry)
    this.#size++
    this.#countGroups(entry.peer, 1)
  }

  /** @returns the peer that left, or `undefined` if it was not there. */
  remove(contact: Contact): PeerInfo | undefined {
    const at = this.#locate(contact)
    if (at === undefined) {
      return undefined
    }

    const peer = at.bucket.peers[at.index] as PeerInfo
    at.bucket.removeAt(at.index)
    this.#size--
    this.#countGroups(peer, -1)
    return peer
  }

  /** Notes that a peer of the table answered. @returns whether it is in the table. */
  heard(contact: Contact, now: Millis, roundTrip: Millis): boolean {
    const at = this.#locate(contact)
    if (at === undefined) {
      return false
    }

    at.bucket.heard[at.index] = now
    at.bucket.failures[at.index] = 0
    if (roundTrip > 0) {
      at.bucket.roundTrip[at.index] = roundTrip
    }

    return true
  }

  /** Gives a peer of the table its new addresses, unless it has none. */
  readdress(peer: PeerInfo): void {
    const at = this.#locate(peer.contact)
    const known = at?.bucket.peers[at.index]
    if (at !== undefined && known !== undefined && newerAddresses(known.addresses, peer.addresses) !== known.addresses) {
      this.#countGroups(known, -1)
      at.bucket.peers[at.index] = peer
      this.#countGroups(peer, 1)
    }
  }

  /** Notes that a probe went out. */
  tried(contact: Contact, now: Millis): void {
    const at = this.#locate(contact)
    if (at !== undefined) {
      at.bucket.tried[at.index] = now
    }
  }

  /** Counts a failed query. @returns how many in a row that makes; 0 for a peer that is not in the table. */
  failed(contact: Contact): number {
    const at = this.#locate(contact)
    if (at === undefined) {
      return 0
    }

    const failures = (at.bucket.failures[at.index] as number) + 1
    at.bucket.failures[at.index] = failures
    return failures
  }

  *entries(): Generator<Entry> {
    for (const bucket of this.#buckets) {
      for (let i = 0; i < (bucket?.size ?? 0); i++) {
        yield (bucket as Bucket).entryAt(i)
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
    const deepest = this.#buckets.length - 1

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
    const bucket = this.#buckets[index]
    if (bucket === undefined) {
      return
    }

    const start = found.length
    for (const peer of bucket.peers) {
      if (peer.contact === skip || peer.contact.id === skip?.id) {
        continue
      }

      // insertion into a run of at most k + 1 sorted peers
      let at = found.length
      while (at > start && compareDistance(target, peer.contact.key, (found[at - 1] as PeerInfo).contact.key) < 0) {
        at--
      }

      if (at < count) {
        found.splice(at, 0, peer)
        if (found.length > count) {
          found.pop()
        }
      }
    }
  }

  #locate(contact: Contact): { bucket: Bucket; index: number } | undefined {
    const bucket = this.#buckets[this.bucketOf(contact.key)]
    const index = bucket?.indexOf(contact) ?? -1
    return bucket === undefined || index === -1 ? undefined : { bucket, index }
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
