/**
 * Runs beside a mutant: `node hunt.ts <seeds> <options as JSON>` runs swarm seeds from 1 on, with these options given, until a checker
 * finds something, and prints what as one line of JSON ({@link Hunted}).
 */
import { initOf, runInit } from '@vicinity/simulator'
import type { SimulationOptions } from '@vicinity/simulator'

const [, , seeds = '1', given = '{}'] = process.argv

function hunt(most: number, settings: Partial<SimulationOptions>): unknown {
  for (let seed = 1; seed <= most; seed++) {
    const run = runInit(initOf(String(seed), settings), {
      yielded: ({ checkers }) => checkers.every(({ count }) => count === 0)
    })
    const [finding] = run.findings
    if (finding !== undefined) {
      return { caught: true, seeds: seed, seed: String(seed), checker: finding.checker, first: finding.first }
    }
  }

  return { caught: false, seeds: most }
}

process.stdout.write(`${JSON.stringify(hunt(Number(seeds), JSON.parse(given) as Partial<SimulationOptions>))}\n`)
