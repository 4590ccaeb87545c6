import { isLoopback, isPrivate } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Where a connection comes from, as far as rates are concerned. */
export interface Origin {
  /** Our own machine or process: not rated. */
  readonly local: boolean
  /** The IPv4 /16 or IPv6 /32 of a public address; none for others, where it would bind strangers together. */
  readonly group: number | undefined
}

const protocolIp4 = 4
const protocolIp6 = 41
const groupIp6 = 2 ** 32

/** Reads the origin off a connection's remote address. Behind a relay nobody's address is known, so nothing is. */
export function originOf(address: Multiaddr): Origin {
  const names = address.getComponents().map(component => component.name)
  if (names.includes('p2p-circuit')) {
    return { local: false, group: undefined }
  }

  if (names[0] === 'memory' || isLoopback(address)) {
    return { local: true, group: undefined }
  }

  return { local: false, group: isPrivate(address) ? undefined : groupOf(address.bytes) }
}

/** The IPv4 /16 or IPv6 /32 that a binary multiaddr begins with. */
export function groupOf(bytes: Uint8Array): number | undefined {
  const at = (index: number): number => bytes[index] ?? 0
  switch (at(0)) {
    case protocolIp4:
      return at(1) * 256 + at(2)
    case protocolIp6:
      return groupIp6 + ((at(1) * 256 + at(2)) * 256 + at(3)) * 256 + at(4)
    default:
      return undefined
  }
}
