/** Which seeds a command runs. */
import { randomInt } from 'node:crypto'
import { UsageError } from '../errors.ts'

/** `--seed` and `--seeds` as they were typed. */
export interface SeedSettings {
  readonly seed: string | undefined
  readonly seeds: string
}

/** Seeds that follow each other are numbers where the first is one, else that text with numbers behind it, from 1: the help says so. */
export function seedsOf({ seed, seeds }: SeedSettings): string[] {
  const count = Number(seeds)
  if (count < 1 || count > mostSeeds) {
    throw new UsageError(`--seeds is "${seeds}": it has to be a whole number from 1 to ${mostSeeds}`)
  }

  const first = seed ?? String(randomInt(1, 1_000_000_000))
  if (count === 1) {
    return [first]
  }

  // 007 would be followed by 8
  const number = /^(0|[1-9]\d{0,14})$/.test(first) ? Number(first) : undefined
  return Array.from({ length: count }, (_, at) => (number === undefined ? `${first}/${at + 1}` : String(number + at)))
}

/** "seed 1", "seeds 1 to 50" */
export function namedSeeds(seeds: readonly string[]): string {
  return seeds.length === 1 ? `seed ${seeds[0]}` : `seeds ${seeds[0]} to ${seeds.at(-1)}`
}

/** Every seed's report is kept until the end. */
const mostSeeds = 100_000
