import type { AbortOptions, Peer, PeerId, PeerStore } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { limits } from '@vicinity/kademlia'
import { resolveName } from '#dns'
import type { PeerInfoMapper } from './mappers.ts'

/** Looks a name up. @returns its IP addresses as text; empty when it has none; `undefined` where that is not for us to do. */
export type Resolve = (name: string, signal?: AbortSignal) => Promise<string[] | undefined>

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

  /** The addresses that may be dialled, of the first few: no more would be, and each name costs a look-up. */
  async filter(addresses: readonly Multiaddr[], signal?: AbortSignal): Promise<Multiaddr[]> {
    const first = addresses.slice(0, limits.addressesDialled)
    return this.needed(first) ? (await Promise.all(first.map(async address => this.#checked(address, signal)))).flat() : first
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

    const [first, ...rest] = address.getComponents()
    // a dnsaddr stands for whole addresses, which libp2p would look up and dial unseen
    if (first?.name === 'dnsaddr') {
      return []
    }

    const hosts = await this.#resolve(name, signal)
    if (hosts === undefined) {
      return [address]
    }

    const numbers = hosts.flatMap(numberOf)
    const number = numbers.find(({ family }) => first?.name === 'dns' || first?.name === family)?.address
    if (number === undefined || this.#believed(numbers.map(({ address: at }) => at)).length < hosts.length) {
      return []
    }

    return rest.some(component => certified.has(component.name)) ? [address] : [number.encapsulate(multiaddr(rest))]
  }

  #believed(multiaddrs: Multiaddr[]): Multiaddr[] {
    return this.#mapper({ id: this.#self, multiaddrs }).multiaddrs
  }
}

/** A host as an address; none for what has no place in one, as a link-local address with its interface. */
function numberOf(host: string): Array<{ family: 'dns4' | 'dns6'; address: Multiaddr }> {
  const is6 = host.includes(':')
  try {
    return [{ family: is6 ? 'dns6' : 'dns4', address: multiaddr(is6 ? `/ip6/${host}` : `/ip4/${host}`) }]
  } catch {
    return []
  }
}

function nameOf(address: Multiaddr): string | undefined {
  const first = address.getComponents()[0]
  return first !== undefined && nameProtocols.has(first.name) ? first.value : undefined
}
