import type { Connection, IdentifyResult, Libp2pEvents, Peer, PeerId, PeerStore, PeerUpdate } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { PeerState } from '@vicinity/kademlia'
import type { TypedEventTarget } from 'main-event'
import type { ContactBook } from './contacts.ts'
import type { Driver } from './driver.ts'
import { originOf } from './streams/origin.ts'

export interface MembershipComponents {
  readonly events: TypedEventTarget<Libp2pEvents>
  readonly connectionManager: ConnectionManager
  readonly peerStore: PeerStore
}

/**
 * Tells the engine which peers we are connected to, where they can be reached by their own word, and which of them
 * serve the protocol: from the connections, from identify, and from what peers push later.
 */
export class Membership {
  readonly #components: MembershipComponents
  readonly #protocol: string
  readonly #driver: Driver
  readonly #book: ContactBook

  constructor(components: MembershipComponents, protocol: string, driver: Driver, book: ContactBook) {
    this.#components = components
    this.#protocol = protocol
    this.#driver = driver
    this.#book = book
  }

  async start(): Promise<void> {
    const { events, connectionManager, peerStore } = this.#components
    events.addEventListener('connection:open', this.#onOpen)
    events.addEventListener('peer:disconnect', this.#onDisconnect)
    events.addEventListener('peer:identify', this.#onIdentify)
    events.addEventListener('peer:update', this.#onUpdate)
    for (const connection of connectionManager.getConnections()) {
      this.#tell(connection.remotePeer, reachedAt(connection), 'connected')
      const peer = await peerStore.get(connection.remotePeer).catch(() => undefined)
      if (peer !== undefined) {
        this.#describe(peer)
      }
    }
  }

  stop(): void {
    const { events } = this.#components
    events.removeEventListener('connection:open', this.#onOpen)
    events.removeEventListener('peer:disconnect', this.#onDisconnect)
    events.removeEventListener('peer:identify', this.#onIdentify)
    events.removeEventListener('peer:update', this.#onUpdate)
  }

  readonly #onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
    this.#tell(connection.remotePeer, reachedAt(connection), 'connected')
  }

  readonly #onDisconnect = ({ detail: peerId }: CustomEvent<PeerId>): void => {
    this.#tell(peerId, [], 'disconnected')
  }

  readonly #onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
    const { peerId, protocols, listenAddrs, connection } = detail
    if (connection.status !== 'open') {
      return
    }

    const addresses = [...reachedAt(connection), ...listenAddrs]
    this.#tell(peerId, addresses, this.#serves(protocols, peerId) ? 'serving' : 'not-serving')
  }

  /** Peers push what changes: their protocols when they start or stop to serve, their addresses when they move. */
  readonly #onUpdate = ({ detail: { peer, previous } }: CustomEvent<PeerUpdate>): void => {
    if (previous === undefined || this.#components.connectionManager.getConnections(peer.id).length === 0) {
      return
    }

    if (previous.protocols.includes(this.#protocol) !== peer.protocols.includes(this.#protocol)) {
      this.#describe(peer)
    } else if (!sameAddresses(previous, peer)) {
      // most updates are of tags and of when a peer was dialled
      this.#tell(peer.id, this.#addressesOf(peer), 'readdressed')
    }
  }

  #describe(peer: Peer): void {
    this.#tell(peer.id, this.#addressesOf(peer), this.#serves(peer.protocols, peer.id) ? 'serving' : 'not-serving')
  }

  #addressesOf(peer: Peer): Multiaddr[] {
    const reached = this.#components.connectionManager.getConnections(peer.id).flatMap(reachedAt)
    return [...reached, ...peer.addresses.map(({ multiaddr }) => multiaddr)]
  }

  #tell(peerId: PeerId, addresses: readonly Multiaddr[], state: PeerState): void {
    const peer = this.#book.info(this.#book.of(peerId), unique(addresses), this.#seen(peerId))
    // a peer without an address that we believe is of no use to those we would name it to
    const known = state === 'serving' && peer.addresses.count === 0 ? 'connected' : state
    this.#driver.handle({ type: 'peer', peer, state: known })
  }

  /** The address groups that a peer's connections come from. */
  #seen(peerId: PeerId): number[] {
    return this.#components.connectionManager.getConnections(peerId).flatMap(({ remoteAddr }) => originOf(remoteAddr).group ?? [])
  }

  /** Over a relayed connection nothing may be asked, whatever the peer speaks; a direct one may stand beside it. */
  #serves(protocols: readonly string[], peerId: PeerId): boolean {
    const connections = this.#components.connectionManager.getConnections(peerId)
    return protocols.includes(this.#protocol) && connections.some(connection => connection.limits === undefined)
  }
}

/** Where we reached a peer, if it was we who dialled: an inbound connection comes from a port nobody listens on. */
function reachedAt(connection: Connection): Multiaddr[] {
  return connection.direction === 'outbound' && connection.limits === undefined ? [connection.remoteAddr] : []
}

function sameAddresses(a: Peer, b: Peer): boolean {
  return (
    a.addresses.length === b.addresses.length &&
    a.addresses.every(({ multiaddr }, i) => b.addresses[i]?.multiaddr.equals(multiaddr))
  )
}

function unique(addresses: readonly Multiaddr[]): Multiaddr[] {
  return [...new Map(addresses.map(address => [withoutP2p(address), address])).values()]
}

function withoutP2p(address: Multiaddr): string {
  return address.toString().replace(/\/p2p\/[^/]+$/, '')
}
