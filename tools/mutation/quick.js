// @ts-check
/**
 * The engine's quick test files as one, for mutation runs: starting a process for each would take longer than what they do.
 * The slow ones, which follow by themselves, are named in `stryker.config.json`.
 */
import { readdirSync } from 'node:fs'

const slow = ['converged', 'disjoint', 'lookup', 'network', 'network-size', 'trace', 'widening']

const folder = new URL('../../packages/kademlia/test/', import.meta.url)
for (const file of readdirSync(folder)) {
  const [name, ...rest] = file.split('.')
  if (rest.join('.') === 'test.ts' && !slow.includes(name ?? '')) {
    await import(new URL(file, folder).href)
  }
}
