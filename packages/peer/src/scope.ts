/** Which addresses the DHT believes: those of everywhere, or those of the public network only. */
import { isPrivate } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { NetworkScope } from './options.ts'

/**
 * `auto` is local only while every address given is private or loopback; one public address, or one name that has to
 * be looked up, makes it public. It is asked again whenever our own addresses change.
 */
export function isLocalNetwork(scope: NetworkScope, addresses: Iterable<Multiaddr>): boolean {
  switch (scope) {
    case 'local':
      return true
    case 'public':
      return false
    case 'auto':
      return [...addresses].every(isOfHere)
  }
}

function isOfHere(address: Multiaddr): boolean {
  try {
    return isPrivate(address)
  } catch {
    // No host to judge by.
    return false
  }
}
