/**
 * Runs beside a mutant: `node hunt.ts <seeds>` runs swarm seeds from 1 on until a checker finds something, and prints what as one
 * line of JSON ({@link Hunted}).
 */
import { initOf, runInit } from '@vicinity/simulator'

const [, , seeds = '1'] = process.argv

function hunt(most: number): unknown {
  for (let seed = 1; seed <= most; seed++) {
    const run = runInit(initOf(String(seed)), {
      yielded: ({ checkers }) => checkers.every(({ count }) => count === 0)
    })
    const [finding] = run.findings
    if (finding !== undefined) {
      return { caught: true, seeds: seed, seed: String(seed), checker: finding.checker, first: finding.first }
    }
  }

  return { caught: false, seeds: most }
}

process.stdout.write(`${JSON.stringify(hunt(Number(seeds)))}\n`)
