import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { PeerId } from '@libp2p/interface'
import { resolveName } from '#dns'
import type { PeerInfoMapper } from './mappers.ts'

/** Looks a name up. @returns its IP addresses as text; empty when it has none. */
export type Resolve = (name: string, signal: AbortSignal) => Promise<string[]>

const nameProtocols = new Set(['dns', 'dns4', 'dns6'])

/**
 * The second look at addresses, just before dialling: a name that anybody may have made point anywhere is believed
 * only if all it resolves to would be believed if it had been sent as numbers. Otherwise strangers could have us
 * connect to hosts of our own network.
 */
export class DialFilter {
  readonly #mapper: PeerInfoMapper
  readonly #self: PeerId
  readonly #resolve: Resolve

  constructor (mapper: PeerInfoMapper, self: PeerId, resolve: Resolve = resolveName) {
    this.#mapper = mapper
    this.#self = self
    this.#resolve = resolve
  }

  /** Whether any address has a name to look up; most have none, and then nothing need be awaited. */
  needed (addresses: readonly Multiaddr[]): boolean {
    return addresses.some(address => nameOf(address) !== undefined)
  }

  /** The addresses that may be dialled. */
  async filter (addresses: readonly Multiaddr[], signal: AbortSignal): Promise<Multiaddr[]> {
    const verdicts = await Promise.all(addresses.map(async address => this.#allowed(address, signal)))
    return addresses.filter((_, i) => verdicts[i])
  }

  async #allowed (address: Multiaddr, signal: AbortSignal): Promise<boolean> {
    const name = nameOf(address)
    if (name === undefined) {
      return true
    }

    const hosts = await this.#resolve(name, signal)
    const numbers = hosts.map(host => multiaddr(host.includes(':') ? `/ip6/${host}` : `/ip4/${host}`))
    return this.#mapper({ id: this.#self, multiaddrs: numbers }).multiaddrs.length === numbers.length
  }
}

function nameOf (address: Multiaddr): string | undefined {
  const first = address.getComponents()[0]
  return first !== undefined && nameProtocols.has(first.name) ? first.value : undefined
}
