import { Rng, second } from '@vicinity/kademlia'
import type { Key, KademliaConfig, LookupResult, Millis, ProgressEvent } from '@vicinity/kademlia'
import { ConvergedTables } from '../population/converged.ts'
import type { Behaviour } from '../world/behaviour.ts'
import { randomKey, targetAt } from '../world/contacts.ts'
import type { Node } from '../world/node.ts'
import { World } from '../world/world.ts'
import { Lookups } from '../workload/lookups.ts'
import type { FinishedLookup } from '../workload/lookups.ts'

export interface CalmInit {
  readonly seed: string
  readonly nodes: number
  readonly engine?: Partial<KademliaConfig>
  /** The round trip between any two nodes. */
  readonly roundTrip?: Millis
  /** What a server is, by its number. */
  readonly behaviour?: (index: number) => Behaviour | undefined
  /** Keys of more servers than the random ones. */
  readonly more?: ReadonlyArray<{ readonly key: Key; readonly behaviour: Behaviour }>
}

/** A network in which nothing happens by itself: servers with converged tables, all of them there, all equally far apart. */
export class CalmNetwork {
  readonly world: World
  readonly k: number
  readonly rng: Rng
  #begun = 0
  #ended = 0
  #next: Millis = 0

  constructor({ seed, nodes, engine = {}, roundTrip = 10, behaviour = () => undefined, more = [] }: CalmInit) {
    this.rng = new Rng(seed)
    this.k = engine.k ?? 20
    this.world = new World({
      seed,
      engine: { refreshInterval: Infinity, bootstrapInterval: Infinity, sybilThreshold: Infinity, ...engine },
      network: {
        roundTrip: [roundTrip, roundTrip],
        jitter: 0,
        loss: 0,
        reorder: 0,
        bandwidth: Infinity,
        connections: false,
        dialRoundTrips: 0,
        dialTimeout: 5_000,
        refused: 0,
        connectionIdle: 60_000,
        wire: false
      }
    })
    const keys = this.rng.split('keys')
    for (let i = 0; i < nodes; i++) {
      this.#add(randomKey(keys), behaviour(i))
    }

    for (const { key, behaviour: its } of more) {
      this.#add(key, its)
    }

    const tables = new ConvergedTables(this.world.census.all, this.k, this.rng.split('tables'))
    for (const node of this.world.nodes) {
      node.handle({ type: 'restore', entries: tables.of(node, 0) })
    }
  }

  /** Looks up random keys, or those given, from random honest nodes: a few at a time, which do not disturb each other. */
  lookUp(count: number, finished: (lookup: FinishedLookup) => void, keys?: readonly Key[]): void {
    let ended = 0
    const lookups = new Lookups(this.world, this.k, this.rng.split('lookups'), lookup => {
      ended++
      finished(lookup)
    })
    for (let i = 0; i < count; i++) {
      this.world.at(this.world.now + i * pause, () => {
        lookups.start(keys?.[i])
      })
    }

    this.world.runUntil(() => ended === count, second)
  }

  /** One after the other, a little later each; call `finish` to let them all end. */
  lookUpFrom(
    node: Node,
    key: Key,
    listener: { progress?(event: ProgressEvent): void; finished?(result: LookupResult): void }
  ): void {
    this.#begun++
    this.#next = Math.max(this.#next + pause, this.world.now)
    this.world.at(this.#next, () => {
      node.operate(
        { type: 'closest', target: targetAt(key) },
        {
          progress: event => listener.progress?.(event),
          finished: outcome => {
            this.#ended++
            if (outcome.type === 'lookup') {
              listener.finished?.(outcome.result)
            }
          }
        }
      )
    })
  }

  finish(): void {
    this.world.runUntil(() => this.#ended === this.#begun, second)
  }

  #add(key: Key, behaviour: Behaviour | undefined): void {
    const node = this.world.add(key, { mode: 'server', reachable: true, advertised: true, groups: [], behaviour })
    this.world.start(node)
  }
}

/** From one lookup to the next: 50,000 have begun before any table entry has been silent for so long that it is probed. */
const pause = 10
