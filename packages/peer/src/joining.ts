/**
 * Enters the DHT, as the start and the vocabulary tell it: *started*, then *done* with what was found, or *error*.
 *
 * A peer just connected is in nobody's table yet: identify has to tell that it speaks the DHT, and it has to answer.
 * So this waits for the table's first entry, as long as somebody may still become one.
 */
import type { PeerListener } from './events.ts'
import type { KadDHT } from './dht.ts'
import { abortable } from './abortable.ts'
import { reasonOf } from './reasons.ts'

/** The table's first entry is waited for this long: identify gives up after 5 s, and so does a peer's check. */
const patienceMs = 10_000

export interface JoiningHooks {
  readonly emit: PeerListener
  /** Whether a connected peer is not identified yet, or speaks the DHT. */
  hasCandidate(): boolean
}

export class Joining {
  readonly #dht: KadDHT
  readonly #hooks: JoiningHooks
  #check: (() => void) | undefined

  constructor(dht: KadDHT, hooks: JoiningHooks) {
    this.#dht = dht
    this.#hooks = hooks
  }

  /** Rejects only with the signal's reason. */
  async join(signal: AbortSignal): Promise<void> {
    const { emit } = this.#hooks
    emit({ type: 'bootstrap-started' })

    try {
      await this.#firstContact(signal)
      const { contacts } = await abortable(this.#dht.bootstrap({ signal }), signal)
      emit({ type: 'bootstrap-done', contacts })
    } catch (error) {
      signal.throwIfAborted()
      emit({ type: 'bootstrap-error', reason: reasonOf(error) })
    }
  }

  /** A peer was identified or is gone, or the table changed. */
  changed(): void {
    this.#check?.()
  }

  async #firstContact(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => reject(new Error('no connected peer answered')), patienceMs)

    this.#check = () => {
      if (this.#dht.routingTable.size > 0) {
        resolve()
      } else if (!this.#hooks.hasCandidate()) {
        reject(new Error(`no connected peer speaks ${this.#dht.protocol}`))
      }
    }

    try {
      this.#check()
      await abortable(promise, signal)
    } finally {
      clearTimeout(timer)
      this.#check = undefined
    }
  }
}
