import { newerAddresses } from './contact.ts'
import type { Contact, PeerInfo } from './contact.ts'
import { limits } from './limits.ts'
import type { Table } from './table/table.ts'

interface Connected {
  peer: PeerInfo
  serves: boolean
}

/** The peers we are connected to, whatever they speak: clients too can be named to those who look for them. */
export class ConnectedPeers {
  // bounded by limits.connectedPeers: more are not noted
  readonly #peers = new Map<string, Connected>()

  get size(): number {
    return this.#peers.size
  }

  /** Notes a connection, or what is new about the peer behind one. */
  set(peer: PeerInfo, serves?: boolean): void {
    const known = this.#peers.get(peer.contact.id)
    if (known !== undefined) {
      known.peer = newerAddresses(known.peer.addresses, peer.addresses) === peer.addresses ? peer : known.peer
      known.serves = serves ?? known.serves
    } else if (this.#peers.size < limits.connectedPeers) {
      this.#peers.set(peer.contact.id, { peer, serves: serves ?? false })
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
  }

  clear(): void {
    this.#peers.clear()
  }

  get(id: string): PeerInfo | undefined {
    return this.#peers.get(id)?.peer
  }

  /** A connected peer that serves. */
  server(id: string): PeerInfo | undefined {
    const known = this.#peers.get(id)
    return known?.serves === true ? known.peer : undefined
  }

  /** What we know of a peer that a request went to: its own word, if it is connected, before that of others. */
  best(asked: PeerInfo): PeerInfo {
    const known = this.get(asked.contact.id)
    return known === undefined || known.addresses.count === 0 ? asked : known
  }

  /** Connected servers that a bucket of the table could take. */
  *servers(table: Table): Generator<PeerInfo> {
    for (const { peer, serves } of this.#peers.values()) {
      // in most cases the bucket is full, which is soon found out
      if (serves && table.hasRoom(peer.contact) && !table.has(peer.contact)) {
        yield peer
      }
    }
  }
}
