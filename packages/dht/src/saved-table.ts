import type { Logger } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { limits } from '@vicinity/kademlia'
import type { SavedEntry } from '@vicinity/kademlia'
import { Key } from 'interface-datastore'
import type { Datastore } from 'interface-datastore'
import { multiaddrsOf } from './contacts.ts'
import type { ContactBook } from './contacts.ts'

/** One entry of a saved table, as JSON. Times in milliseconds; `heard` since the Unix epoch. */
interface SavedPeer {
  readonly id: string
  readonly addresses: readonly string[]
  readonly heard: number
  readonly roundTrip: number
}

/**
 * The routing table in the datastore, so that a restart is warm. What cannot be read is dropped: the table is found
 * again by bootstrapping, only more slowly.
 */
export class SavedTable {
  readonly #datastore: Datastore
  readonly #key: Key
  readonly #log: Logger
  #saving: Promise<void> = Promise.resolve()

  constructor(datastore: Datastore, prefix: string, log: Logger) {
    this.#datastore = datastore
    this.#key = new Key(`${prefix}/routing-table`)
    this.#log = log
  }

  async load(book: ContactBook): Promise<SavedEntry[]> {
    try {
      if (!(await this.#datastore.has(this.#key))) {
        return []
      }

      const text = new TextDecoder().decode(await this.#datastore.get(this.#key))
      const peers: unknown = JSON.parse(text)
      return Array.isArray(peers) ? peers.slice(0, limits.restoredEntries).flatMap(peer => readPeer(peer, book)) : []
    } catch (error) {
      this.#log.error('the saved routing table cannot be read and is not used - %e', error)
      return []
    }
  }

  /**
   * Resolves when this table, and every one before it, is with the datastore. Never throws: a table that is not saved is
   * no reason to stop for. One of nobody is not saved: it would put an end to the last good one.
   */
  async save(entries: readonly SavedEntry[]): Promise<void> {
    if (entries.length > 0) {
      this.#saving = this.#saving.then(async () => {
        await this.#put(entries)
      })
    }

    await this.#saving
  }

  async #put(entries: readonly SavedEntry[]): Promise<void> {
    const peers = entries
      .filter(({ peer }) => peer.addresses.count > 0)
      .map(
        ({ peer, heard, roundTrip }): SavedPeer => ({
          id: peer.contact.id,
          addresses: multiaddrsOf(peer).map(String),
          heard,
          roundTrip
        })
      )
    try {
      await this.#datastore.put(this.#key, new TextEncoder().encode(JSON.stringify(peers)))
    } catch (error) {
      this.#log.error('the routing table was not saved - %e', error)
    }
  }
}

function readPeer(saved: unknown, book: ContactBook): SavedEntry[] {
  try {
    const { id, addresses, heard, roundTrip } = saved as SavedPeer
    if (!Number.isFinite(heard) || !Number.isFinite(roundTrip)) {
      return []
    }

    const peer = book.info(
      book.of(peerIdFromString(id)),
      addresses.map(text => multiaddr(text))
    )
    return peer.addresses.count > 0 ? [{ peer, heard, roundTrip }] : []
  } catch {
    return []
  }
}
