import type { Contact, PeerInfo } from '../contact.ts'
import type { Millis } from '../time.ts'

/** What a table knows of one of its peers, as handed to the policies. Times are on the machine's monotonic clock. */
export interface Entry {
  readonly peer: PeerInfo
  /** When it last answered us. */
  readonly heard: Millis
  /** When it was last probed; `-Infinity` if never. */
  readonly tried: Millis
  /** Its last round trip, 0 when unmeasured. */
  readonly roundTrip: Millis
  /** Failed queries since it last answered. */
  readonly failures: number
}

/**
 * One k-bucket: columns side by side rather than an object per entry, because a simulation holds tens of millions
 * of entries. A data structure only: who enters and who leaves is decided by the upkeep policies.
 */
export class Bucket {
  // bounded by limits.k: Table.add refuses to grow a full bucket
  readonly peers: PeerInfo[] = []
  // bounded by limits.k: a column of `peers`
  readonly heard: Millis[] = []
  // bounded by limits.k: a column of `peers`
  readonly tried: Millis[] = []
  // bounded by limits.k: a column of `peers`
  readonly roundTrip: Millis[] = []
  // bounded by limits.k: a column of `peers`
  readonly failures: number[] = []

  get size(): number {
    return this.peers.length
  }

  /** The position of a contact, or -1. */
  indexOf(contact: Contact): number {
    for (let i = 0; i < this.peers.length; i++) {
      const other = (this.peers[i] as PeerInfo).contact
      if (other === contact || other.id === contact.id) {
        return i
      }
    }

    return -1
  }

  push(entry: Entry): void {
    this.peers.push(entry.peer)
    this.heard.push(entry.heard)
    this.tried.push(entry.tried)
    this.roundTrip.push(entry.roundTrip)
    this.failures.push(entry.failures)
  }

  /** Order within a bucket means nothing, so the last entry takes the place of the one that leaves. */
  removeAt(index: number): void {
    for (const column of [this.peers, this.heard, this.tried, this.roundTrip, this.failures] as unknown[][]) {
      column[index] = column[column.length - 1]
      column.pop()
    }
  }

  entryAt(index: number): Entry {
    return {
      peer: this.peers[index] as PeerInfo,
      heard: this.heard[index] as Millis,
      tried: this.tried[index] as Millis,
      roundTrip: this.roundTrip[index] as Millis,
      failures: this.failures[index] as number
    }
  }
}
