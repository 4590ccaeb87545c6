import { NotFoundError } from '@libp2p/interface'
import type { PeerId, PeerInfo, PeerRouting, RoutingOptions } from '@libp2p/interface'
import type { QueryEvent } from './events.ts'

interface Queries {
  findPeer(id: PeerId, options?: RoutingOptions): AsyncIterable<QueryEvent>
  getClosestPeers(key: Uint8Array, options?: RoutingOptions): AsyncIterable<QueryEvent>
}

/** The DHT as one of libp2p's peer routers: only the results of its queries. */
export class DHTPeerRouting implements PeerRouting {
  readonly #dht: Queries

  constructor(dht: Queries) {
    this.#dht = dht
  }

  /** @throws NotFoundError when nobody who could be asked knows an address of the peer. */
  async findPeer(peerId: PeerId, options: RoutingOptions = {}): Promise<PeerInfo> {
    for await (const event of this.#dht.findPeer(peerId, options)) {
      if (event.name === 'FINAL_PEER') {
        return event.peer
      }
    }

    throw new NotFoundError(`no address of ${peerId.toString()} was found`)
  }

  /** The peers closest to a key, nearest first. */
  async *getClosestPeers(key: Uint8Array, options: RoutingOptions = {}): AsyncIterable<PeerInfo> {
    for await (const event of this.#dht.getClosestPeers(key, options)) {
      if (event.name === 'FINAL_PEER') {
        yield event.peer
      }
    }
  }
}
