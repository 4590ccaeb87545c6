/**
 * Says hello to each peer that subscribes to the chat topic: once for each peer id and run, at most once a second,
 * and again until the peer was among those that a greeting was sent to, or has proved unreachable.
 *
 * A greeting goes to everyone in the room, so one serves all who are waiting.
 */
import { trim } from './duplicates.ts'
import { Timer } from './timer.ts'
import type { Due } from './timer.ts'

/** The shortest time between two greetings. */
const intervalMs = 1_000

/**
 * A peer's subscription arrives at about the time when our own stream towards it opens; a greeting that goes out a
 * moment later reaches it at once, and others that came with it.
 */
const settleMs = 200

/**
 * How often a greeting is tried for the sake of one peer. It takes two at most with one that listens; one that never
 * opens the stream that it could be sent on must not make us talk to the room for ever.
 */
const attemptsMax = 10

/** How many peers are remembered as greeted, and how many may wait. */
const peersMax = 10_000

export interface GreeterHooks {
  /** Publishes a greeting; gives the ids of those it was sent to. */
  publish(): Promise<readonly string[]>
  greeted(peers: readonly string[]): void
}

export class Greeter {
  readonly #hooks: GreeterHooks
  /** Who waits, and how many greetings did not reach them. */
  readonly #waiting = new Map<string, number>()
  /** Who was reached, or given up. */
  readonly #greeted = new Set<string>()
  readonly #timer = new Timer(() => this.#greet())
  #last = -Infinity

  constructor(hooks: GreeterHooks) {
    this.#hooks = hooks
  }

  /** A peer subscribed. */
  subscribed(peer: string): void {
    if (this.#greeted.has(peer) || this.#waiting.has(peer)) {
      return
    }

    this.#waiting.set(peer, 0)
    trim(this.#waiting, peersMax)
    this.#schedule()
  }

  /** A peer unsubscribed or is gone: nobody waits for it any longer. */
  gone(peer: string): void {
    this.#waiting.delete(peer)
  }

  stop(): void {
    this.#waiting.clear()
    this.#timer.stop()
  }

  #schedule(): void {
    const due = this.#due
    if (due !== undefined) {
      this.#timer.start(due)
    }
  }

  get #due(): Due {
    return this.#waiting.size > 0 ? Math.max(settleMs, this.#last + intervalMs - performance.now()) : undefined
  }

  /** Counts one more greeting that did not reach a waiting peer. */
  #missed(peer: string): number {
    const attempts = (this.#waiting.get(peer) ?? 0) + 1
    this.#waiting.set(peer, attempts)
    return attempts
  }

  async #greet(): Promise<Due> {
    if (this.#waiting.size === 0) {
      return undefined
    }

    this.#last = performance.now()
    // Whatever fails is tried again, as long as somebody waits.
    const recipients = await this.#hooks.publish().catch(() => [])
    const reached = recipients.filter(peer => this.#waiting.delete(peer))
    const hopeless = [...this.#waiting.keys()].filter(peer => this.#missed(peer) >= attemptsMax)

    for (const peer of [...recipients, ...hopeless]) {
      this.#waiting.delete(peer)
      this.#greeted.add(peer)
      trim(this.#greeted, peersMax)
    }
    if (reached.length > 0) {
      this.#hooks.greeted(reached)
    }

    return this.#due
  }
}
