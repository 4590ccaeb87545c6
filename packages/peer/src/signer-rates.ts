/**
 * How much one signer may say. What is above its rate is neither shown nor forwarded, but counted, and the count is told
 * once a second.
 */
import { guardLimits } from './guard/limits.ts'
import { Recent } from './guard/recent.ts'
import { Tokens } from './guard/tokens.ts'
import { Timer } from './timer.ts'

/** The counts of messages that were left out are told this often. */
const tellMs = 1_000

export class SignerRates {
  readonly #tell: (signer: string | null, count: number) => void
  readonly #rates = new Recent(guardLimits.peersWatched, () => ({
    messages: new Tokens(guardLimits.signerMessages),
    bytes: new Tokens(guardLimits.signerBytes)
  }))
  /** Messages left out since the last count, by signer. Bounded by `peersWatched`. */
  readonly #leftOut = new Map<string | null, number>()
  readonly #timer = new Timer(() => {
    this.#told()
    return undefined
  })

  /** `tell` is called with `null` for messages that nobody signed. */
  constructor(tell: (signer: string | null, count: number) => void) {
    this.#tell = tell
  }

  /** Whether a message of so many bytes is within the rate of its signer. */
  admits(signer: string | null, bytes: number): boolean {
    const rate = this.#rates.of(signer ?? '')
    if (rate.messages.waitMs() === 0 && rate.bytes.waitMs() === 0) {
      rate.messages.draw(1)
      rate.bytes.draw(bytes)
      return true
    }

    if (this.#leftOut.size < guardLimits.peersWatched || this.#leftOut.has(signer)) {
      this.#leftOut.set(signer, (this.#leftOut.get(signer) ?? 0) + 1)
    }
    this.#timer.start(tellMs)
    return false
  }

  stop(): void {
    this.#timer.stop()
  }

  #told(): void {
    for (const [signer, count] of this.#leftOut) {
      this.#tell(signer, count)
    }
    this.#leftOut.clear()
  }
}
