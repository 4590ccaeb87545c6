import { AbortError } from '@libp2p/interface'
import type { AbortOptions, PeerId, PeerInfo } from '@libp2p/interface'
import type { Millis, Request } from '@vicinity/kademlia'
import { DialFilter } from './addresses/dial-filter.ts'
import { removePrivateAddressesMapper } from './addresses/mappers.ts'
import { ContactBook, multiaddrsOf, peerIdOf, toLibp2pPeer } from './contacts.ts'
import { Driver } from './driver.ts'
import type { Report } from './driver.ts'
import { QueryError } from './errors.ts'
import type { KadDHTComponents, Settings } from './init.ts'
import { Membership } from './membership.ts'
import type { Metrics } from './metrics.ts'
import { SavedTable } from './saved-table.ts'
import { poolLimits, StreamPool, StreamServer, systemClock } from './streams/index.ts'
import { Tags } from './tags.ts'

/** Who hears what the node does by itself. */
export interface NodeListener {
  table(report: Extract<Report, { type: 'table' }>): void
  upkeep(report: Extract<Report, { type: 'upkeep' }>): void
  /** A bootstrap has ended: how many of the nearest peers answered, and how long it took. */
  selfLookedUp(peers: number, duration: Millis): void
}

/** Everything that lives from one start of the service to its stop, put together. */
export class Node {
  readonly book: ContactBook
  readonly driver: Driver
  readonly server: StreamServer<Request>
  readonly #components: KadDHTComponents
  readonly #pool: StreamPool
  readonly #membership: Membership
  readonly #saved: SavedTable
  readonly #tags: Tags
  readonly #listener: NodeListener
  readonly #isPublic: () => boolean
  #wasPublic: boolean
  #bootstrapBegan: Millis = 0

  constructor(components: KadDHTComponents, init: Settings, metrics: Metrics, listener: NodeListener) {
    const { peerId, logger, datastore, connectionManager, peerStore } = components
    const { protocol, logPrefix, peerInfoMapper } = init
    this.#components = components
    this.#listener = listener
    this.#isPublic = limitGroupsOf(init)
    this.#wasPublic = this.#isPublic()
    this.book = new ContactBook({ peerInfoMapper, limitGroups: this.#isPublic })
    const dialFilter = new DialFilter(peerInfoMapper, peerId)
    this.#pool = new StreamPool(
      { connectionManager, peerStore: dialFilter.store(peerStore), logger },
      {
        protocol,
        logPrefix,
        limits: { streamsPerPeer: Math.min(poolLimits.streamsPerPeer, init.maxOutboundStreams) }
      }
    )
    this.driver = new Driver(
      {
        self: this.book.of(peerId),
        book: this.book,
        pool: this.#pool,
        dialFilter,
        clock: systemClock,
        metrics,
        trace: init.trace?.()
      },
      {
        k: init.kBucketSize,
        alpha: init.alpha,
        beta: Math.min(3, init.kBucketSize),
        bootstrapInterval: init.querySelfInterval,
        // peers of whom no groups are told are not limited
        limitGroups: true,
        mode: 'client'
      },
      report => {
        this.#onReport(report)
      }
    )
    this.server = new StreamServer(
      { logger },
      {
        handler: this.driver,
        logPrefix,
        limits: { idle: init.incomingMessageTimeout, streamsPerPeer: init.maxInboundStreams, ...init.serverLimits }
      }
    )
    this.#membership = new Membership(components, protocol, this.driver, this.book)
    this.#tags = new Tags(this.book.of(peerId), this.driver.machine, peerStore, logger.forComponent(logPrefix))
    this.#saved = new SavedTable(datastore, init.datastorePrefix, logger.forComponent(`${logPrefix}:table`))
  }

  get sizes(): Readonly<Record<string, number>> {
    const { peers: streamPeers, ...streams } = this.#pool.sizes
    return { ...this.driver.sizes, ...streams, streamPeers, served: this.server.counters.streams }
  }

  async start(): Promise<void> {
    const { events } = this.#components
    events.addEventListener('self:peer:update', this.#readdress)
    // a peer store that remembers these addresses from the last time has no update to tell of
    events.addEventListener('transport:listening', this.#readdress)
    this.#readdress()
    const entries = await this.#saved.load(this.book)
    if (this.driver.machine.stopped) {
      return
    }

    this.driver.handle({ type: 'restore', entries })
    await this.#membership.start()
  }

  async stop(): Promise<void> {
    const { events } = this.#components
    events.removeEventListener('self:peer:update', this.#readdress)
    events.removeEventListener('transport:listening', this.#readdress)
    this.#membership.stop()
    const entries = this.driver.machine.entries()
    this.driver.stop()
    this.#pool.stop()
    this.server.stop()
    await this.#saved.save(entries)
  }

  /** Runs a bootstrap or refresh, or joins the one that runs. @returns the contacts that its report counts. */
  async upkeep(type: 'bootstrap' | 'refresh', signal?: AbortSignal): Promise<number> {
    signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const cancel = this.driver.start(
      { type },
      {
        progress() {},
        // perhaps at once: a table of nobody has nothing to refresh
        finished(outcome) {
          if (outcome.type === 'upkeep') {
            resolve(outcome.contacts)
          } else {
            reject(outcome.type === 'refused' && outcome.reason === 'full' ? QueryError.tooMany() : QueryError.notStarted())
          }
        }
      }
    )
    const onAbort = (): void => {
      reject(new AbortError())
      cancel()
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      return await promise
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** What we know of a peer without asking anybody: the table's entry, or the peer store's. */
  async findLocally(id: PeerId, options: AbortOptions): Promise<PeerInfo | undefined> {
    const entry = this.driver.machine.table.get(this.book.of(id))
    if (entry !== undefined && entry.addresses.count > 0) {
      return toLibp2pPeer(entry)
    }

    const peer = await this.#components.peerStore.get(id, options).catch(() => undefined)
    options.signal?.throwIfAborted()
    return peer === undefined || peer.addresses.length === 0
      ? undefined
      : { id, multiaddrs: peer.addresses.map(({ multiaddr }) => multiaddr) }
  }

  readonly #readdress = (): void => {
    const { peerId, addressManager } = this.#components
    const { addresses } = this.book.info(this.book.of(peerId), addressManager.getAddresses())
    this.driver.handle({ type: 'self', addresses })
    this.#believeAnew()
  }

  /** When the network turns public, or back, the table is to hold what would be believed now. */
  #believeAnew(): void {
    const isPublic = this.#isPublic()
    if (isPublic === this.#wasPublic) {
      return
    }

    this.#wasPublic = isPublic
    for (const { peer } of this.driver.machine.entries()) {
      const believed = this.book.info(this.book.of(peerIdOf(peer.contact)), multiaddrsOf(peer))
      this.driver.handle({ type: 'peer', peer: believed, state: believed.addresses.count > 0 ? 'readdressed' : 'not-serving' })
    }
  }

  #onReport(report: Report): void {
    if (report.type === 'table') {
      this.#tags.changed(report.change, peerIdOf(report.peer.contact))
      this.#listener.table(report)
      return
    }

    this.#listener.upkeep(report)
    if (report.kind === 'bootstrap' && report.phase === 'began') {
      this.#bootstrapBegan = this.driver.now()
    } else if (report.kind === 'bootstrap') {
      this.#listener.selfLookedUp(report.contacts, this.driver.now() - this.#bootstrapBegan)
      void this.#saved.save(this.driver.machine.entries())
    }
  }
}

/** By default the address groups are limited where the mapper of the public network is used. */
function limitGroupsOf({ limitAddressGroups, peerInfoMapper }: Settings): () => boolean {
  const limit = limitAddressGroups ?? peerInfoMapper === removePrivateAddressesMapper
  return typeof limit === 'function' ? limit : () => limit
}
