import {
  NotFoundError,
  peerDiscoverySymbol,
  peerRoutingSymbol,
  serviceCapabilities,
  serviceDependencies
} from '@libp2p/interface'
import type {
  AbortOptions,
  Logger,
  PeerDiscovery,
  PeerDiscoveryEvents,
  PeerId,
  PeerInfo,
  PeerRouting,
  RoutingOptions,
  Startable
} from '@libp2p/interface'
import { isPrivate } from '@libp2p/utils'
import { limits } from '@vicinity/kademlia'
import type { LookupResult, Operation, PeerInfo as EnginePeer } from '@vicinity/kademlia'
import { TypedEventEmitter } from 'main-event'
import { toLibp2pPeer } from './contacts.ts'
import { QueryError } from './errors.ts'
import { inertOptions, settingsOf } from './init.ts'
import type { KadDHTComponents, KadDHTInit, Settings } from './init.ts'
import { Metrics } from './metrics.ts'
import type { OperationName } from './metrics.ts'
import { Node } from './node.ts'
import { EventTypes, localPath, progressName } from './query/events.ts'
import type { FinalPeerEvent, QueryEvent } from './query/events.ts'
import { runQuery } from './query/query.ts'
import { DHTPeerRouting } from './query/routing.ts'

/** The routing table gained or lost a peer. */
export interface TableChange {
  readonly change: 'added' | 'removed'
  readonly peer: PeerId
  /** How many peers it holds now. */
  readonly size: number
}

/** A bootstrap or a refresh began or ended. */
export interface UpkeepChange {
  readonly kind: 'bootstrap' | 'refresh'
  readonly phase: 'began' | 'ended'
  /** At the end of a bootstrap, how many of the peers nearest to us answered; else the size of the table. */
  readonly contacts: number
}

export interface KadDHTEvents extends PeerDiscoveryEvents {
  table: CustomEvent<TableChange>
  upkeep: CustomEvent<UpkeepChange>
}

export interface SetModeOptions extends AbortOptions {
  /** Register the protocol's handler again, even if the mode is the same. */
  force?: boolean
}

/**
 * The DHT as a service of a js-libp2p node, with the interface of `@libp2p/kad-dht`. What is beyond that: the events
 * `table` and `upkeep`, and `bootstrap`.
 */
export class KadDHT extends TypedEventEmitter<KadDHTEvents> implements Startable, PeerDiscovery {
  /** Peers in a bucket, in an answer and in the result of a lookup. */
  readonly k: number
  /** Requests in flight for one lookup. */
  readonly a: number
  /** Paths of one lookup. */
  readonly d = 1
  readonly protocol: string
  readonly routingTable: { readonly size: number }
  readonly [Symbol.toStringTag] = '@libp2p/kad-dht'
  readonly [serviceCapabilities] = ['@libp2p/peer-routing', '@libp2p/peer-discovery', '@libp2p/kad-dht']
  readonly [serviceDependencies] = ['@libp2p/identify', '@libp2p/ping']
  readonly [peerRoutingSymbol]: PeerRouting = new DHTPeerRouting(this)
  readonly #components: KadDHTComponents
  readonly #settings: Settings
  readonly #metrics: Metrics
  readonly #log: Logger
  #mode: 'client' | 'server'
  #node: Node | undefined

  constructor(components: KadDHTComponents, init: KadDHTInit = {}) {
    super()
    this.#components = components
    this.#settings = settingsOf(init)
    this.#metrics = new Metrics(components.metrics, this.#settings.metricsPrefix)
    this.#log = components.logger.forComponent(this.#settings.logPrefix)
    this.#mode = this.#settings.clientMode === false ? 'server' : 'client'
    this.k = this.#settings.kBucketSize
    this.a = this.#settings.alpha
    this.protocol = this.#settings.protocol
    const size = (): number => this.#node?.driver.machine.size ?? 0
    this.routingTable = {
      get size() {
        return size()
      }
    }
    for (const option of inertOptions) {
      if (init[option] !== undefined) {
        this.#log('the option %s has no effect in this DHT', option)
      }
    }
  }

  get [peerDiscoverySymbol](): PeerDiscovery {
    return this
  }

  isStarted(): boolean {
    return this.#node !== undefined
  }

  async start(): Promise<void> {
    if (this.#node !== undefined) {
      return
    }

    const { events } = this.#components
    this.#node = new Node(this.#components, this.#settings, this.#metrics, {
      table: ({ change, peer }) => {
        this.#onTable(change, toLibp2pPeer(peer))
      },
      upkeep: ({ kind, phase, contacts }) => {
        this.safeDispatchEvent('upkeep', { detail: { kind, phase, contacts } })
      },
      selfLookedUp: (peers, duration) => {
        events.dispatchEvent(new CustomEvent('kad-dht:query:self', { detail: { peers, duration } }))
      }
    })
    if (this.#settings.clientMode === undefined) {
      events.addEventListener('self:peer:update', this.#onSelfUpdate)
      // a peer store that remembers our addresses from the last time has no update to tell of
      events.addEventListener('transport:listening', this.#onSelfUpdate)
    }

    await this.#node.start()
    await this.setMode(this.#mode, { force: true })
  }

  async stop(): Promise<void> {
    const node = this.#node
    if (node === undefined) {
      return
    }

    this.#node = undefined
    const { events, registrar } = this.#components
    events.removeEventListener('self:peer:update', this.#onSelfUpdate)
    events.removeEventListener('transport:listening', this.#onSelfUpdate)
    const stopped = node.stop()
    try {
      await registrar.unhandle(this.protocol)
    } finally {
      await stopped
    }
  }

  /** Whether we answer others (`server`) or only ask (`client`). */
  getMode(): 'client' | 'server' {
    return this.#mode
  }

  async setMode(mode: 'client' | 'server', options: SetModeOptions = {}): Promise<void> {
    if (mode === this.#mode && options.force !== true) {
      return
    }

    options.signal?.throwIfAborted()
    this.#become(mode)
    try {
      await this.#components.registrar.unhandle(this.protocol, options)
    } catch (error) {
      // the handler is gone, and it is not known who was told
      this.#become('client')
      throw error
    }

    // it may have been set again, or the DHT stopped, in the meantime
    if (mode === 'server' && this.#mode === mode && this.#node !== undefined) {
      await this.#serve(this.#node, options)
    }
  }

  /**
   * Looks for a peer's addresses: among those we know, then in the network.
   *
   * @throws NotFoundError when they are not found; AbortError when `options.signal` aborts; QueryError.
   */
  async *findPeer(id: PeerId, options: RoutingOptions = {}): AsyncGenerator<QueryEvent, void, undefined> {
    const node = this.#running()
    const known = options.useCache === false ? undefined : await node.findLocally(id, options)
    if (known !== undefined) {
      yield this.#final(this.#components.peerId, known, options)
      return
    }

    let found = false
    if (options.useNetwork !== false) {
      const operation: Operation = {
        type: 'findPeer',
        contact: node.book.of(id),
        awaitPeers: !this.#settings.allowQueryWithZeroPeers
      }
      const peers = (result: LookupResult): EnginePeer[] => (result.found === undefined ? [] : [result.found])
      for await (const event of this.#query('FIND_PEER', operation, options, peers)) {
        found ||= event.name === 'FINAL_PEER'
        yield event
      }
    }

    if (!found) {
      throw new NotFoundError(`no address of ${id.toString()} was found`)
    }
  }

  /**
   * Looks for the peers closest to a key: any bytes of 1 to 128; peers hash them. The final events are the k closest
   * that answered, nearest first.
   *
   * @throws AbortError when `options.signal` aborts; QueryError, also for a key of no or too many bytes.
   */
  async *getClosestPeers(key: Uint8Array, options: RoutingOptions = {}): AsyncGenerator<QueryEvent, void, undefined> {
    const node = this.#running()
    if (key.length === 0 || key.length > limits.valueKeyBytes) {
      throw QueryError.invalidKey(key.length, limits.valueKeyBytes)
    }

    const target = node.book.target(key.slice())
    const operation: Operation = { type: 'closest', target, awaitPeers: !this.#settings.allowQueryWithZeroPeers }
    yield* this.#query('GET_CLOSEST_PEERS', operation, options, result => result.closest)
  }

  /** Looks every bucket of the routing table up. Resolves when that is done. */
  async refreshRoutingTable(options: AbortOptions = {}): Promise<void> {
    await this.#running().upkeep('refresh', options.signal)
  }

  /**
   * Looks ourselves up, then every bucket; joins the bootstrap that runs, if one does. The DHT does so by itself
   * when it meets its first peer, while its table is low and every few minutes.
   *
   * @returns how many of the peers nearest to us answered.
   * @throws QueryError `ERR_NO_PEERS` when nobody did; AbortError when `options.signal` aborts.
   */
  async bootstrap(options: AbortOptions = {}): Promise<{ contacts: number }> {
    const contacts = await this.#running().upkeep('bootstrap', options.signal)
    if (contacts === 0) {
      throw QueryError.noPeers()
    }

    return { contacts }
  }

  /** The sizes of all collections, for leak checks. */
  get sizes(): Readonly<Record<string, number>> {
    return this.#node?.sizes ?? {}
  }

  #become(mode: 'client' | 'server'): void {
    this.#mode = mode
    this.#node?.driver.handle({ type: 'mode', mode })
  }

  async #serve({ server }: Node, options: AbortOptions): Promise<void> {
    const { maxInboundStreams, maxOutboundStreams } = this.#settings
    await this.#components.registrar.handle(
      this.protocol,
      (stream, connection) => {
        server.handle(stream, connection)
      },
      {
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        force: true,
        maxInboundStreams,
        maxOutboundStreams
      }
    )
  }

  async *#query(
    name: OperationName,
    operation: Operation,
    options: RoutingOptions,
    peers: (result: LookupResult) => Iterable<EnginePeer>
  ): AsyncGenerator<QueryEvent, void, undefined> {
    const node = this.#running()
    const { connectionManager, peerId } = this.#components
    const isConnected = (peer: PeerId): boolean => connectionManager.getConnections(peer).length > 0
    const results = (result: LookupResult, answeredBy = peerId): FinalPeerEvent[] =>
      Array.from(peers(result), peer => ({
        name: 'FINAL_PEER',
        type: EventTypes.FINAL_PEER,
        // a peer is found by one answer; the closest ones are the outcome of all
        from: name === 'FIND_PEER' ? answeredBy : peerId,
        peer: toLibp2pPeer(peer),
        path: { ...localPath, index: 0 }
      }))
    // a caller who has seen enough ends a query too, and that is no failure
    let failed = false
    const ended = this.#metrics.operation(name)
    try {
      yield* runQuery(node.driver, operation, options, isConnected, results)
    } catch (error) {
      failed = true
      throw error
    } finally {
      ended(failed)
    }
  }

  #final(from: PeerId, peer: PeerInfo, options: RoutingOptions): FinalPeerEvent {
    const event: FinalPeerEvent = { name: 'FINAL_PEER', type: EventTypes.FINAL_PEER, from, peer, path: { ...localPath } }
    options.onProgress?.(new CustomEvent(progressName(event), { detail: event }))
    return event
  }

  #onTable(change: 'added' | 'removed', peer: PeerInfo): void {
    const size = this.routingTable.size
    this.#metrics.tableSize(size)
    this.safeDispatchEvent('table', { detail: { change, peer: peer.id, size } })
    if (change === 'added') {
      // whoever is in the table has answered: a peer worth telling others of, unlike those that are only named
      this.safeDispatchEvent('peer', { detail: peer })
    }
  }

  readonly #onSelfUpdate = (): void => {
    const reachable = this.#components.addressManager
      .getAddresses()
      .some(address => !isPrivate(address) && !address.toString().includes('/p2p-circuit'))
    this.setMode(reachable ? 'server' : 'client').catch((error: unknown) => {
      this.#log.error('the mode could not be changed - %e', error)
    })
  }

  #running(): Node {
    if (this.#node === undefined) {
      throw QueryError.notStarted()
    }

    return this.#node
  }
}
