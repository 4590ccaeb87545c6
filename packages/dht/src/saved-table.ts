import type { Logger } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { limits } from '@vicinity/kademlia'
import type { SavedEntry } from '@vicinity/kademlia'
import { Key } from 'interface-datastore'
import type { Datastore } from 'interface-datastore'
import { parseAddressText } from './addresses/parse.ts'
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

      const bytes = await this.#datastore.get(this.#key)
      if (bytes.byteLength > limits.savedTableBytes) {
        this.#log.error('the saved routing table of %d bytes is over the limit and is not used', bytes.byteLength)
        return []
      }

      const peers: unknown = JSON.parse(new TextDecoder().decode(bytes))
      return Array.isArray(peers) ? await readPeers(peers.slice(0, limits.restoredEntries), book) : []
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
    const text = textOf(entries)
    try {
      await this.#datastore.put(this.#key, new TextEncoder().encode(text))
    } catch (error) {
      this.#log.error('the routing table was not saved - %e', error)
    }
  }
}

/** The table as JSON: its first entries, as many as `savedTableBytes` hold. */
function textOf(entries: readonly SavedEntry[]): string {
  const peers: string[] = []
  let bytes = 2
  for (const { peer, heard, roundTrip } of entries) {
    if (peer.addresses.count === 0) {
      continue
    }

    const saved: SavedPeer = { id: peer.contact.id, addresses: multiaddrsOf(peer).map(String), heard, roundTrip }
    const text = JSON.stringify(saved)
    // a character of a DNS name takes up to 3 bytes
    bytes += 3 * text.length + 1
    if (bytes > limits.savedTableBytes) {
      break
    }

    peers.push(text)
  }

  return `[${peers.join(',')}]`
}

/** The entries that can be read. Between batches everything else has its turn. */
async function readPeers(peers: readonly unknown[], book: ContactBook): Promise<SavedEntry[]> {
  const entries: SavedEntry[] = []
  for (let at = 0; at < peers.length; at += batch) {
    entries.push(...peers.slice(at, at + batch).flatMap(peer => readPeer(peer, book)))
    if (at + batch < peers.length) {
      await new Promise(resolve => setTimeout(resolve))
    }
  }

  return entries
}

/** Entries read in one turn of the event loop: 3 ms with the most addresses each. */
const batch = 64

function readPeer(saved: unknown, book: ContactBook): SavedEntry[] {
  try {
    const { id, addresses, heard, roundTrip } = saved as SavedPeer
    if (id.length > limits.peerIdCharacters || !Number.isFinite(heard) || !Number.isFinite(roundTrip)) {
      return []
    }

    const multiaddrs = addresses.slice(0, limits.addressesStored).flatMap(text => parseAddressText(text) ?? [])
    const peer = book.info(book.of(peerIdFromString(id)), multiaddrs)
    return peer.addresses.count > 0 ? [{ peer, heard, roundTrip }] : []
  } catch {
    return []
  }
}
