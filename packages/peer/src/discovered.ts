/** Dials the peers that multicast DNS finds, for nothing else would; a few at once. One that fails announces itself again. */
import type { PeerInfo } from '@libp2p/interface'

/** Dials of discovered peers in flight. Peers beyond that announce themselves again. */
const dialsMax = 16

export class DiscoveredDials {
  readonly #dial: (peer: PeerInfo) => Promise<unknown>
  readonly #flying = new Set<string>()

  constructor(dial: (peer: PeerInfo) => Promise<unknown>) {
    this.#dial = dial
  }

  async found(peer: PeerInfo): Promise<void> {
    const id = peer.id.toString()
    if (this.#flying.has(id) || this.#flying.size >= dialsMax) {
      return
    }

    this.#flying.add(id)
    await this.#dial(peer).catch(() => {})
    this.#flying.delete(id)
  }
}
