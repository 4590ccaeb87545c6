/** Addresses that cannot be listened on together, because they want the same port of this machine. */
import type { Multiaddr } from '@multiformats/multiaddr'
import { isUnspecified } from './hosts.ts'
import { endpointOf } from './transports.ts'

/** Whether the second of two addresses to listen on would find its port taken by the first. */
export function sharePort(first: Multiaddr, second: Multiaddr): boolean {
  const a = endpointOf(first)
  const b = endpointOf(second)
  if (a === undefined || b === undefined || a.port === 0) {
    return false
  }

  const sameHost = a.family === b.family && (a.host === b.host || isUnspecified(a) || isUnspecified(b))
  return sameHost && a.port === b.port && a.protocol === b.protocol
}
