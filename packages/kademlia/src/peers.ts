import { newerAddresses } from './contact.ts'
import type { Contact, PeerInfo } from './contact.ts'
import { limits } from './limits.ts'
import type { Table } from './table/table.ts'

/** The peers we are connected to, whatever they speak: clients too can be named to those who look for them. */
export class ConnectedPeers {
  // bounded by limits.connectedPeers: more are not noted
  readonly #peers = new Map<string, PeerInfo>()
  // bounded by #peers: those of them that do not serve, or have not said so
  readonly #clients = new Set<string>()

  get size(): number {
    return this.#peers.size
  }

  /** Notes a connection, or what is new about the peer behind one. */
  set(peer: PeerInfo, serves?: boolean): void {
    const { id } = peer.contact
    const known = this.#peers.get(id)
    if (known === undefined && this.#peers.size >= limits.connectedPeers) {
      return
    }

    if (known === undefined || newerAddresses(known.addresses, peer.addresses) === peer.addresses) {
      this.#peers.set(id, peer)
    }

    if (serves === true) {
      this.#clients.delete(id)
    } else if (serves === false || known === undefined) {
      this.#clients.add(id)
    }
  }

  /** New addresses of a peer, if it is connected. */
  update(peer: PeerInfo): void {
    if (this.#peers.has(peer.contact.id)) {
      this.set(peer)
    }
  }

  delete(contact: Contact): void {
    this.#peers.delete(contact.id)
    this.#clients.delete(contact.id)
  }

  clear(): void {
    this.#peers.clear()
    this.#clients.clear()
  }

  get(id: string): PeerInfo | undefined {
    return this.#peers.get(id)
  }

  /** A connected peer that serves. */
  server(id: string): PeerInfo | undefined {
    return this.#clients.has(id) ? undefined : this.#peers.get(id)
  }

  /** What we know of a peer that a request went to: its own word, if it is connected, before that of others. */
  best(asked: PeerInfo): PeerInfo {
    const known = this.get(asked.contact.id)
    return known === undefined || known.addresses.count === 0 ? asked : known
  }

  /** Connected servers that a bucket of the table could take. */
  *servers(table: Table): Generator<PeerInfo> {
    for (const [id, peer] of this.#peers) {
      // in most cases the bucket is full, which is soon found out
      if (table.hasRoom(peer.contact) && !this.#clients.has(id) && !table.has(peer.contact)) {
        yield peer
      }
    }
  }
}
