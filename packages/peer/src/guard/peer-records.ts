/**
 * Bounds what the peer store keeps of one peer. A merge compares each address with all others, and every new stream
 * merges its protocol, so a peer with a thousand addresses slows everything that is done with it.
 */
import type { PeerData, PeerStore } from '@libp2p/interface'
import { guardLimits } from './limits.ts'
import { wrap } from './wrap.ts'

/** The store, which from now on takes and keeps so many addresses and protocols of each peer. */
export function limitPeerRecords(store: PeerStore): void {
  const patch = store.patch.bind(store)
  wrap(store, 'patch', () => async (id, data, options) => patch(id, bounded(data), options))
  wrap(store, 'save', save => async (id, data, options) => save(id, bounded(data), options))
  wrap(store, 'merge', merge => async (id, data, options) => {
    const given = bounded(data)
    const peer = await merge(id, given, options)
    const { addresses, protocols } = peer
    if (addresses.length <= guardLimits.peerAddresses && protocols.length <= guardLimits.peerProtocols) {
      return peer
    }

    // The store sorts by name. What came last is kept first.
    const fresh = new Set([...(given.multiaddrs ?? []), ...(given.addresses ?? []).map(({ multiaddr }) => multiaddr)].map(String))
    const kept = {
      addresses: freshFirst(addresses, ({ multiaddr }) => fresh.has(multiaddr.toString())),
      protocols: freshFirst(protocols, protocol => given.protocols?.includes(protocol) === true)
    }
    return await patch(id, bounded(kept), options)
  })
}

function freshFirst<T>(values: readonly T[], isFresh: (value: T) => boolean): T[] {
  return [...values.filter(isFresh), ...values.filter(value => !isFresh(value))]
}

function bounded(data: PeerData): PeerData {
  const { multiaddrs, addresses, protocols } = data
  return {
    ...data,
    ...(multiaddrs === undefined ? {} : { multiaddrs: multiaddrs.slice(0, guardLimits.peerAddresses) }),
    ...(addresses === undefined ? {} : { addresses: addresses.slice(0, guardLimits.peerAddresses) }),
    ...(protocols === undefined ? {} : { protocols: protocols.slice(0, guardLimits.peerProtocols) })
  }
}
