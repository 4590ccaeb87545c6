import { Rng } from '@vicinity/kademlia'
import type { KademliaInput, KademliaOutput, Millis } from '@vicinity/kademlia'
import { Distribution } from '../report/index.ts'
import type { DistributionData, LookupReport, SearchReport } from '../report/index.ts'
import type { FinishedLookup } from '../workload/lookups.ts'
import type { FinishedSearch } from '../workload/searches.ts'
import type { Node } from '../world/node.ts'
import type { Observer } from '../world/observer.ts'

/** A lookup of at least this recall has succeeded. */
export const successRecall = 0.95

/** Measures as data that crosses to another thread. */
export interface MeasuresData {
  readonly name: string
  readonly count: number
  readonly succeeded: number
  readonly recall: DistributionData
  readonly hops: DistributionData
  readonly requests: DistributionData
  readonly latency: DistributionData
}

/** What the lookups of one part of a run came to. */
export class LookupMeasures {
  readonly name: string
  #count = 0
  #succeeded = 0
  recall: Distribution
  hops: Distribution
  requests: Distribution
  latency: Distribution

  constructor(name: string) {
    this.name = name
    const rng = new Rng(name)
    this.recall = new Distribution(rng.split('recall'))
    this.hops = new Distribution(rng.split('hops'))
    this.requests = new Distribution(rng.split('requests'))
    this.latency = new Distribution(rng.split('latency'))
  }

  get count(): number {
    return this.#count
  }

  add({ result, recall, began, ended }: FinishedLookup): void {
    this.#count++
    this.#succeeded += recall >= successRecall - 1e-9 ? 1 : 0
    this.recall.add(recall)
    this.hops.add(result.hops)
    this.requests.add(result.requests)
    this.latency.add(ended - began)
  }

  /** Adds those of another run. Samples are drawn as they come: the same runs in the same order give the same figures. */
  merge(data: MeasuresData): void {
    this.#count += data.count
    this.#succeeded += data.succeeded
    this.recall = this.recall.merge(Distribution.from(data.recall))
    this.hops = this.hops.merge(Distribution.from(data.hops))
    this.requests = this.requests.merge(Distribution.from(data.requests))
    this.latency = this.latency.merge(Distribution.from(data.latency))
  }

  data(): MeasuresData {
    return {
      name: this.name,
      count: this.#count,
      succeeded: this.#succeeded,
      recall: this.recall.data(),
      hops: this.hops.data(),
      requests: this.requests.data(),
      latency: this.latency.data()
    }
  }

  report(): LookupReport {
    const criterion = `recall of at least ${successRecall}`
    const [recall, hops, requests, latencyMs] = [this.recall, this.hops, this.requests, this.latency].map(each => each.summary())
    return {
      count: this.#count,
      succeeded: this.#succeeded,
      criterion,
      ...(recall && { recall }),
      ...(hops && { hops }),
      ...(requests && { requests }),
      ...(latencyMs && { latencyMs })
    }
  }
}

/** The same as data that crosses to another thread. */
export interface SearchesData {
  readonly count: number
  readonly findable: number
  readonly found: number
  readonly latency: DistributionData
}

/** What the searches for peers came to. */
export class SearchMeasures {
  #count = 0
  #findable = 0
  #found = 0
  #latency = new Distribution(new Rng('searches'))

  add({ findable, result, began, ended }: FinishedSearch): void {
    this.#count++
    this.#findable += findable ? 1 : 0
    this.#found += findable && result.found !== undefined ? 1 : 0
    this.#latency.add(ended - began)
  }

  /** Adds those of another run, as those of lookups are added. */
  merge({ count, findable, found, latency }: SearchesData): void {
    this.#count += count
    this.#findable += findable
    this.#found += found
    this.#latency = this.#latency.merge(Distribution.from(latency))
  }

  data(): SearchesData {
    return { count: this.#count, findable: this.#findable, found: this.#found, latency: this.#latency.data() }
  }

  /** `undefined` where there was none. */
  report(): SearchReport | undefined {
    if (this.#count === 0) {
      return undefined
    }

    const latencyMs = this.#latency.summary()
    return { count: this.#count, findable: this.#findable, found: this.#found, ...(latencyMs && { latencyMs }) }
  }
}

/** Counts why requests had no answer. */
export class FailureCounts implements Observer {
  // bounded by the reasons there are
  readonly #counts = new Map<string, number>()

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  input(_node: Node, input: KademliaInput): void {
    if (input.type === 'failure') {
      this.#add(input.reason)
    }
  }

  output(_node: Node, output: KademliaOutput): void {
    if (output.type === 'abandon') {
      this.#add('abandoned')
    }
  }

  #add(reason: string): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1)
  }
}

/** A part of a run, by the times at which its lookups began. */
export interface Phase {
  readonly name: string
  readonly from: Millis
  readonly to: Millis
  readonly measures: LookupMeasures
}
