import { scenarioOptions } from '../scenarios.ts'
import { Simulation } from '../simulation/simulation.ts'
import { atLeast, progressEvery } from './paper.ts'
import type { PaperTable, Part } from './paper.ts'

const sizes = { full: { nodes: 5_000, hours: 4 }, small: { nodes: 100, hours: 0.5 } }

const cases = [
  { median: 120, success: 0.995 },
  { median: 30, success: 0.98 }
] as const

/** Lookups while nodes come and go. */
export const t10: PaperTable = {
  id: 'T10',
  title: 'Churn, hard',
  setup: size =>
    `N = ${sizes[size].nodes}, k = 20, ${sizes[size].hours} virtual hours, one lookup a second; every node leaves after an exponentially distributed session, half of them without a word, and a new one joins in its stead; refresh every 10 minutes; a success has a recall of at least .95 of the servers that are alive when it ends; nodes all over the world, dials of those who are gone take up to 5 s`,
  source: 'Rhea et al., Handling Churn in a DHT (2004), and our own aim',
  picture: { title: 'Latency of a lookup under churn', measure: 'latency', unit: 'ms', of: 'lookups', scale: 'log' },
  parts: cases.map(({ median, success }): Part => {
    return {
      name: `median session ${median} min`,
      run(size, seed, progress) {
        const { nodes, hours } = sizes[size]
        const options = scenarioOptions('churn', {
          nodes,
          duration: hours * 3_600,
          sessionMedian: median,
          lookups: 1,
          heal: 0,
          checks: 'none'
        })
        const simulation = new Simulation({ scenario: 'churn', seed, options })
        while (simulation.step(progressEvery)) {
          progress?.({ virtualMs: simulation.world.now, virtualEndMs: simulation.end })
        }

        const { lookups, requests } = simulation.report()
        const { latency } = simulation.whole
        const measured = lookups.succeeded / lookups.count
        return {
          requests,
          series: { name: `median session ${median} min`, points: latency.cdf() },
          rows: [atLeast(`median session ${median} min: lookups that succeed`, 'share', [success, 1], measured)],
          notes: [
            `Median session ${median} min: ${lookups.count} lookups, ${(lookups.requests?.mean ?? 0).toFixed(1)} requests each (p95 ${lookups.requests?.p95 ?? 0}); latency p50 ${seconds(lookups.latencyMs?.p50)}, p95 ${seconds(lookups.latencyMs?.p95)}.`
          ]
        }
      }
    }
  })
}

function seconds(ms = 0): string {
  return `${(ms / 1_000).toFixed(2)} s`
}
