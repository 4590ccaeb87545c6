/**
 * A Kademlia DHT for js-libp2p, to be used in place of `@libp2p/kad-dht`.
 *
 * @example
 * ```ts
 * import { kadDHT } from '@vicinity/dht'
 *
 * const node = await createLibp2p({ services: { dht: kadDHT(), identify: identify(), ping: ping() } })
 * ```
 */
import type { KadDHTComponents, KadDHTInit } from './init.ts'
import { KadDHT } from './service.ts'

export { passthroughMapper, removePrivateAddressesMapper, removePublicAddressesMapper } from './addresses/mappers.ts'
export type { PeerInfoMapper } from './addresses/mappers.ts'
export { isBoundedAddress, parseAddress, parseAddressText } from './addresses/parse.ts'
export { MessageError, QueryError } from './errors.ts'
export type { KadDHTComponents, KadDHTInit } from './init.ts'
export { EventTypes, MessageType } from './query/events.ts'
export type {
  AddPeerEvent,
  DHTProgressEvents,
  DHTRecord,
  DialPeerEvent,
  DisjointPath,
  FinalPeerEvent,
  MessageName,
  PathEndedEvent,
  PeerResponseEvent,
  ProviderEvent,
  QueryErrorEvent,
  QueryEvent,
  SendQueryEvent,
  ValueEvent
} from './query/events.ts'
export { serverLimits } from './streams/index.ts'
export type { Rate, ServerLimits } from './streams/index.ts'
export type { TraceSink } from '@vicinity/kademlia'
export type { KadDHT, KadDHTEvents, SetModeOptions, TableChange, UpkeepChange } from './service.ts'

/** Makes the DHT as a service for `createLibp2p`. All options have defaults: see {@link KadDHTInit}. */
export function kadDHT(init: KadDHTInit = {}): (components: KadDHTComponents) => KadDHT {
  return components => new KadDHT(components, init)
}
