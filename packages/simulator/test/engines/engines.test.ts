/** The same seed means the same everywhere: twice in a row, on the newest Node, and in a worker of a browser. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'
import { hashOf, options, runEverything } from './everything.ts'
import { ModuleServer } from './module-server.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const here = runEverything()

describe('the same seed', () => {
  it('gives the same run twice', () => {
    const again = runEverything()
    assert.equal(hashOf(again), hashOf(here))
    assert.equal(again, here)
  })

  it('gives a run in which all that could differ between engines has happened', () => {
    const { failures, nodes, lookups, phases } = JSON.parse(here) as {
      readonly failures: Record<string, number>
      readonly nodes: number
      readonly lookups: { readonly count: number; readonly succeeded: number }
      readonly phases: readonly { readonly name: string }[]
    }
    assert.ok(nodes > options.nodes, `only ${nodes} honest nodes lived: there was next to no churn`)
    assert.ok(lookups.count > 100 && lookups.succeeded < lookups.count)
    assert.ok(Object.keys(failures).length >= 2)
    assert.ok(phases.length >= 3)
  })

  const newest = newestNode()
  it('gives the same run on the newest Node', {
    skip: newest === undefined ? 'the newest Node is not here: node tools/newest-node.js fetches it' : false
  }, async t => {
    assert.ok(newest !== undefined)
    const run = promisify(execFile)
    const { stdout: version } = await run(newest, ['--version'])
    t.diagnostic(`Node.js ${version.trim()} against ${process.version}`)
    const script = fileURLToPath(new URL('./in-process.ts', import.meta.url))
    const { stdout } = await run(newest, ['-C', 'vicinity-source', script], { env: {} })
    assert.equal(hashOf(stdout), hashOf(here))
    assert.equal(stdout.trim(), here)
  })

  const browser = findChromium()
  it('gives the same run in a worker of Chromium', {
    skip: browser === undefined ? 'there is no Chromium here (CHROMIUM can name one)' : false
  }, async t => {
    assert.ok(browser !== undefined)
    const there = await runInBrowser(browser, (version): void => {
      t.diagnostic(`Chromium ${version} against Node.js ${process.version}`)
    })
    assert.equal(hashOf(there), hashOf(here))
    assert.equal(there, here)
  })
})

/** Where `tools/newest-node.js` puts it. */
function newestNode(): string | undefined {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const folder = join(root, '.cache', 'newest-node', 'node_modules', name, 'bin')
  return [join(folder, 'node'), join(folder, 'node.exe')].find(existsSync)
}

function findChromium(): string | undefined {
  const { CHROMIUM } = process.env
  return [...(CHROMIUM === undefined ? [] : [CHROMIUM]), '/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync)
}

async function runInBrowser(executablePath: string, started: (version: string) => void): Promise<string> {
  const server = new ModuleServer(root)
  const url = await server.listen()
  const browser = await chromium.launch({ executablePath, headless: true, args: flags })
  try {
    started(browser.version())
    const page = await browser.newPage()
    await page.goto(url)
    const worker = server.pathOf(fileURLToPath(new URL('./in-worker.ts', import.meta.url)))
    return await page.evaluate(
      async path =>
        await new Promise<string>((resolve, reject) => {
          const running = new Worker(path, { type: 'module' })
          running.addEventListener('message', ({ data }) => {
            resolve(String(data))
          })
          running.addEventListener('error', event => {
            reject(new Error(`the worker failed: ${event.message} (${event.filename}:${event.lineno})`))
          })
        }),
      worker
    )
  } catch (error) {
    throw new Error(`nothing came from the browser; not served: ${server.failures.join('; ') || 'nothing'}`, { cause: error })
  } finally {
    await browser.close()
    server.close()
  }
}

/** It talks to nobody but us. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]
