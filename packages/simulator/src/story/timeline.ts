import { second } from '@vicinity/kademlia'
import type { Millis } from '@vicinity/kademlia'
import type { SimulationOptions } from '../options.ts'
import type { Cell, Column, ReportTable } from '../report/index.ts'
import { LookupMeasures } from '../simulation/measures.ts'
import type { FinishedLookup } from '../workload/lookups.ts'
import { indexOf } from '../world/contacts.ts'
import type { Node } from '../world/node.ts'
import type { World } from '../world/world.ts'
import type { Story } from './story.ts'

/** What stands in the tables of honest nodes, on average. */
interface TableHealth {
  readonly size: number
  /** Shares of the entries: those who are not there for it, and those who do not answer honestly. */
  readonly dead: number
  readonly false: number
}

interface Part {
  readonly from: Millis
  readonly to: Millis
  readonly measures: LookupMeasures
  /** Requests that reached a node, a second. */
  rate: number | undefined
  health: TableHealth | undefined
}

/** A run part by part: what its lookups came to, how much was asked, and what stood in the tables at the end of each. */
export class Timeline implements Story {
  readonly notes: readonly string[]
  readonly #world: World
  readonly #parts: readonly Part[]
  /** Whether anybody answers dishonestly. */
  readonly #falsehood: boolean
  #requests = 0

  constructor(world: World, turns: readonly Millis[], options: SimulationOptions) {
    const { flooders, selfish, liars, sybils, silent, slow } = options
    this.#world = world
    this.#falsehood = flooders + selfish + liars + sybils + silent + slow > 0
    this.notes = [
      'As it went: by when a lookup began; p50 and p95 are of its latency, all other figures are means. All/s is how many requests reached nodes a second, table the entries of an honest node at the end of the part, dead those of them who do not serve, cannot be reached, or have moved.',
      ...(this.#falsehood ? ['False are entries of servers that are not honest.'] : [])
    ]
    this.#parts = turns.map((to, i) => {
      const from = turns[i - 1] ?? 0
      return { from, to, measures: new LookupMeasures(`part ${i}`), rate: undefined, health: undefined }
    })
  }

  lookup(lookup: FinishedLookup): void {
    this.#parts.find(({ from, to }) => lookup.began >= from && lookup.began < to)?.measures.add(lookup)
  }

  turn(now: Millis): void {
    const part = this.#parts.find(({ to }) => to === now)
    if (part !== undefined) {
      part.rate = ((this.#world.requests - this.#requests) * second) / Math.max(1, part.to - part.from)
      part.health = tableHealth(this.#world)
      this.#requests = this.#world.requests
    }
  }

  get tables(): readonly ReportTable[] {
    const columns: Column[] = [
      { title: 'until', unit: 'ms' },
      { title: 'lookups', unit: 'count' },
      { title: 'success', unit: 'share' },
      { title: 'recall', unit: 'share' },
      { title: 'requests' },
      { title: 'p50', unit: 'ms' },
      { title: 'p95', unit: 'ms' },
      { title: 'all/s', unit: 'count' },
      { title: 'table' },
      { title: 'dead', unit: 'share' },
      ...(this.#falsehood ? ([{ title: 'false', unit: 'share' }] as const) : [])
    ]
    const rows = this.#parts.map(part => this.#row(part))
    return [
      {
        title: 'As it went',
        columns,
        rows
      }
    ]
  }

  #row({ to, measures, rate, health }: Part): Cell[] {
    const { count, succeeded, recall, requests, latencyMs } = measures.report()
    return [
      to,
      count,
      count === 0 ? null : succeeded / count,
      recall?.mean ?? null,
      requests?.mean ?? null,
      latencyMs?.p50 ?? null,
      latencyMs?.p95 ?? null,
      rate === undefined ? null : Math.round(rate),
      health?.size ?? null,
      health?.dead ?? null,
      ...(this.#falsehood ? [health?.false ?? null] : [])
    ]
  }
}

/** Looks into the tables of honest nodes that are up: all of them, or so many of a large world. */
export function tableHealth(world: World): TableHealth | undefined {
  const honest = world.nodes.filter(({ up, honest: isHonest }) => up && isHonest)
  const step = Math.max(1, Math.floor(honest.length / sample))
  let [tables, entries, dead, untrue] = [0, 0, 0, 0]
  for (let i = 0; i < honest.length; i += step) {
    const owner = honest[i] as Node
    tables++
    for (const { peer } of owner.machine?.table.entries() ?? []) {
      const node = world.nodes[indexOf(peer.contact)]
      entries++
      dead += node?.serves === true && world.network.joins(owner, node) && peer.addresses === node.info.addresses ? 0 : 1
      untrue += node?.honest === false ? 1 : 0
    }
  }

  return tables === 0
    ? undefined
    : { size: entries / tables, dead: dead / Math.max(1, entries), false: untrue / Math.max(1, entries) }
}

const sample = 500
