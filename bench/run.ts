/**
 * Runs the benchmarks: every file of this folder but this one is a program that takes `--smoke` (tiny inputs, a second or
 * two) and prints its figures, each with its ratio. One after the other, each in a process of its own.
 *
 *     npm run bench                          all of them
 *     npm run bench -- --smoke               all of them with tiny inputs, to see that they run
 *     npm run bench -- serve --only noise    one, with options of its own
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

const folder = import.meta.dirname
const itself = basename(import.meta.filename)

/** The names of the benchmarks. */
export function benchmarks(): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts') && entry.name !== itself)
    .map(({ name }) => name.slice(0, -'.ts'.length))
    .toSorted()
}

/** Runs one; resolves with its exit code. */
async function runOne(name: string, options: readonly string[]): Promise<number> {
  console.log(`\n# ${name}`)
  const child = spawn(process.execPath, [...process.execArgv, join(folder, `${name}.ts`), ...options], { stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}

async function main(args: readonly string[]): Promise<number> {
  const all = benchmarks()
  const firstOption = args.findIndex(arg => arg.startsWith('-'))
  const names = firstOption < 0 ? args : args.slice(0, firstOption)
  const unknown = names.filter(name => !all.includes(name))
  if (unknown.length > 0) {
    console.error(`There is no benchmark ${unknown.join(', ')}. There are: ${all.join(', ')}.`)
    return 2
  }

  let worst = 0
  for (const name of names.length > 0 ? names : all) {
    worst = Math.max(worst, await runOne(name, args.slice(names.length)))
  }

  return worst
}

if (process.argv[1] === import.meta.filename) {
  process.exitCode = await main(process.argv.slice(2))
}
