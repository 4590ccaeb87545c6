import type { Logger, PeerId, PeerStore } from '@libp2p/interface'
import type { Contact, Kademlia } from '@vicinity/kademlia'
import { peerIdOf } from './contacts.ts'

/** The tags of `@libp2p/kad-dht`, and what they weigh when libp2p must choose which connections to keep. */
const weights = { 'kad-peer': 1, 'kad-close': 50 } as const

/**
 * Marks the peers of the routing table in the peer store, and the k nearest to us among them, so that libp2p closes
 * other connections first. Nothing is kept alive by force: a peer that is gone is dropped, not dialled for ever.
 */
export class Tags {
  readonly #self: Contact
  readonly #machine: Kademlia
  readonly #peerStore: Pick<PeerStore, 'merge'>
  readonly #log: Logger
  // bounded by k
  #nearest = new Map<string, PeerId>()

  constructor(self: Contact, machine: Kademlia, peerStore: Pick<PeerStore, 'merge'>, log: Logger) {
    this.#self = self
    this.#machine = machine
    this.#peerStore = peerStore
    this.#log = log
  }

  /** The table has gained or lost a peer. */
  changed(change: 'added' | 'removed', peer: PeerId): void {
    this.#tag(peer, 'kad-peer', change === 'added')
    const { table } = this.#machine
    const nearest = new Map(table.closest(this.#self.key, table.bucketSize).map(({ contact }) => [contact.id, peerIdOf(contact)]))
    for (const [id, near] of nearest) {
      if (!this.#nearest.has(id)) {
        this.#tag(near, 'kad-close', true)
      }
    }

    for (const [id, near] of this.#nearest) {
      if (!nearest.has(id)) {
        this.#tag(near, 'kad-close', false)
      }
    }

    this.#nearest = nearest
  }

  #tag(peer: PeerId, tag: keyof typeof weights, on: boolean): void {
    this.#peerStore.merge(peer, { tags: { [tag]: on ? { value: weights[tag] } : undefined } }).catch((error: unknown) => {
      this.#log.error('%p was not tagged as %s - %e', peer, tag, error)
    })
  }
}
