/**
 * `node -C vicinity-source packages/simulator/scripts/mutation-run.ts [seeds] [word]`: hunts every mutant whose name has the word in
 * it through at most so many seeds, and prints which checker caught it by which seed. Fails if one got away.
 */
import { availableParallelism } from 'node:os'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { engineSource, hunt, mutated } from './mutate.ts'
import { mutants } from './mutants.ts'
import type { Hunted } from './mutate.ts'
import type { Mutant } from './mutants.ts'

const [, , seeds = '20', word = ''] = process.argv

const wanted = mutants.filter(({ name }) => name.includes(word))
const results = new Map<Mutant, Hunted>()
const queue = [...wanted]

for (const mutant of wanted) {
  mutated(readFileSync(join(engineSource, mutant.file), 'utf8'), mutant)
}

async function work(): Promise<void> {
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    results.set(mutant, await hunt(mutant, Number(seeds)))
    process.stderr.write(`${results.size} of ${wanted.length}: ${mutant.name}\n`)
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, work))
console.log('| mutant | caught by | seed | what it said |\n|---|---|---|---|')
for (const mutant of wanted) {
  const result = results.get(mutant)
  console.log(
    result?.caught === true
      ? `| ${mutant.name} | ${result.checker} | ${result.seed} | ${result.first} |`
      : `| ${mutant.name} | nobody | ${result?.seeds ?? 0} tried | |`
  )
}

const escaped = wanted.filter(mutant => results.get(mutant)?.caught !== true)
if (escaped.length > 0) {
  console.error(`${escaped.length} of ${wanted.length} mutants got away: ${escaped.map(({ name }) => name).join(', ')}`)
  process.exitCode = 1
}
