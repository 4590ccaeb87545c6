/** The DHT as this peer uses it. */
import { kadDHT, passthroughMapper, removePrivateAddressesMapper } from '@vicinity/dht'
import type { KadDHT, KadDHTComponents, PeerInfoMapper } from '@vicinity/dht'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { PeerOptions } from './options.ts'
import { isLocalNetwork } from './scope.ts'

export type { KadDHT } from '@vicinity/dht'

/** A DHT server from the first moment on. `announced` gives our own addresses as they are now. */
export function chatDht(options: PeerOptions, announced: () => readonly Multiaddr[]): (components: KadDHTComponents) => KadDHT {
  return kadDHT({ protocol: options.protocol, clientMode: false, peerInfoMapper: mapperFor(options, announced) })
}

/**
 * On a local network all addresses are believed, on the public one the private ones are dropped. The DHT knows the
 * public network, where it also limits how many peers of one address range it takes, by the mapper of its own, so that is
 * used wherever the answer cannot change any more.
 */
export function mapperFor(
  { network, bootstrap }: Pick<PeerOptions, 'network' | 'bootstrap'>,
  announced: () => readonly Multiaddr[]
): PeerInfoMapper {
  if (!isLocalNetwork(network, bootstrap)) {
    return removePrivateAddressesMapper
  }
  if (network === 'local') {
    return passthroughMapper
  }

  return peer => (isLocalNetwork(network, announced()) ? passthroughMapper(peer) : removePrivateAddressesMapper(peer))
}
