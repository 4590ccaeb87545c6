/**
 * `npm run mutants [-- --seeds 20] [word]`: hunts every mutant whose name has the word in it through at most so many swarm seeds, and
 * prints as a page which checker caught it by which seed: `docs/mutants.md`. Fails if one got away.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { engineSource, hunt, mutated } from './mutate.ts'
import type { Hunted } from './mutate.ts'
import { mutants } from './mutants.ts'
import type { Mutant } from './mutants.ts'

const { values, positionals } = parseArgs({ options: { seeds: { type: 'string', default: '20' } }, allowPositionals: true })
const seeds = Number(values.seeds)
if (!(Number.isInteger(seeds) && seeds > 0)) {
  throw new RangeError(`--seeds is a whole number from 1, not ${values.seeds}`)
}

const [word = ''] = positionals
const wanted = mutants.filter(({ name }) => name.includes(word))
if (wanted.length === 0) {
  throw new RangeError(`no mutant has "${word}" in its name: ${mutants.map(({ name }) => name).join(', ')}`)
}

const results = new Map<Mutant, Hunted>()
const queue = [...wanted]

// what is out of date is found before anything runs
for (const mutant of wanted) {
  mutated(readFileSync(join(engineSource, mutant.file), 'utf8'), mutant)
}

async function work(): Promise<void> {
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    results.set(mutant, await hunt(mutant, seeds))
    console.error(`${results.size} of ${wanted.length}: ${mutant.name}`)
  }
}

function row(mutant: Mutant): string {
  const result = results.get(mutant)
  const said =
    result?.caught === true ? `${result.checker} | ${result.seed} | ${result.first.replaceAll('|', '\\|')}` : `**nobody** | | `
  return `| ${mutant.name} | \`${mutant.file}\` | ${said} |`
}

await Promise.all(Array.from({ length: availableParallelism() }, work))
const escaped = wanted.filter(mutant => results.get(mutant)?.caught !== true)
console.log(`# Faults put into the engine on purpose

Each was put into a copy of \`packages/kademlia/src\` by itself, and swarm seeds ran there, from 1 to at most ${seeds}, until a checker
found something wrong (with some options given where the fault can show only then): ${wanted.length - escaped.length} of ${wanted.length} were caught. A checker that misses the mutant made for it is blind. The
mutants stand in \`packages/simulator/scripts/mutants.ts\`; \`npm run --silent mutants > docs/mutants.md\` hunts them again.

| fault | file | caught by | seed | what it said first |
| --- | --- | --- | --- | --- |
${wanted.map(row).join('\n')}`)
if (escaped.length > 0) {
  console.error(`${escaped.length} of ${wanted.length} mutants got away: ${escaped.map(({ name }) => name).join(', ')}`)
  process.exitCode = 1
}
