/** Why a peer cannot listen: libp2p says only that some addresses failed, so each is tried again by itself. */
import type { Multiaddr } from '@multiformats/multiaddr'
import { PeerError } from './errors.ts'
import { portState } from './ports.ts'
import { reasonOf } from './reasons.ts'
import { endpointOf } from './transports.ts'

/** An error that names the first address that cannot be had, why, and what to do. Everything must be closed again. */
export async function explainListenError(addresses: readonly Multiaddr[], error: unknown): Promise<PeerError> {
  for (const address of addresses) {
    const endpoint = endpointOf(address)
    const state = endpoint === undefined ? 'unknown' : await portState(endpoint)
    const where = `cannot listen on ${address.toString()}`

    switch (state) {
      case 'taken':
        return new PeerError('ERR_PORT_IN_USE', `${where}: the port is in use; choose another, or 0 for any free one`, {
          cause: error
        })
      case 'denied':
        return new PeerError(
          'ERR_PORT_PERMISSION',
          `${where}: permission denied; choose a port above 1023, or run with the permission to use this one`,
          { cause: error }
        )
      case 'absent':
        return new PeerError(
          'ERR_ADDRESS_NOT_AVAILABLE',
          `${where}: this machine has no such address; use one of its own, or /ip4/0.0.0.0 for all`,
          { cause: error }
        )
      case 'free':
      case 'unknown':
    }
  }

  return new PeerError('ERR_LISTEN', `cannot listen on ${addresses.join(', ')}: ${reasonOf(error)}`, { cause: error })
}
