/** The parts of a js-libp2p node that its interface does not show and that the mutation test drives directly. */
import type { ComponentLogger, Connection, Libp2p, PeerId, Transport, Upgrader } from '@libp2p/interface'

export interface Components {
  readonly upgrader: Upgrader
  readonly logger: ComponentLogger
  identify(connection: Connection, signal: AbortSignal): Promise<unknown>
  /** To all connected peers that take it. */
  identifyPush(): Promise<void>
  ping(peer: PeerId, signal: AbortSignal): Promise<unknown>
  /** The peers of a topic's mesh. */
  meshPeers(topic: string): string[]
  readonly dht: {
    readonly routingTable: { readonly size: number }
    getClosestPeers(key: Uint8Array, options: { readonly signal: AbortSignal }): AsyncIterable<unknown>
  }
}

interface InsideComponents {
  readonly upgrader: Upgrader
  readonly logger: ComponentLogger
  readonly transportManager: { getTransports(): Transport[] }
}

interface Inside {
  readonly components: InsideComponents
  readonly services: {
    readonly identify: { identify(connection: Connection, options: { signal: AbortSignal }): Promise<unknown> }
    readonly identifyPush: { sendPushMessage(): Promise<void> }
    readonly ping: { ping(peer: PeerId, options: { signal: AbortSignal }): Promise<unknown> }
    readonly pubsub: { getMeshPeers(topic: string): string[] }
    readonly dht: Components['dht']
  }
}

export function componentsOf(node: Libp2p): Components {
  const { components, services } = node as unknown as Inside
  return {
    upgrader: transportUpgrader(components),
    logger: components.logger,
    dht: services.dht,
    meshPeers: topic => services.pubsub.getMeshPeers(topic),
    identify: async (connection, signal) => await services.identify.identify(connection, { signal }),
    identifyPush: async () => await services.identifyPush.sendPushMessage(),
    ping: async (peer, signal) => await services.ping.ping(peer, { signal })
  }
}

/** The upgrader as a transport gets it, with whatever the peer has put in front of libp2p's own. */
function transportUpgrader({ transportManager, upgrader }: InsideComponents): Upgrader {
  const tcp = transportManager.getTransports().find(transport => transport[Symbol.toStringTag] === '@libp2p/tcp')
  // It never listens.
  const listener = tcp?.createListener({ upgrader }) as unknown as
    | { readonly context: { readonly upgrader: Upgrader } }
    | undefined
  if (listener === undefined) {
    throw new Error('the peer has no TCP transport')
  }
  return listener.context.upgrader
}
