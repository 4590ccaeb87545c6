/** A transport whose connections are guarded from their first byte on, whichever side dialled. */
import type {
  Connection,
  CreateListenerOptions,
  DialTransportOptions,
  Listener,
  MessageStream,
  MultiaddrConnection,
  StreamMuxer,
  StreamMuxerFactory,
  Transport,
  Upgrader,
  UpgraderOptions
} from '@libp2p/interface'
import { Buffers } from './buffers.ts'
import { culprit, onBehalfOf } from './escapes.ts'
import type { Culprit } from './escapes.ts'
import { GuardedConnection } from './guarded-connection.ts'
import { guardMuxers } from './muxer.ts'
import { wrap } from './wrap.ts'

/** Guards the connections of all transports of a node. */
export class ConnectionGuard {
  readonly #buffers = new Buffers()
  readonly #connections = new WeakMap<MultiaddrConnection, GuardedConnection>()
  readonly #upgraders = new WeakMap<Upgrader, Upgrader>()

  start(): void {
    this.#buffers.start()
  }

  stop(): void {
    this.#buffers.stop()
  }

  /** The transport with an upgrader that guards what it upgrades. */
  transport(transport: Transport): Transport {
    wrap(
      transport,
      'dial',
      dial =>
        async (address, options: DialTransportOptions): Promise<Connection> =>
          dial(address, { ...options, upgrader: this.#upgrader(options.upgrader) })
    )
    wrap(
      transport,
      'createListener',
      createListener =>
        (options: CreateListenerOptions): Listener =>
          createListener({ ...options, upgrader: this.#upgrader(options.upgrader) })
    )
    return transport
  }

  /** The factory of a muxer for transports that bring none; its muxers are made while a connection is upgraded. */
  muxer(factory: StreamMuxerFactory): StreamMuxerFactory {
    return {
      protocol: factory.protocol,
      createStreamMuxer: encrypted => {
        const connection = culprit()
        if (!this.#isGuarded(connection)) {
          throw new Error('a muxer is made for a connection that no guarded transport made')
        }

        return guardMuxers(factory, connection, this).createStreamMuxer(encrypted)
      }
    }
  }

  #isGuarded(connection: Culprit | undefined): connection is MultiaddrConnection {
    return connection !== undefined && this.#connections.has(connection as MultiaddrConnection)
  }

  #upgrader(upgrader: Upgrader): Upgrader {
    let guarded = this.#upgraders.get(upgrader)
    if (guarded === undefined) {
      guarded = Object.assign(Object.create(upgrader) as Upgrader, {
        upgradeInbound: async (connection: MultiaddrConnection, options: UpgraderOptions) =>
          this.#upgrade(connection, options, async guardedOptions => upgrader.upgradeInbound(connection, guardedOptions)),
        upgradeOutbound: async (connection: MultiaddrConnection, options: UpgraderOptions) =>
          this.#upgrade(connection, options, async guardedOptions => upgrader.upgradeOutbound(connection, guardedOptions))
      })
      this.#upgraders.set(upgrader, guarded)
    }

    return guarded
  }

  async #upgrade<Result>(
    connection: MultiaddrConnection,
    options: UpgraderOptions,
    upgrade: (options: UpgraderOptions) => Promise<Result>
  ): Promise<Result> {
    this.#connections.set(connection, new GuardedConnection(connection, this.#buffers))
    const { muxerFactory } = options
    try {
      return await onBehalfOf(connection, async () =>
        upgrade({
          ...options,
          ...(muxerFactory === undefined ? {} : { muxerFactory: guardMuxers(muxerFactory, connection, this) })
        })
      )
    } catch (error) {
      // Some transports close what could not be upgraded, and wait for a peer that says nothing.
      connection.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  /** A muxer was made for a connection. */
  muxed(connection: MultiaddrConnection, muxer: StreamMuxer, encrypted: MessageStream): void {
    this.#connections.get(connection)?.muxed(muxer, encrypted)
  }
}
