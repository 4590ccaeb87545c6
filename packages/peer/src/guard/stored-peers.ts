/**
 * Bounds the peer store: each identity that a stranger makes up would be kept for an hour.
 *
 * The peer that was updated longest ago goes first, unless it is connected or of use.
 */
import { peerIdFromString } from '@libp2p/peer-id'
import type { Libp2pEvents, PeerId, PeerStore, PeerUpdate, TypedEventTarget } from '@libp2p/interface'
import type { Usefulness } from './admission.ts'
import { guardLimits } from './limits.ts'

export class StoredPeers {
  readonly #store: Pick<PeerStore, 'delete'>
  readonly #events: TypedEventTarget<Libp2pEvents>
  readonly #usefulness: (peer: string) => Usefulness
  readonly #max: number
  /** In the order of their last update. */
  readonly #peers = new Set<string>()
  readonly #connected = new Set<string>()

  constructor(
    store: Pick<PeerStore, 'delete'>,
    events: TypedEventTarget<Libp2pEvents>,
    usefulness: (peer: string) => Usefulness,
    max: number = guardLimits.storedPeers
  ) {
    this.#store = store
    this.#events = events
    this.#usefulness = usefulness
    this.#max = max
  }

  start(): void {
    this.#events.addEventListener('peer:update', this.#updated)
    this.#events.addEventListener('peer:connect', this.#onConnect)
    this.#events.addEventListener('peer:disconnect', this.#onDisconnect)
  }

  stop(): void {
    this.#events.removeEventListener('peer:update', this.#updated)
    this.#events.removeEventListener('peer:connect', this.#onConnect)
    this.#events.removeEventListener('peer:disconnect', this.#onDisconnect)
  }

  readonly #updated = ({ detail: { peer } }: CustomEvent<PeerUpdate>): void => {
    const id = peer.id.toString()
    this.#peers.delete(id)
    this.#peers.add(id)
    this.#trim()
  }

  readonly #onConnect = ({ detail }: CustomEvent<PeerId>): void => {
    this.#connected.add(detail.toString())
  }

  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    this.#connected.delete(detail.toString())
    this.#trim()
  }

  #trim(): void {
    for (const id of this.#peers) {
      if (this.#peers.size <= this.#max) {
        return
      }
      if (!this.#connected.has(id) && this.#usefulness(id) < 2) {
        this.#peers.delete(id)
        void Promise.resolve(this.#store.delete(peerIdFromString(id))).catch(() => {})
      }
    }
  }
}
