/**
 * Transports and encryption that are loaded when they are first used.
 *
 * TLS takes 100 to 175 ms to load, WebRTC 120, WebSocket 25, QUIC 15 and two sockets: too much for a start that needs
 * none of them. Yet a peer found later may need any. So each stands in its place from the start, filters by the address or
 * protocol alone, and loads the real one for the first dial or handshake. Listening is for a real transport:
 * whoever wants it loads it at once.
 */
import { serviceCapabilities, start, stop, transportSymbol } from '@libp2p/interface'
import type {
  Connection,
  ConnectionEncrypter,
  DialTransportOptions,
  Listener,
  MessageStream,
  SecureConnectionOptions,
  SecuredConnection,
  Startable,
  Transport
} from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { transportOf } from './transports.ts'
import type { TransportName } from './transports.ts'

/** Calls `load` once, when first asked; a failure is not kept, so that the next call tries again. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined

  return async () => {
    loaded ??= load()
    try {
      return await loaded
    } catch (error) {
      loaded = undefined
      throw error
    }
  }
}

/** A transport that only dials, and is loaded for its first dial. */
export function transportOnDemand<C>(
  name: TransportName,
  load: () => Promise<(components: C) => Transport>
): (components: C) => Transport {
  return components => new TransportOnDemand(name, async () => (await load())(components))
}

class TransportOnDemand implements Transport, Startable {
  readonly [transportSymbol] = true
  readonly [serviceCapabilities] = ['@libp2p/transport']
  readonly #name: TransportName
  readonly #inner: () => Promise<Transport>
  #started: Transport | undefined
  #stopped = false

  constructor(name: TransportName, load: () => Promise<Transport>) {
    this.#name = name
    this.#inner = once(async () => {
      const transport = await load()
      this.#started = transport
      await (this.#stopped ? stop(transport) : start(transport))
      return transport
    })
  }

  get [Symbol.toStringTag](): string {
    return `${this.#name} on demand`
  }

  start(): void {
    this.#stopped = false
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await stop(this.#started)
  }

  async dial(address: Multiaddr, options: DialTransportOptions): Promise<Connection> {
    const transport = await this.#inner()
    options.signal.throwIfAborted()
    return transport.dial(address, options)
  }

  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter(address => transportOf(address) === this.#name)
  }

  listenFilter(): Multiaddr[] {
    return []
  }

  createListener(): Listener {
    throw new Error(`${this[Symbol.toStringTag]} does not listen`)
  }
}

/** An encrypter that is loaded for its first handshake. */
export function encrypterOnDemand<C>(
  protocol: string,
  load: () => Promise<(components: C) => ConnectionEncrypter>
): (components: C) => ConnectionEncrypter {
  return components => new EncrypterOnDemand(protocol, async () => (await load())(components))
}

class EncrypterOnDemand implements ConnectionEncrypter {
  readonly protocol: string
  readonly [serviceCapabilities] = ['@libp2p/connection-encryption']
  readonly #inner: () => Promise<ConnectionEncrypter>

  constructor(protocol: string, load: () => Promise<ConnectionEncrypter>) {
    this.protocol = protocol
    this.#inner = once(load)
  }

  async secureInbound(connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> {
    return (await this.#inner()).secureInbound(connection, options)
  }

  async secureOutbound(connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> {
    return (await this.#inner()).secureOutbound(connection, options)
  }
}
