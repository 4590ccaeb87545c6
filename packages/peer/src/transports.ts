/**
 * Which of our transports an address belongs to, decided from the address alone, before anything is loaded.
 */
import { CODE_P2P } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { QUIC_V1, TCP, WebRTCDirect, WebSockets, WebSocketsSecure } from '@multiformats/multiaddr-matcher'

export type TransportName = 'tcp' | 'quic' | 'websocket' | 'webrtc-direct'

/** The transport that dials an address; `undefined` when none does. A `/p2p/…` at the end does not matter. */
export function transportOf(address: Multiaddr): TransportName | undefined {
  if (TCP.exactMatch(address)) {
    return 'tcp'
  }
  if (QUIC_V1.exactMatch(address)) {
    return 'quic'
  }
  if (WebSockets.exactMatch(address) || WebSocketsSecure.exactMatch(address)) {
    return 'websocket'
  }

  return WebRTCDirect.exactMatch(address) ? 'webrtc-direct' : undefined
}

/** Whether we can listen on such an address: as for dialling, but secure WebSocket needs a certificate that we lack. */
export function canListen(address: Multiaddr): boolean {
  return transportOf(address) !== undefined && !WebSocketsSecure.exactMatch(address) && peerIdOf(address) === undefined
}

/** Whether a `/dnsaddr/…`, which resolves to addresses that only the resolver knows. */
export function isDnsAddress(address: Multiaddr): boolean {
  return address.getComponents()[0]?.name === 'dnsaddr'
}

/** The peer id that an address names last, as text. */
export function peerIdOf(address: Multiaddr): string | undefined {
  return address.getComponents().findLast(({ name }) => name === 'p2p')?.value
}

/** The address alone, without the id of the peer that is there. */
export function withoutPeerId(address: Multiaddr): Multiaddr {
  return peerIdOf(address) === undefined ? address : address.decapsulateCode(CODE_P2P)
}

/** What is in front of the transport: a host and a port, of TCP or UDP. */
export interface Endpoint {
  readonly family: 'ip4' | 'ip6' | 'dns'
  readonly host: string
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
}

/** The endpoint of an address; `undefined` when it does not begin with a host and a port. */
export function endpointOf(address: Multiaddr): Endpoint | undefined {
  const components = address.getComponents().filter(({ name }) => name !== 'ip6zone')
  const [host, port] = components
  if (host?.value === undefined || port?.value === undefined || (port.name !== 'tcp' && port.name !== 'udp')) {
    return undefined
  }

  switch (host.name) {
    case 'ip4':
    case 'ip6':
      return { family: host.name, host: host.value, protocol: port.name, port: Number(port.value) }
    case 'dns':
    case 'dns4':
    case 'dns6':
      return { family: 'dns', host: host.value, protocol: port.name, port: Number(port.value) }
    default:
      return undefined
  }
}
