import { limits } from '@vicinity/kademlia'
import type { Addresses } from '@vicinity/kademlia'
import { encodePeer } from '@vicinity/wire'
import type { EncodedPeer } from '@vicinity/wire'
import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * One peer's addresses, as the machine carries them about without looking inside. Immutable, so the peer's encoded
 * bytes hang on it: they are made once, and answers that name the peer only copy them.
 */
export class AddressList implements Addresses {
  readonly multiaddrs: readonly Multiaddr[]
  readonly #id: Uint8Array
  #encoded: EncodedPeer | undefined
  #text: readonly string[] | undefined

  /** @param id - the peer that the addresses belong to, in binary. */
  constructor(id: Uint8Array, multiaddrs: readonly Multiaddr[]) {
    this.#id = id
    this.multiaddrs = multiaddrs
  }

  get text(): readonly string[] {
    this.#text ??= this.multiaddrs.map(String)
    return this.#text
  }

  get count(): number {
    return this.multiaddrs.length
  }

  /** The `Peer` message that names this peer: at most `addressesSent` addresses and `peerRecordBytes` in all. */
  get encoded(): EncodedPeer {
    this.#encoded ??= this.#encode()
    return this.#encoded
  }

  #encode(): EncodedPeer {
    const addresses: Uint8Array[] = []
    let bytes = this.#id.length
    for (const { bytes: address } of this.multiaddrs.slice(0, limits.addressesSent)) {
      bytes += address.length + fieldOverhead
      if (bytes > limits.peerRecordBytes - 2 * fieldOverhead) {
        break
      }
      addresses.push(address)
    }

    // whether we are connected to it changes too often to be worth encoding anew; nobody acts on it
    return encodePeer({ id: this.#id, addresses, connection: 'NOT_CONNECTED' })
  }
}

/** A field's tag and the length of what follows it. */
const fieldOverhead = 4
