import type { Millis, Rng } from '@vicinity/kademlia'
import { lastMile, regions } from './regions.ts'

/** How long a message takes from one node to another, before jitter. */
export interface Latency {
  /** Gives a node its place in the network. Nodes are added in the order of their indexes. */
  add(): void
  /** One way, in milliseconds; the same in both directions. */
  oneWay(from: number, to: number): Millis
}

/** Nodes all over the world: see {@link regions}. */
export class RegionLatency implements Latency {
  readonly #rng: Rng
  readonly #places: number[] = []
  readonly #lastMiles: number[] = []

  constructor(rng: Rng) {
    this.#rng = rng
  }

  add(): void {
    let rest = this.#rng.float()
    let place = 0
    while (place < regions.length - 1 && rest >= (regions[place]?.share ?? 0)) {
      rest -= regions[place]?.share ?? 0
      place++
    }

    this.#places.push(place)
    this.#lastMiles.push(lastMile[0] + this.#rng.below(lastMile[1] - lastMile[0] + 1))
  }

  oneWay(from: number, to: number): Millis {
    const distance = matrix[(this.#places[from] as number) * regions.length + (this.#places[to] as number)] as number
    return (distance + (this.#lastMiles[from] as number) + (this.#lastMiles[to] as number)) / 2
  }
}

const matrix = Float64Array.from(regions.flatMap(({ roundTrips }) => roundTrips))

/** Every pair draws a round trip of its own from a range, once. */
export class UniformLatency implements Latency {
  readonly #seed: number
  readonly #min: Millis
  readonly #max: Millis

  /** @param range - of the round trip. */
  constructor(rng: Rng, [min, max]: readonly [min: Millis, max: Millis]) {
    this.#seed = rng.uint32()
    this.#min = min
    this.#max = max
  }

  add(): void {}

  oneWay(from: number, to: number): Millis {
    if (this.#min === this.#max) {
      return this.#min / 2
    }

    // no memory for each of so many pairs: a mixed hash of the two is as good as a draw
    let hash = Math.imul(Math.min(from, to) ^ this.#seed, 0x9e3779b1) ^ Math.imul(Math.max(from, to), 0x85ebca77)
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
    hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39)
    hash ^= hash >>> 15
    return (this.#min + ((hash >>> 0) / 4_294_967_296) * (this.#max - this.#min)) / 2
  }
}
