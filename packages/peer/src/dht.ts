/** The DHT as this peer uses it. */
import { kadDHT, passthroughMapper, removePrivateAddressesMapper } from '@vicinity/dht'
import type { KadDHT, KadDHTComponents } from '@vicinity/dht'
import type { PeerOptions } from './options.ts'
import { Scope } from './scope.ts'

export type { KadDHT } from '@vicinity/dht'

/**
 * A DHT server from the first moment on. On a local network all addresses are believed; on the public one private ones
 * are dropped, and few peers of one address range are taken. `auto` may turn from the one to the other.
 */
export function chatDht({ protocol, network, bootstrap, trace }: PeerOptions): (components: KadDHTComponents) => KadDHT {
  return components => {
    const scope = new Scope(network, bootstrap)
    components.events.addEventListener('self:peer:update', () => scope.announced(components.addressManager.getAddresses()))

    return kadDHT({
      protocol,
      clientMode: false,
      peerInfoMapper: peer => (scope.isLocal ? passthroughMapper(peer) : removePrivateAddressesMapper(peer)),
      limitAddressGroups: () => !scope.isLocal,
      ...(trace === undefined ? {} : { trace: () => trace })
    })(components)
  }
}
