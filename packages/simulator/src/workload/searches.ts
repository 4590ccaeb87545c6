import type { LookupResult, Millis, Rng } from '@vicinity/kademlia'
import type { Node } from '../world/node.ts'
import type { World } from '../world/world.ts'

/** One search for a peer's addresses that has ended. */
export interface FinishedSearch {
  readonly node: Node
  readonly wanted: Node
  readonly began: Millis
  readonly ended: Millis
  readonly result: LookupResult
  /** Whether it could be found when it began and when it ended, in the same life and at the same place. */
  readonly findable: boolean
}

/** Runs searches for random servers, and judges each by what is true of its server. */
export class PeerSearches {
  readonly #world: World
  readonly #share: number
  readonly #rng: Rng
  readonly #finished: (search: FinishedSearch) => void

  /** @param share - of all lookups, how many are for a peer rather than for a key. */
  constructor(world: World, share: number, rng: Rng, finished: (search: FinishedSearch) => void) {
    this.#world = world
    this.#share = share
    this.#rng = rng
    this.#finished = finished
  }

  /** Whom the next lookup is for, if it is for anybody. */
  next(): Node | undefined {
    const { all } = this.#world.census
    return this.#share > 0 && this.#rng.float() < this.#share ? all[this.#rng.below(all.length)] : undefined
  }

  /** Starts one search now, unless the node is down or would look for itself. */
  start(node: Node, wanted: Node): void {
    if (!node.up || node === wanted) {
      return
    }

    const began = this.#world.now
    const { sleeps } = node
    const before = this.#whereabouts(node, wanted)
    node.operate(
      { type: 'findPeer', contact: wanted.contact },
      {
        finished: (outcome, ended) => {
          if (outcome.type === 'lookup' && node.sleeps === sleeps) {
            const findable = before !== undefined && before === this.#whereabouts(node, wanted)
            this.#finished({ node, wanted, began, ended, result: outcome.result, findable })
          }
        }
      }
    )
  }

  /** Where a server is found and in which of its lives, as a text; `undefined` if it is found nowhere. */
  #whereabouts(node: Node, wanted: Node): string | undefined {
    const { network } = this.#world
    return wanted.findable && network.joins(node, wanted) ? `${wanted.epoch}/${wanted.sleeps}/${wanted.moves}` : undefined
  }
}
