/** One run with a bit of everything that could differ between engines; it runs in any of them as it is. */
import { defaultOptions, Simulation } from '@vicinity/simulator'
import type { RunReport, SimulationOptions } from '@vicinity/simulator'

export const options: SimulationOptions = {
  ...defaultOptions,
  // drawn through logarithms and exponentials: sessions, the pauses between lookups, what alarms of Sybils reckon with
  ...{ sessionMedian: 2, sessions: 'exponential', crash: 0.5, lookups: 2, findPeers: 0.3, sybils: 5, sybilThreshold: 0.5 },
  ...{
    nodes: 50,
    clients: 0.1,
    undialable: 0.1,
    clustered: 0.2,
    groupSize: 5,
    limitGroups: true,
    tables: 'join',
    k: 8,
    disjointPaths: 2
  },
  ...{ loss: 0.02, reorder: 0.1, bandwidth: 64, jitter: 0.3, wire: true, latency: 'world' },
  ...{ silent: 0.05, slow: 0.05, flooders: 0.05, selfish: 0.05, liars: 0.05, foreign: 0.2 },
  ...{
    faultStart: 50,
    faultEnd: 80,
    partition: 0.3,
    outage: 0.1,
    suspended: 0.1,
    moved: 0.1,
    faultLoss: 0.1,
    slowdown: 2,
    resets: 0.1
  },
  ...{ duration: 110, heal: 10, checks: 'none' }
}

/** The whole report, as text: not only the hash is the same everywhere, but every figure. */
export function runEverything(): string {
  const simulation = new Simulation({ scenario: 'everything', seed: 'the same everywhere', options })
  while (simulation.step(100_000)) {}
  return JSON.stringify(simulation.report())
}

/** What the test compares first, because it is what people do. */
export function hashOf(report: string): string {
  return (JSON.parse(report) as RunReport).hash
}
