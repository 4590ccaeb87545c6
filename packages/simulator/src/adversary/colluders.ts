import type { Request, Response } from '@vicinity/kademlia'
import type { Behaviour, Reaction } from '../world/behaviour.ts'
import { Census } from '../world/census.ts'
import type { Node } from '../world/node.ts'
import { answering } from './behaviours.ts'

/**
 * Liars who know all of each other, and name nobody else: to whoever asks, the world consists of those of them that are
 * nearest to what is looked for.
 */
export class Colluders implements Behaviour {
  readonly name = 'liars'
  readonly findable = true
  readonly misleads = true
  readonly #count: number
  /** Those of them who are up. */
  readonly #ring = new Census()

  /** @param count - how many of them an answer names. */
  constructor(count: number) {
    this.#count = count
  }

  lived(node: Node): void {
    if (node.up) {
      this.#ring.add(node)
    } else {
      this.#ring.delete(node)
    }
  }

  react(node: Node, _from: Node, message: Request, honest: () => Response | undefined): Reaction {
    if (message.type !== 'FIND_NODE') {
      return answering(honest())
    }

    const closer = this.#ring.closest(message.target.key, this.#count, node).map(({ info }) => info)
    return { type: 'answer', message: { type: 'FIND_NODE', closer }, delay: 0 }
  }
}
