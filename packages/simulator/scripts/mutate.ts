/** Puts a mutant into a copy of the engine, in a folder of its own, and lets swarm seeds run there until a checker finds it. */
import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mutant } from './mutants.ts'

export const engineSource = join(root(), 'packages/kademlia/src')

/** How a hunt went: by which seed it was found, or how many were not enough. */
export type Hunted =
  | { readonly caught: true; readonly seeds: number; readonly seed: string; readonly checker: string; readonly first: string }
  | { readonly caught: false; readonly seeds: number }

/**
 * The engine's text with the mutant in it.
 *
 * @throws Error where its text does not occur exactly once: the engine has changed, and the mutant has to be written anew.
 */
export function mutated(source: string, { name, file, text, by }: Mutant): string {
  const count = source.split(text).length - 1
  if (count !== 1) {
    throw new Error(`the mutant "${name}" replaces a text that occurs ${count} times in ${file}, not once: ${text}`)
  }

  return source.replace(text, () => by)
}

/** Hunts one mutant, or the engine as it is, through the first `seeds` seeds. */
export async function hunt(mutant: Mutant | undefined, seeds: number): Promise<Hunted> {
  const folder = await mkdtemp(join(tmpdir(), 'vicinity-mutant-'))
  try {
    await copyPackages(folder)
    if (mutant !== undefined) {
      const path = join(folder, 'packages/kademlia/src', mutant.file)
      await writeFile(path, mutated(await readFile(path, 'utf8'), mutant))
    }

    return await run(join(folder, 'packages/simulator/scripts/hunt.ts'), seeds, mutant?.given)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The packages that a simulation runs on, which find each other there and nobody else. */
async function copyPackages(folder: string): Promise<void> {
  await mkdir(join(folder, 'node_modules/@vicinity'), { recursive: true })
  for (const name of ['kademlia', 'wire', 'simulator']) {
    const from = join(root(), 'packages', name)
    const to = join(folder, 'packages', name)
    await mkdir(to, { recursive: true })
    await cp(join(from, 'package.json'), join(to, 'package.json'))
    await cp(join(from, 'src'), join(to, 'src'), { recursive: true })
    await symlink(to, join(folder, 'node_modules/@vicinity', name), 'junction')
  }

  await mkdir(join(folder, 'packages/simulator/scripts'))
  await cp(join(root(), 'packages/simulator/scripts/hunt.ts'), join(folder, 'packages/simulator/scripts/hunt.ts'))
  await symlink(join(root(), 'node_modules/uint8arraylist'), join(folder, 'node_modules/uint8arraylist'), 'junction')
}

function run(script: string, seeds: number, given: Mutant['given'] = {}): Promise<Hunted> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['-C', 'vicinity-source', script, String(seeds), JSON.stringify(given)], {
      stdio: ['ignore', 'pipe', 'pipe']
    })
    let [out, err] = ['', '']
    child.stdout.on('data', chunk => {
      out += String(chunk)
    })
    child.stderr.on('data', chunk => {
      err += String(chunk)
    })
    child.on('error', reject)
    child.on('close', code => {
      if (code === 0) {
        resolve(JSON.parse(out) as Hunted)
      } else {
        reject(new Error(`the hunt ended with code ${code}: ${err}`))
      }
    })
  })
}

function root(): string {
  return dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
}
