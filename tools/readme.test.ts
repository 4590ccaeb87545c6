/** The examples in the READMEs run as they stand, and print what the README says; none of them needs more than this machine. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const cache = join(root, '.cache')

/** The lines that the example of a package prints. */
async function run(t: TestContext, name: string): Promise<string[]> {
  const readme = readFileSync(join(root, 'packages', name, 'README.md'), 'utf8')
  const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)]
  assert.equal(examples.length, 1, 'a README has one example')

  // Below the root, so that the packages are found as their users find them.
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'readme-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'example.ts')
  writeFileSync(file, examples[0]?.[1] ?? '')
  const { stdout } = await promisify(execFile)(process.execPath, ['-C', 'vicinity-source', file])
  return stdout.trim().split('\n')
}

describe('the example in the README', () => {
  it('of kademlia finds a peer in a network of thirty', async t => {
    const lines = await run(t, 'kademlia')
    assert.equal(lines.length, 30)
    assert.match(lines.at(-1) ?? '', /^\d+ requests; the nearest is peer 7$/)
  })

  it('of wire sends a message through a stream, and refuses a broken one', async t => {
    assert.deepEqual(await run(t, 'wire'), ['FIND_NODE 1', 'ERR_TRUNCATED'])
  })

  it('of simulator runs a network twice, and the same', async t => {
    assert.deepEqual(await run(t, 'simulator'), ['true true', 'true', 'baseline · 100 nodes · seed 1'])
  })

  it('of dht finds its way in a network on loopback', async t => {
    assert.deepEqual(await run(t, 'dht'), ['true true', '11 true'])
  })
})
