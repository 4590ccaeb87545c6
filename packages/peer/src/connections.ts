/**
 * Which peers are connected, told once each: a peer is there from its first connection to the end of its last.
 */
import type { Connection } from '@libp2p/interface'

export interface ConnectionHooks {
  connected(connection: Connection): void
  closed(peer: string): void
}

export class Connections {
  readonly #hooks: ConnectionHooks
  /** The open connections by peer, and of each the id. */
  readonly #open = new Map<string, Set<string>>()

  constructor(hooks: ConnectionHooks) {
    this.#hooks = hooks
  }

  get size(): number {
    return this.#open.size
  }

  /** The connected peers, by id. */
  peers(): Iterable<string> {
    return this.#open.keys()
  }

  has(peer: string): boolean {
    return this.#open.has(peer)
  }

  opened(connection: Connection): void {
    const peer = connection.remotePeer.toString()
    const known = this.#open.get(peer)

    if (known !== undefined) {
      known.add(connection.id)
      return
    }

    this.#open.set(peer, new Set([connection.id]))
    this.#hooks.connected(connection)
  }

  closed(connection: Connection): void {
    const peer = connection.remotePeer.toString()
    const known = this.#open.get(peer)

    if (known?.delete(connection.id) === true && known.size === 0) {
      this.#open.delete(peer)
      this.#hooks.closed(peer)
    }
  }
}
