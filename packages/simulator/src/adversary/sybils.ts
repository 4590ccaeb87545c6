import { commonPrefixLength, keyBits } from '@vicinity/kademlia'
import type { Key, Request, Response, Rng, Target } from '@vicinity/kademlia'
import type { Population } from '../population/population.ts'
import type { Behaviour, Reaction } from '../world/behaviour.ts'
import { Census } from '../world/census.ts'
import { keyNear, randomKey, targetAt } from '../world/contacts.ts'
import type { Node } from '../world/node.ts'
import type { World } from '../world/world.ts'
import { answering } from './behaviours.ts'

export interface SybilOptions {
  /** How many there are. */
  readonly count: number
  /** How many peers an answer of theirs names. */
  readonly named: number
  /** What they crowd around: a random key, such as that of a file that is to vanish; or a node, to cut it off. */
  readonly around: 'key' | 'node'
  /** How many address groups they are spread over; 0: they are in none. */
  readonly groups: number
}

/**
 * An attack on one key: servers made for it, nearer to it than any honest one. Asked for anything in its neighbourhood they name
 * each other and nobody else; asked for anything else they answer honestly, and so find and keep their places in the tables.
 */
export class SybilAttack implements Behaviour {
  readonly name = 'sybils'
  readonly findable = true
  readonly misleads = true
  readonly #options: SybilOptions
  readonly #rng: Rng
  readonly #ring = new Census()
  #target: Target | undefined
  #victim: Node | undefined
  #aimed = 0
  /** The prefix that a key shares with the one attacked if it is in its neighbourhood. */
  #region = keyBits

  constructor(options: SybilOptions, rng: Rng) {
    this.#options = options
    this.#rng = rng
  }

  /** What is attacked, once they have come. */
  get target(): Target | undefined {
    return this.#target
  }

  /** What is looked up of what is attacked: the key by anybody; by a node that is attacked, every second time, any key. */
  aimed(): { target: Target; node?: Node } {
    this.#aimed++
    const target = this.#target ?? targetAt(randomKey(this.#rng))
    return this.#victim === undefined || this.#aimed % 2 === 0
      ? { target }
      : { target: targetAt(randomKey(this.#rng)), node: this.#victim }
  }

  /** The node that is attacked, if it is one. */
  get victim(): Node | undefined {
    return this.#victim
  }

  /** Chooses what to attack, and comes. */
  arrive(world: World, population: Population): void {
    const { count, around, groups } = this.#options
    this.#victim = around === 'node' ? this.#anyServer(world) : undefined
    this.#target = this.#victim?.contact ?? targetAt(randomKey(this.#rng))
    const { key } = this.#target
    const [nearest] = world.census.closest(key, 1, this.#victim)
    const bits = nearest === undefined ? 0 : commonPrefixLength(key, nearest.contact.key)
    const farthest = world.census.closest(key, Math.min(regionSize, Math.floor(world.census.size / 4)), this.#victim).at(-1)
    this.#region = farthest === undefined ? 0 : commonPrefixLength(key, farthest.contact.key)
    for (let i = 0; i < count; i++) {
      const at = sybilKey(key, bits + 1, this.#rng)
      population.admit(at, this, groups === 0 ? [] : [firstGroup + (i % groups)])
    }
  }

  lived(node: Node): void {
    if (node.up) {
      this.#ring.add(node)
    } else {
      this.#ring.delete(node)
    }
  }

  react(node: Node, _from: Node, message: Request, honest: () => Response | undefined): Reaction {
    const near = message.type === 'FIND_NODE' && commonPrefixLength(message.target.key, this.#key) >= this.#region
    if (!near) {
      return answering(honest())
    }

    const closer = this.#ring.closest(message.target.key, this.#options.named, node).map(({ info }) => info)
    return { type: 'answer', message: { type: 'FIND_NODE', closer }, delay: 0 }
  }

  get #key(): Key {
    return this.#target?.key ?? new Uint32Array(keyBits / 32)
  }

  #anyServer({ census }: World): Node | undefined {
    const servers = census.all.filter(({ honest }) => honest)
    return servers[this.#rng.below(Math.max(1, servers.length))]
  }
}

/** A key that shares at least `bits` bits with the one attacked: nearer to it than any that shares fewer. */
export function sybilKey(attacked: Key, bits: number, rng: Rng): Key {
  return keyNear(attacked, Math.min(bits, keyBits - 32), rng)
}

/** How many servers the neighbourhood has in which they lie: three buckets beyond the nearest 20, in a large network. */
const regionSize = 160

/** Far above the groups of honest nodes. */
const firstGroup = 1_000_000_000
