import type { PeerInfo, Rng } from '@vicinity/kademlia'
import type { Behaviour, Reaction } from '../world/behaviour.ts'
import { randomKey } from '../world/contacts.ts'
import type { World } from '../world/world.ts'

/**
 * Answers with thousands of peers that exist nowhere: by turns with 10,000, a frame that no reader takes, and with as many as
 * one just takes, of which the first are read.
 *
 * They are made up once, and all flooders of a world share them: an answer is one of a few lists, each turned further than the last.
 */
export class Flooder implements Behaviour {
  readonly name = 'flooders'
  readonly findable = false
  readonly misleads = true
  readonly #answers: readonly (readonly PeerInfo[])[]
  #next = 0

  constructor(world: World, rng: Rng) {
    const strangers = Array.from({ length: floodSize }, () => world.stranger(randomKey(rng)))
    this.#answers = Array.from({ length: turns }, (_, turn) => {
      const from = Math.floor((turn * floodSize) / turns)
      const turned = [...strangers.slice(from), ...strangers.slice(0, from)]
      return turn % 2 === 0 ? turned : turned.slice(0, fitting)
    })
  }

  react(): Reaction {
    const closer = this.#answers[this.#next] as readonly PeerInfo[]
    this.#next = (this.#next + 1) % turns
    return { type: 'answer', message: { type: 'FIND_NODE', closer }, delay: 0 }
  }
}

/** Peers in the larger answers. */
export const floodSize = 10_000

/** Peers that a frame of 256 KiB holds, with some room: each takes 46 bytes. */
export const fitting = 5_000

const turns = 16
