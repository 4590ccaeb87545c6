import type { PeerInfo } from '@libp2p/interface'
import { isPrivate } from '@libp2p/utils'

/** Which of a peer's addresses are believed, in answers as in requests. */
export interface PeerInfoMapper {
  (peer: PeerInfo): PeerInfo
}

/** For the public network: no private, loopback, link-local, unique-local or mapped address. */
export function removePrivateAddressesMapper(peer: PeerInfo): PeerInfo {
  return { ...peer, multiaddrs: peer.multiaddrs.filter(address => !isPrivate(address)) }
}

/** For a LAN: only such addresses. */
export function removePublicAddressesMapper(peer: PeerInfo): PeerInfo {
  return { ...peer, multiaddrs: peer.multiaddrs.filter(address => isPrivate(address)) }
}

/** For a network of one's own: every address. */
export function passthroughMapper(peer: PeerInfo): PeerInfo {
  return peer
}
