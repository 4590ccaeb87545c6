import type { AbortOptions, Peer, PeerId, PeerStore } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { resolveName } from '#dns'
import type { PeerInfoMapper } from './mappers.ts'

/** Looks a name up. @returns its IP addresses as text; empty when it has none. */
export type Resolve = (name: string, signal?: AbortSignal) => Promise<string[]>

const nameProtocols = new Set(['dns', 'dns4', 'dns6', 'dnsaddr'])
/** Protocols whose certificate is for the name, so that the name must be dialled. */
const certified = new Set(['tls', 'wss'])
/** One address of each kind that a mapper may tell apart. */
const samples = [multiaddr('/ip4/127.0.0.1/tcp/1'), multiaddr('/ip4/1.1.1.1/tcp/1')]

/**
 * The second look at addresses, just before dialling: a name that anybody may have made point anywhere is believed
 * only if all it resolves to would be believed if it had been sent as numbers. Otherwise strangers could have us
 * connect to hosts of our own network. What was looked up is then dialled by its number, so that a second look-up cannot
 * give another answer, unless a certificate vouches for the name.
 */
export class DialFilter {
  readonly #mapper: PeerInfoMapper
  readonly #self: PeerId
  readonly #resolve: Resolve

  constructor(mapper: PeerInfoMapper, self: PeerId, resolve: Resolve = resolveName) {
    this.#mapper = mapper
    this.#self = self
    this.#resolve = resolve
  }

  /** Whether there is anything to look up: most addresses have no name, and where all are believed names are too. */
  needed(addresses: readonly Multiaddr[]): boolean {
    return addresses.some(address => nameOf(address) !== undefined) && this.#believed(samples).length < samples.length
  }

  /** The addresses that may be dialled. */
  async filter(addresses: readonly Multiaddr[], signal?: AbortSignal): Promise<Multiaddr[]> {
    return this.needed(addresses)
      ? (await Promise.all(addresses.map(async address => this.#checked(address, signal)))).flat()
      : [...addresses]
  }

  /** The peer store as far as it is believed: whoever identifies himself puts into it what he likes. */
  store(peerStore: Pick<PeerStore, 'get'>): Pick<PeerStore, 'get'> {
    return {
      get: async (id: PeerId, options?: AbortOptions): Promise<Peer> => {
        const peer = await peerStore.get(id, options)
        const believed = this.#believed(peer.addresses.map(({ multiaddr: address }) => address))
        const dialled = await this.filter(believed, options?.signal)
        return { ...peer, addresses: dialled.map(address => ({ multiaddr: address, isCertified: false })) }
      }
    }
  }

  async #checked(address: Multiaddr, signal: AbortSignal | undefined): Promise<Multiaddr[]> {
    const name = nameOf(address)
    if (name === undefined) {
      return [address]
    }

    // a dnsaddr stands for whole addresses, which libp2p would look up and dial unseen
    if (address.getComponents()[0]?.name === 'dnsaddr') {
      return []
    }

    const numbers = (await this.#resolve(name, signal)).map(host =>
      multiaddr(host.includes(':') ? `/ip6/${host}` : `/ip4/${host}`)
    )
    const [number] = numbers
    if (number === undefined || this.#believed(numbers).length < numbers.length) {
      return []
    }

    const [, ...rest] = address.getComponents()
    return rest.some(component => certified.has(component.name)) ? [address] : [number.encapsulate(multiaddr(rest))]
  }

  #believed(multiaddrs: Multiaddr[]): Multiaddr[] {
    return this.#mapper({ id: this.#self, multiaddrs }).multiaddrs
  }
}

function nameOf(address: Multiaddr): string | undefined {
  const first = address.getComponents()[0]
  return first !== undefined && nameProtocols.has(first.name) ? first.value : undefined
}
