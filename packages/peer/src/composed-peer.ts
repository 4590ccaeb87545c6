/** A peer's life from start to stop over a composed libp2p node, told as one stream of events. */
import { AbortError } from '@libp2p/interface'
import type { AbortOptions, IdentifyResult, Libp2p, MultiaddrConnection, PeerId, PeerInfo } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { abortable } from './abortable.ts'
import { Chat } from './chat.ts'
import type { Published } from './chat.ts'
import type { PeerServices } from './compose.ts'
import { Connections } from './connections.ts'
import { Contacts } from './contacts.ts'
import type { Contact } from './contacts.ts'
import { DiscoveredDials } from './discovered.ts'
import { PeerError } from './errors.ts'
import type { PeerEvent, PeerListener } from './events.ts'
import type { Usefulness } from './guard/admission.ts'
import { Joining } from './joining.ts'
import { explainListenError } from './listening.ts'
import type { PeerOptions } from './options.ts'
import type { Peer } from './peer.ts'
import { Pings } from './pings.ts'
import { reasonOf } from './reasons.ts'
import { Timer } from './timer.ts'
import { endpointOf, peerIdOf, transportOf, withoutPeerId } from './transports.ts'

/** The start goes on when every bootstrap peer was tried, or after this time. */
const bootstrapWaitMs = 10_000
/** libp2p closes each connection properly within 500 ms or cuts it; whatever hangs beyond that is left behind. */
const stopWaitMs = 1_800
/** The peer store is read this often: reading it drops peers that have expired. */
const sweepIntervalMs = 60_000

export class ComposedPeer implements Peer {
  readonly libp2p: Libp2p<PeerServices>
  readonly chat: Chat
  readonly #options: PeerOptions
  readonly #listeners = new Set<PeerListener>()
  readonly #stopping = new AbortController()
  readonly #connections: Connections
  readonly #contacts: Contacts
  readonly #pings: Pings
  readonly #sweep: Timer
  readonly #joining: Joining
  readonly #discovered: DiscoveredDials
  /** The peers of the routing table. */
  readonly #table = new Set<string>()
  /** Of each peer identified since it connected, whether it speaks the DHT. */
  readonly #identified = new Map<string, boolean>()
  #listening: Promise<void> | undefined
  #stopped: Promise<void> | undefined
  /** The start found no bootstrap peer: the DHT is entered when one is reached. */
  #joinWhenReached = false

  constructor(options: PeerOptions, libp2p: Libp2p<PeerServices>) {
    this.libp2p = libp2p
    this.#options = options
    this.#connections = new Connections({
      connected: ({ remotePeer, remoteAddr, direction }) =>
        this.#emit({ type: 'connected', peer: remotePeer.toString(), address: remoteAddr.toString(), direction }),
      closed: peer => this.#closed(peer)
    })
    this.#contacts = this.#makeContacts()
    this.chat = new Chat({
      pubsub: libp2p.services.pubsub,
      self: libp2p.peerId,
      options,
      emit: this.#emit,
      isConnected: peer => this.#connections.has(peer)
    })
    this.#joining = new Joining(libp2p.services.dht, {
      emit: this.#emit,
      hasCandidate: () => [...this.#connections.peers()].some(peer => this.#identified.get(peer) !== false)
    })
    this.#discovered = new DiscoveredDials(async ({ multiaddrs }) => libp2p.dial(multiaddrs, { signal: this.#stopping.signal }))
    this.#pings = new Pings({
      targets: () => this.#pingTargets(),
      ping: (peer, signal) => libp2p.services.ping.ping(peerIdFromString(peer), { signal }),
      answered: (peer, ms) => this.#emit({ type: 'ping', peer, ms }),
      failed: (peer, error) => this.#emit({ type: 'ping-failed', peer, reason: reasonOf(error) })
    })
    // Reading the whole store is what drops its expired rows.
    this.#sweep = new Timer(async () => {
      await libp2p.peerStore.all().catch(() => [])
      return sweepIntervalMs
    })
    this.#listen()
  }

  get id(): PeerId {
    return this.libp2p.peerId
  }

  get addresses(): readonly Multiaddr[] {
    return this.libp2p.getMultiaddrs()
  }

  on(listener: PeerListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async start(options: AbortOptions = {}): Promise<void> {
    if (this.#listening !== undefined || this.#stopped !== undefined) {
      throw new PeerError('ERR_STATE', 'a peer starts once: create another')
    }

    const signal = AbortSignal.any([this.#stopping.signal, ...(options.signal === undefined ? [] : [options.signal])])
    signal.throwIfAborted()

    this.#emit({ type: 'starting', peer: this.id.toString(), agent: this.#options.agent })
    this.#listening = Promise.resolve(this.libp2p.start())
    await abortable(this.#listening, signal).catch(async error => {
      throw signal.aborted ? signal.reason : await explainListenError(this.#options.listen, error)
    })
    for (const address of this.addresses) {
      this.#emit({ type: 'listening', address: address.toString() })
    }

    this.#sweep.start(sweepIntervalMs)
    this.#pings.start()
    await this.#connect(signal)
    this.chat.subscribe()
    this.#emit({ type: 'dht-started', protocol: this.#options.protocol })
    await this.#join(signal)
    this.#emit({ type: 'started' })
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  publish(text: string, topic?: string): Promise<Published> {
    return this.chat.publish(text, topic)
  }

  /** A connection arrived, of which nothing is known yet but where from. */
  incoming(connection: MultiaddrConnection): void {
    const remote = withoutPeerId(connection.remoteAddr)
    // Which socket it came in by, libp2p does not tell; among our listening addresses, the one of its transport.
    const ours = this.addresses.map(withoutPeerId)
    const local = ours.find(address => isAlike(address, remote)) ?? ours[0]

    this.#emit({ type: 'incoming', local: local?.toString() ?? '', remote: remote.toString() })
  }

  /** How useful a peer is, from 0 (not identified) to 3 (one of our contacts). */
  usefulness(peer: string): Usefulness {
    if (this.#contacts.has(peer)) {
      return 3
    }
    if (this.#table.has(peer) || this.chat.has(peer)) {
      return 2
    }

    return this.#identified.has(peer) ? 1 : 0
  }

  /** Multicast DNS found a peer. */
  discovered(peer: PeerInfo): void {
    if (!this.#connections.has(peer.id.toString())) {
      void this.#discovered.found(peer)
    }
  }

  readonly #emit = (event: PeerEvent): void => {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        // A fault of the listener's own: it shows, but neither keeps others from hearing nor stops what was going on.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  #listen(): void {
    const { libp2p } = this
    const { dht } = libp2p.services

    libp2p.addEventListener('connection:open', ({ detail }) => this.#connections.opened(detail))
    libp2p.addEventListener('connection:close', ({ detail }) => this.#connections.closed(detail))
    libp2p.addEventListener('peer:identify', ({ detail }) => this.#identify(detail))
    dht.addEventListener('table', ({ detail: { change, peer, size } }) => {
      if (change === 'added') {
        this.#table.add(peer.toString())
      } else {
        this.#table.delete(peer.toString())
      }

      this.#emit({ type: 'routing-update', peer: peer.toString(), change, size })
      this.#joining.changed()
    })
    dht.addEventListener('upkeep', ({ detail: { kind, phase, contacts } }) => {
      if (kind === 'bootstrap' && phase === 'ended') {
        this.#emit({ type: 'closest-peers', count: contacts })
      }
    })
  }

  #makeContacts(): Contacts {
    const { bootstrap, dial } = this.#options
    const contacts: Contact[] = [
      ...bootstrap.map(address => ({ kind: 'bootstrap' as const, address })),
      ...dial.map(address => ({ kind: 'dial' as const, address }))
    ]

    return new Contacts(contacts, {
      dial: (address, signal) => this.#dial(address, signal),
      isConnected: peer => this.#connections.has(peer),
      isIsolated: () => this.#connections.size === 0,
      reached: ({ kind }) => {
        if (kind === 'bootstrap' && this.#joinWhenReached) {
          this.#joinWhenReached = false
          void this.#joining.join(this.#stopping.signal).catch(() => {})
        }
      },
      failed: ({ kind, address }, error, attempt, retryMs) =>
        this.#emit({
          type: kind === 'bootstrap' ? 'bootstrap-failed' : 'dial-failed',
          address: address.toString(),
          reason: reasonOf(error),
          attempt,
          retryMs
        })
    })
  }

  async #dial(address: Multiaddr, signal: AbortSignal): Promise<string> {
    const named = peerIdOf(address)
    if (named !== undefined) {
      await this.libp2p.peerStore.merge(peerIdFromString(named), { multiaddrs: [address] })
    }

    const { remotePeer } = await this.libp2p.dial(address, { signal })
    return remotePeer.toString()
  }

  async #connect(signal: AbortSignal): Promise<void> {
    for (const address of this.#options.bootstrap) {
      this.#emit({ type: 'bootstrap-adding', address: address.toString() })
    }

    const patience = AbortSignal.timeout(bootstrapWaitMs)
    await abortable(this.#contacts.begin(), AbortSignal.any([signal, patience])).catch(() => signal.throwIfAborted())
  }

  async #join(signal: AbortSignal): Promise<void> {
    if (this.#options.bootstrap.length === 0) {
      return
    }

    this.#joinWhenReached = this.#connections.size === 0
    if (!this.#joinWhenReached) {
      await this.#joining.join(signal)
    }
  }

  #identify({ peerId, protocolVersion, agentVersion, protocols }: IdentifyResult): void {
    const peer = peerId.toString()
    if (!this.#connections.has(peer) || this.#identified.has(peer)) {
      return
    }

    this.#identified.set(peer, protocols.includes(this.#options.protocol))
    this.#emit({ type: 'identify', peer, protocolVersion: protocolVersion ?? '', agent: agentVersion ?? '', protocols })
    this.#joining.changed()
  }

  #closed(peer: string): void {
    this.#identified.delete(peer)
    this.chat.closed(peer)
    this.#emit({ type: 'closed', peer })
    this.#contacts.closed(peer)
    this.#joining.changed()
  }

  /** Bootstrap and chat peers, as far as they are connected: a ping must not dial. */
  *#pingTargets(): Iterable<string> {
    const chatting = new Set(this.chat.peers)
    for (const peer of this.#connections.peers()) {
      if (chatting.has(peer) || this.#contacts.isBootstrap(peer)) {
        yield peer
      }
    }
  }

  async #stop(): Promise<void> {
    this.#emit({ type: 'stopping' })
    this.#stopping.abort(new AbortError('the peer was stopped'))
    this.#contacts.stop()
    this.#pings.stop()
    this.#sweep.stop()
    this.chat.stop()

    const closed = Promise.resolve(this.#listening)
      .catch(() => {})
      .then(() => this.libp2p.stop())
    await abortable(closed, AbortSignal.timeout(stopWaitMs)).catch(() => {})
    this.#emit({ type: 'stopped' })
  }
}

/** Whether two addresses are of one transport and one family of hosts. */
function isAlike(a: Multiaddr, b: Multiaddr): boolean {
  return transportOf(a) === transportOf(b) && endpointOf(a)?.family === endpointOf(b)?.family
}
