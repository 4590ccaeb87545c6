import { hasFaults } from '../faults/faults.ts'
import type { SimulationOptions } from '../options.ts'
import { lastMile, regions } from '../network/regions.ts'
import type { FinishedLookup } from '../workload/lookups.ts'
import type { FinishedSearch } from '../workload/searches.ts'
import type { Checker } from './checker.ts'
import { Findings } from './findings.ts'
import { dialPatience, leastPatience } from './patience.ts'

/**
 * What lookups find: where nothing can go wrong, all of the true k nearest, and every peer that is looked for; anywhere, nobody
 * who is not there.
 *
 * In a network of honest nodes with full tables that never change nothing is left to luck: whoever is missed stands in the
 * bucket of somebody who answered, or that bucket is full of others as near, who would have been asked.
 */
export class RecallChecker extends Findings implements Checker {
  readonly name = 'recall'
  readonly #calm: boolean
  readonly #k: number

  constructor(options: SimulationOptions) {
    super()
    this.#calm = isCalm(options)
    this.#k = options.k
  }

  lookup({ node, target, began, ended, result, truth, recall }: FinishedLookup): void {
    const { closest, reason } = result
    const itself = closest.some(({ contact }) => contact.id === node.contact.id)
    this.expect(!itself, ended, node.index, () => `the lookup begun at ${began} ms found its own node`)
    this.expect(
      closest.length <= this.#k,
      ended,
      node.index,
      () => `the lookup begun at ${began} ms found ${closest.length} peers`
    )
    if (this.#calm) {
      this.expect(recall === 1 && reason === 'converged', ended, node.index, () => {
        const missed = truth.filter(({ contact }) => closest.every(peer => peer.contact.id !== contact.id))
        const names = missed.map(({ contact }) => contact.id).join(' ')
        return `the lookup of ${target.key.join()} begun at ${began} ms ended as ${reason} without [${names}]`
      })
    }
  }

  search({ node, wanted, began, ended, result, findable }: FinishedSearch): void {
    if (this.#calm && findable) {
      this.expect(
        result.found?.contact.id === wanted.contact.id,
        ended,
        node.index,
        () => `the search for ${wanted.contact.id} begun at ${began} ms ended as ${result.reason} and did not find it`
      )
    }
  }
}

/** Whether every lookup must find everybody: nothing is lost, late, gone, lying or kept out of a table. */
export function isCalm(options: SimulationOptions): boolean {
  const { tables, sessionMedian, undialable, silent, slow, flooders, selfish, liars, sybils, foreign } = options
  const { loss, bandwidth, reorder, jitter, latency, rttMax, dialRoundTrips } = options
  const faults = loss + bandwidth + sessionMedian + (hasFaults(options) ? 1 : 0)
  const adversaries = undialable + silent + slow + flooders + selfish + liars + sybils + foreign
  const roundTrip = latency === 'world' ? worldRoundTrip : rttMax
  const slowest = roundTrip * (1 + jitter) + (reorder > 0 ? 2 * heldUp : 0)
  const kept = !options.limitGroups || options.groupSize === 0
  const inTime = slowest < leastPatience && roundTrip * dialRoundTrips < dialPatience && options.queryTimeout >= 30
  return tables === 'converged' && faults + adversaries === 0 && kept && inTime && options.disjointPaths === 1
}

const worldRoundTrip = Math.max(...regions.flatMap(({ roundTrips }) => roundTrips)) + 2 * lastMile[1]
const heldUp = 500
