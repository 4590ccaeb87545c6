import { log, second } from '@vicinity/kademlia'
import type { Key, LookupResult, Millis, PeerInfo, Rng, Target } from '@vicinity/kademlia'
import { indexOf, randomKey, targetAt } from '../world/contacts.ts'
import type { Node } from '../world/node.ts'
import { compareNearness } from '../world/truth.ts'
import type { World } from '../world/world.ts'
import type { PeerSearches } from './searches.ts'

/** One lookup that has ended, and what it should have found. */
export interface FinishedLookup {
  readonly node: Node
  readonly target: Target
  readonly began: Millis
  readonly ended: Millis
  readonly result: LookupResult
  /** The k nearest servers in truth that the asker can reach, when it ended; without the asker. */
  readonly truth: readonly Node[]
  /** The share of the true nearest that it found. */
  readonly recall: number
}

/** Where some lookups go that are not for any key from anywhere. */
export interface Aim {
  /** The share of lookups that are aimed. */
  readonly share: number
  /** What the next is for, and who asks; a node that is down asks nothing. */
  next(): { readonly target: Target; readonly node?: Node | undefined }
}

/** Runs lookups for random keys, from random honest nodes, at a rate, and judges each by the census. */
export class Lookups {
  readonly #world: World
  readonly #k: number
  readonly #rng: Rng
  readonly #finished: (lookup: FinishedLookup) => void
  readonly #aims: Rng
  /** How many lookups were started. */
  begun = 0
  /** How many lookups and searches were drawn by `run`, which are those that have numbers to be wanted by. */
  drawn = 0
  aim: Aim | undefined
  searches: PeerSearches | undefined

  constructor(world: World, k: number, rng: Rng, finished: (lookup: FinishedLookup) => void) {
    this.#world = world
    this.#k = k
    this.#rng = rng
    this.#aims = rng.split('aims')
    this.#finished = finished
  }

  /**
   * Starts lookups at random times, `rate` a second on average, until a time.
   *
   * @param wanted - whether the so-manieth is to be run; all are drawn, so that those that are run stay what they are.
   */
  run(rate: number, until: Millis, wanted: (index: number) => boolean = () => true): void {
    // time has milliseconds: where there would be several in one, several streams run beside each other, each at its share of the rate
    const streams = Math.ceil(rate / mostInStream)
    for (let i = 0; i < streams; i++) {
      this.#next(rate / streams, until, wanted)
    }
  }

  /** Starts one lookup now. @returns false when there is no node to start it from. */
  start(key = randomKey(this.#rng), node = this.#anyNode(), target = targetAt(key)): boolean {
    if (node === undefined || !node.up) {
      return false
    }

    this.begun++
    const began = this.#world.now
    const { sleeps } = node
    node.operate(
      { type: 'closest', target },
      {
        finished: (outcome, ended) => {
          // one that its asker has slept through has ended long after its time, and says nothing of the network
          if (outcome.type === 'lookup' && node.sleeps === sleeps) {
            this.#judge({ node, target, began, ended, result: outcome.result })
          }
        }
      }
    )
    return true
  }

  #next(rate: number, until: Millis, wanted: (index: number) => boolean): void {
    // the time to the next of independent events is exponentially distributed
    const pause = (-log(1 - this.#rng.float()) * second) / rate
    const at = this.#world.now + Math.max(1, Math.round(pause))
    if (at > until) {
      return
    }

    this.#world.at(at, () => {
      const key = randomKey(this.#rng)
      const node = this.#anyNode()
      const aimed = this.aim !== undefined && this.#aims.float() < this.aim.share ? this.aim.next() : undefined
      const peer = this.searches?.next()
      const asker = peer === undefined ? (aimed?.node ?? node) : node
      if (wanted(this.drawn++) && asker !== undefined) {
        if (peer === undefined) {
          this.start(key, asker, aimed?.target)
        } else {
          this.searches?.start(asker, peer)
        }
      }

      this.#next(rate, until, wanted)
    })
  }

  /** An honest node that is up, client or server. */
  #anyNode(): Node | undefined {
    const { nodes } = this.#world
    for (let tries = 0; tries < 1_000; tries++) {
      const node = nodes[this.#rng.below(nodes.length)]
      if (node?.up === true && node.honest) {
        return node
      }
    }

    return undefined
  }

  #judge(ended: Omit<FinishedLookup, 'truth' | 'recall'>): void {
    const { node, target, result } = ended
    const { census, network } = this.#world
    const truth = network.whole
      ? census.closest(target.key, this.#k, node)
      : census.closestOf(target.key, this.#k, server => server !== node && network.joins(node, server))
    this.#finished({ ...ended, truth, recall: recallOf(result.closest, truth, target.key, this.#k) })
  }
}

/** Lookups a second: ten milliseconds from one to the next. */
const mostInStream = 100

/**
 * The share of the true nearest that a lookup did not miss. A true server is missed when it is not among those found, and
 * nearer than the farthest of them: a peer that answers though nobody expected it to does not make it miss another.
 */
export function recallOf(found: readonly PeerInfo[], truth: readonly Node[], key: Key, k: number): number {
  const last = found.length < k ? undefined : found.at(-1)
  const indexes = new Set(found.map(({ contact }) => indexOf(contact)))
  const missed = truth.filter(
    ({ index, contact }) => !indexes.has(index) && (last === undefined || compareNearness(key, contact.key, last.contact.key) < 0)
  )
  return truth.length === 0 ? 1 : 1 - missed.length / truth.length
}
