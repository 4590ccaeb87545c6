import { Rng, second } from '@vicinity/kademlia'
import type { Millis } from '@vicinity/kademlia'
import { Adversaries } from '../adversary/adversaries.ts'
import type { Checker } from '../check/checker.ts'
import { checkersOf } from '../check/checkers.ts'
import { faultsOf, hasFaults, scheduleFaults } from '../faults/faults.ts'
import { validateOptions } from '../options.ts'
import type { SimulationOptions } from '../options.ts'
import { Population } from '../population/population.ts'
import { Distribution, reportVersion } from '../report/index.ts'
import type { RunReport, TrafficReport } from '../report/index.ts'
import { storiesOf, turns } from '../story/story.ts'
import type { Story } from '../story/story.ts'
import { Lookups } from '../workload/lookups.ts'
import type { FinishedLookup } from '../workload/lookups.ts'
import { PeerSearches } from '../workload/searches.ts'
import type { FinishedSearch } from '../workload/searches.ts'
import type { Node } from '../world/node.ts'
import type { Observer } from '../world/observer.ts'
import { World } from '../world/world.ts'
import { FailureCounts, LookupMeasures, SearchMeasures } from './measures.ts'
import type { Phase } from './measures.ts'
import { engineConfig, networkOptions } from './settings.ts'

export interface SimulationInit {
  readonly scenario: string
  /** Any text: everything random follows from it. */
  readonly seed: string
  readonly options: SimulationOptions
  /** Of the faults and the lookups only these, by number: what shrinking a failing run has left of it. */
  readonly only?:
    | { readonly faults?: readonly number[] | undefined; readonly lookups?: readonly number[] | undefined }
    | undefined
}

/** Somebody who watches a world and its workload. */
export interface Watcher extends Observer {
  /** A lookup of the workload has ended. */
  lookup?(lookup: FinishedLookup): void
}

/**
 * One run, from its options and its seed: a population settles, works, suffers what the options ask for, has time to heal,
 * and is stopped, while checkers watch. Whoever runs it calls `step` until it is done, and may ask for a report at any time.
 */
export class Simulation {
  readonly init: SimulationInit
  readonly world: World
  readonly population: Population
  /** When the last lookup is over, whatever happens. */
  readonly end: Millis
  readonly checkers: readonly Checker[]
  readonly #adversaries: Adversaries
  readonly #lookups: Lookups
  readonly #failures = new FailureCounts()
  readonly #whole = new LookupMeasures('lookups')
  readonly #searches = new SearchMeasures()
  readonly #phases: readonly Phase[]
  readonly #stories: readonly Story[]
  readonly #worked: Millis
  readonly #healed: Millis
  readonly #watchers: Watcher[] = []
  #faults = 0
  #stage: 'new' | 'working' | 'done' = 'new'

  /** @throws OptionsError for options that cannot be. */
  constructor(init: SimulationInit) {
    const { seed, options } = init
    validateOptions(options)
    this.init = init
    const rng = new Rng(seed)
    this.world = new World({ seed, engine: engineConfig(options), network: networkOptions(options) })
    this.#adversaries = new Adversaries(this.world, options, rng.split('adversaries'))
    this.population = new Population(this.world, options, rng.split('population'), this.#adversaries.casting)
    this.#lookups = new Lookups(this.world, options.k, rng.split('lookups'), lookup => {
      this.#finished(lookup)
    })
    this.#lookups.aim = this.#adversaries.aim
    this.#lookups.searches = new PeerSearches(this.world, options.findPeers, rng.split('searches'), search => {
      this.#searched(search)
    })
    this.#stories = storiesOf(this.world, this.#adversaries, options)
    this.#worked = options.duration * second
    this.#healed = this.#worked + options.heal * second
    this.end = endOf(options)
    this.#phases = phasesOf(options, this.#worked, this.#healed)
    this.world.observe(this.#failures)
    const { checkers, watch } = checkersOf(this.world, options)
    this.checkers = checkers
    if (watch !== undefined) {
      this.world.observe(watch)
    }
  }

  /** From now on somebody watches, who changes nothing. */
  watch(watcher: Watcher): void {
    this.world.observe(watcher)
    this.#watchers.push(watcher)
  }

  /** What the lookups came to: of each part of the run, where it has more than one, else of the whole. */
  get measures(): readonly LookupMeasures[] {
    return this.#phases.length > 1 ? this.#phases.map(({ measures }) => measures) : [this.#whole]
  }

  /** What all searches for peers came to. */
  get searches(): SearchMeasures {
    return this.#searches
  }

  /** What all lookups came to. */
  get whole(): LookupMeasures {
    return this.#whole
  }

  /** How many faults and lookups there have been so far of which `only` could name some. */
  get numbered(): { readonly faults: number; readonly lookups: number } {
    return { faults: this.#faults, lookups: this.#lookups.drawn }
  }

  /**
   * Runs on for a while.
   *
   * @param budget - how many events at most.
   * @returns false when the run is over.
   */
  step(budget = Infinity): boolean {
    if (this.#stage === 'new') {
      this.#begin()
    }

    if (this.#stage === 'working' && this.world.run(this.end, budget)) {
      this.#stop()
    }

    return this.#stage !== 'done'
  }

  /** What it has come to so far. */
  report(): RunReport {
    const { scenario, seed, options } = this.init
    const { world } = this
    const searches = this.#searches.report()
    const honest = world.nodes.filter(node => node.honest && node.epoch > 0)
    return {
      version: reportVersion,
      scenario,
      seed,
      options: { ...options },
      ended: this.#stage === 'done' ? 'completed' : 'interrupted',
      virtualTimeMs: world.now,
      nodes: honest.length,
      events: world.events,
      requests: honest.reduce((sum, { sent }) => sum + sent, 0),
      hash: world.hash.toString(),
      lookups: { ...this.#whole.report(), began: this.#lookups.begun },
      ...(searches && { searches }),
      phases: this.#phases.map(({ name, from, to, measures }) => ({
        name,
        fromMs: from,
        toMs: Math.min(to, this.end),
        lookups: measures.report()
      })),
      messagesPerNode: traffic(honest, node => [node.sent, node.received]),
      bytesPerNode: traffic(honest, node => [node.bytesSent, node.bytesReceived]),
      failures: this.#failures.counts,
      checkers: this.checkers.map(({ name, checked, count, violations: [first] }) => ({
        name,
        checked,
        violations: count,
        ...(first && { first: `at ${first.at} ms${first.node === undefined ? '' : `, n${first.node}`}: ${first.message}` })
      })),
      tables: this.#stories.flatMap(({ tables }) => tables),
      notes: this.#stories.flatMap(({ notes }) => notes)
    }
  }

  #begin(): void {
    const { options, only } = this.init
    this.#stage = 'working'
    this.population.settle()
    this.#adversaries.arrive(this.population)
    if (options.tables === 'converged') {
      this.population.converge(this.#adversaries.unfindable())
    }

    const faults = faultsOf(this.world, this.population, options, new Rng(this.init.seed).split('faults'))
    this.#faults = faults.length
    scheduleFaults(
      this.world,
      faults.filter((_, index) => isWanted(only?.faults, index)),
      options
    )
    for (const turn of this.#stories.length === 0 ? [] : turns(options)) {
      this.world.at(turn, () => {
        for (const story of this.#stories) {
          story.turn(turn)
        }
      })
    }

    this.#lookups.run(options.lookups, this.#worked, index => isWanted(only?.lookups, index))
    this.world.at(this.#worked, () => {
      this.population.stopChurn()
      if (options.heal > 0) {
        this.world.network.still()
      }
    })
    if (options.heal > 0) {
      this.world.at(this.#healed, () => {
        this.#examine()
      })
    }
  }

  /** After the time to heal: whoever looks something up now must find it. */
  #examine(): void {
    for (const checker of this.checkers) {
      checker.healed?.(this.world.now)
    }

    for (let i = 0; i < examined; i++) {
      this.#lookups.start()
    }
  }

  #finished(lookup: FinishedLookup): void {
    const { hash } = this.world
    hash.add(lookup.result.requests)
    for (const { contact } of lookup.result.closest) {
      hash.add(contact.key[0] ?? 0)
    }

    this.#whole.add(lookup)
    this.#phases.find(({ from, to }) => lookup.began >= from && lookup.began < to)?.measures.add(lookup)
    for (const story of this.#stories) {
      story.lookup(lookup)
    }

    for (const watcher of [...this.checkers, ...this.#watchers]) {
      watcher.lookup?.(lookup)
    }
  }

  #searched(search: FinishedSearch): void {
    const { hash } = this.world
    hash.add(search.result.requests)
    hash.add(search.result.found === undefined ? 0 : 1)
    this.#searches.add(search)
    for (const checker of this.checkers) {
      checker.search?.(search)
    }
  }

  #stop(): void {
    this.#stage = 'done'
    for (const checker of this.checkers) {
      checker.over?.(this.world.now)
    }

    for (const node of this.world.nodes) {
      node.stop()
    }
  }
}

/** When a run with these options is over: the last lookup has had its time. */
export function endOf({ duration, heal, queryTimeout }: SimulationOptions): Millis {
  return (duration + heal + queryTimeout + 1) * second
}

/** How many lookups prove that a network has healed. */
const examined = 50

function isWanted(only: readonly number[] | undefined, index: number): boolean {
  return only === undefined || only.includes(index)
}

/** The parts of a run, if it has any: before, during and after the faults; and after healing. */
function phasesOf(options: SimulationOptions, worked: Millis, healed: Millis): Phase[] {
  const { merge, heal, faultStart, faultEnd } = options
  const [start, end] = [merge > 0 ? 0 : faultStart, faultEnd].map(time => Math.min(time * second, worked)) as [Millis, Millis]
  const times: readonly (readonly [name: string, from: Millis, to: Millis])[] = [
    ...(hasFaults(options)
      ? ([
          ['before the faults', 0, start],
          [merge > 0 ? 'before they meet' : 'during the faults', start, end],
          [merge > 0 ? 'after they met' : 'after the faults', end, worked]
        ] as const)
      : []),
    ...(heal > 0 ? ([['healed', healed, Infinity]] as const) : [])
  ]
  return times
    .filter(([, from, to]) => to > from)
    .map(([name, from, to]) => ({ name, from, to, measures: new LookupMeasures(name) }))
}

function traffic(nodes: readonly Node[], figures: (node: Node) => readonly [sent: number, received: number]): TrafficReport {
  const [all, back] = [new Distribution(new Rng('sent')), new Distribution(new Rng('received'))]
  for (const node of nodes) {
    const [out, into] = figures(node)
    all.add(out)
    back.add(into)
  }

  const [sent, received] = [all.summary(), back.summary()]
  return { ...(sent && { sent }), ...(received && { received }) }
}
