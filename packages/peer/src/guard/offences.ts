import type { Rate } from './limits.ts'
import { guardLimits } from './limits.ts'
import { Recent } from './recent.ts'
import { Tokens } from './tokens.ts'

/** Counts what no honest peer does. Some of it is forgiven; a peer that goes on is cut off. */
export class Offences {
  readonly #cutOff: (peer: string) => void
  readonly #peers: Recent<Tokens>

  constructor(cutOff: (peer: string) => void, rate: Rate = guardLimits.offences) {
    this.#cutOff = cutOff
    this.#peers = new Recent(guardLimits.peersWatched, () => new Tokens(rate))
  }

  commit(peer: string): void {
    if (!this.#peers.of(peer).take()) {
      this.#cutOff(peer)
    }
  }
}
