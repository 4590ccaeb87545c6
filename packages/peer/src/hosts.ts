/** Which hosts are this machine (Node only: a page in a browser has no interfaces to ask). */
import { BlockList, isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Endpoint } from './transports.ts'

/** Whether an endpoint's host is this machine: unspecified, loopback, or an address of one of its interfaces. */
export function isOwnHost({ family, host }: Endpoint): boolean {
  return family === 'dns'
    ? host === 'localhost' || host.endsWith('.localhost')
    : ownAddresses().check(host, isIPv4(host) ? 'ipv4' : 'ipv6')
}

/** Whether an endpoint means every interface: it can be listened on, but dialled only as loopback. */
export function isUnspecified({ host }: Endpoint): boolean {
  return unspecified.check(host, isIPv4(host) ? 'ipv4' : 'ipv6')
}

const unspecified = new BlockList()
unspecified.addAddress('0.0.0.0', 'ipv4')
unspecified.addAddress('::', 'ipv6')

// The block list compares addresses, not texts, of which one IPv6 address has many. The interfaces change while a
// laptop travels, so they are asked anew each time.
function ownAddresses(): BlockList {
  const own = new BlockList()
  own.addAddress('0.0.0.0', 'ipv4')
  own.addAddress('::', 'ipv6')
  own.addSubnet('127.0.0.0', 8, 'ipv4')
  own.addAddress('::1', 'ipv6')

  for (const { address, family } of Object.values(networkInterfaces()).flatMap(addresses => addresses ?? [])) {
    own.addAddress(address, family === 'IPv4' ? 'ipv4' : 'ipv6')
  }

  return own
}
