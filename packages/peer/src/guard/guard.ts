/**
 * The guard between a node and strangers decides which connections stay and how much one of them may take. It also ends
 * the connection behind an error that a dependency does not catch.
 */
import type { ConnectionGater, MultiaddrConnection, PeerId, PeerStore, TypedEventTarget, Libp2pEvents } from '@libp2p/interface'
import { Admission } from './admission.ts'
import type { Usefulness } from './admission.ts'
import { guardLimits } from './limits.ts'
import { limitPeerRecords } from './peer-records.ts'
import { StoredPeers } from './stored-peers.ts'
import { ConnectionGuard } from './transport.ts'

export interface GuardInit {
  usefulness(peer: string): Usefulness
}

/** Options of libp2p's connection manager. Its own limits refuse the newest; admission decides instead. */
export const connectionOptions = {
  maxConnections: 4 * guardLimits.connections,
  inboundConnectionThreshold: Number.MAX_SAFE_INTEGER,
  maxIncomingPendingConnections: Number.MAX_SAFE_INTEGER,
  inboundUpgradeTimeout: guardLimits.handshakeMs,
  inboundStreamProtocolNegotiationTimeout: guardLimits.negotiationMs
} as const

export const yamuxOptions = {
  maxInboundStreams: guardLimits.streamsPerConnection,
  streamOptions: {
    maxStreamWindowSize: guardLimits.windowBytes,
    maxReadBufferLength: 2 * guardLimits.windowBytes,
    maxWriteBufferLength: guardLimits.connectionBufferBytes
  }
} as const

export interface GuardedComponents {
  readonly peerStore: PeerStore
  readonly events: TypedEventTarget<Libp2pEvents>
}

export class Guard {
  readonly connections = new ConnectionGuard()
  readonly admission: Admission
  readonly #usefulness: GuardInit['usefulness']

  constructor(init: GuardInit) {
    this.#usefulness = peer => init.usefulness(peer)
    this.admission = new Admission({ usefulness: this.#usefulness })
  }

  /** libp2p asks it at each step of a connection. */
  gater(arrived: (connection: MultiaddrConnection) => void): ConnectionGater {
    const upgraded =
      (direction: 'inbound' | 'outbound') =>
      (peer: PeerId, connection: MultiaddrConnection): boolean =>
        !this.admission.upgraded(peer, connection, direction)

    return {
      denyInboundConnection: connection => {
        arrived(connection)
        this.admission.arrived(connection)
        return false
      },
      denyInboundEncryptedConnection: peer => this.admission.isBanned(peer.toString()),
      denyInboundUpgradedConnection: upgraded('inbound'),
      denyOutboundUpgradedConnection: upgraded('outbound')
    }
  }

  /** The part that runs while the node does. */
  service({ peerStore, events }: GuardedComponents): { start(): void; stop(): void } {
    limitPeerRecords(peerStore)
    const stored = new StoredPeers(peerStore, events, this.#usefulness)
    return {
      start: () => {
        this.connections.start()
        stored.start()
      },
      stop: () => {
        this.connections.stop()
        stored.stop()
      }
    }
  }
}
