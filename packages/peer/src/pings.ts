/**
 * Measures the round trip to a few peers once a second: one ping at a time for each, given up after 5 s.
 */
import { Timer } from './timer.ts'

/** A peer is pinged this often: the checkpoint shows a round trip each second. */
const intervalMs = 1_000
/** A ping without an answer is given up after this time. */
const timeoutMs = 5_000

export interface PingHooks {
  /** The connected peers to ping now, by id. */
  targets(): Iterable<string>
  /** The round trip in milliseconds. */
  ping(peer: string, signal: AbortSignal): Promise<number>
  answered(peer: string, ms: number): void
  failed(peer: string, error: unknown): void
}

export class Pings {
  readonly #hooks: PingHooks
  readonly #flying = new Set<string>()
  readonly #stopping = new AbortController()
  readonly #timer = new Timer(() => this.#round())

  constructor(hooks: PingHooks) {
    this.#hooks = hooks
  }

  start(): void {
    this.#timer.start(intervalMs)
  }

  stop(): void {
    this.#timer.stop()
    this.#stopping.abort()
  }

  #round(): number {
    for (const peer of this.#hooks.targets()) {
      if (!this.#flying.has(peer)) {
        void this.#ping(peer)
      }
    }

    return intervalMs
  }

  async #ping(peer: string): Promise<void> {
    this.#flying.add(peer)
    try {
      const ms = await this.#hooks.ping(peer, AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(timeoutMs)]))
      this.#hooks.answered(peer, ms)
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        this.#hooks.failed(peer, error)
      }
    } finally {
      this.#flying.delete(peer)
    }
  }
}
