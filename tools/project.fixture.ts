/**
 * A small project in a temporary folder, with the real tools/run.js and an npm that installs without a network: it makes
 * what the lockfile says, with this Node as the project's, and counts how often it was called.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))

/** What the npm of the fixture does when it is called. */
export type NpmMode = 'install' | 'fail' | 'killed' | 'slow'

const lockfile = {
  packages: {
    '': { name: 'fixture' },
    'node_modules/node': { version: '24.0.0', integrity: 'sha512-n' },
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/elsewhere': { version: '1.0.0', integrity: 'sha512-e', optional: true, os: ['elsewhere'] }
  }
}

const npm = `
const { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, linkSync, writeFileSync, existsSync } = require('node:fs')
const { join } = require('node:path')
appendFileSync('npm-calls.txt', process.argv.slice(2).join(' ') + '\\n')
const mode = readFileSync('npm-mode.txt', 'utf8')
if (mode === 'fail') {
  console.error('npm error code ENOTFOUND')
  process.exit(1)
}
rmSync('node_modules', { recursive: true, force: true })
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
delete lock.packages['']
delete lock.packages['node_modules/elsewhere']
delete lock.packages['node_modules/dropped']
for (const [path, { version }] of Object.entries(lock.packages)) {
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'package.json'), JSON.stringify({ version }))
  if (mode === 'killed') process.kill(process.pid, 'SIGKILL')
}
mkdirSync('node_modules/node/bin', { recursive: true })
const win = process.platform === 'win32'
const node = join('node_modules/node/bin', win ? 'node.exe' : 'node')
if (win) linkSync(process.execPath, node)
else symlinkSync(process.execPath, node)
const finish = () => writeFileSync('node_modules/.package-lock.json', JSON.stringify(lock))
if (mode === 'slow') {
  writeFileSync('npm-runs.txt', String(process.pid))
  // waits: for the test to let it go on
  const look = setInterval(() => { if (existsSync('npm-go.txt')) { clearInterval(look); finish() } }, 5)
} else finish()
`

export interface Run {
  readonly child: ChildProcess
  /** Resolves when the text has been printed on the given stream; rejects when the run ends before. */
  printed(text: string, stream?: 'stdout' | 'stderr'): Promise<void>
  /** The whole run: what it printed and how it ended. */
  readonly ended: Promise<{ stdout: string; stderr: string; code: number | null; signal: NodeJS.Signals | null }>
}

export class Project {
  readonly root = mkdtempSync(join(tmpdir(), 'vicinity-run-'))

  constructor(t: TestContext) {
    t.after(() => rmSync(this.root, { recursive: true, force: true, maxRetries: 5 }))
    for (const file of ['run.js', 'child.js', 'install.js', 'lock.js', 'node.js', 'tests.js']) {
      cpSync(join(here, file), join(this.root, 'tools', file))
    }

    this.write('package.json', '{ "type": "module" }')
    this.write('npm/npm-cli.js', npm)
    this.write('npm/package.json', '{ "type": "commonjs" }')
    this.writeLock(lockfile)
    this.setNpm('install')
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true })
    writeFileSync(join(this.root, path), text)
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8')
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path))
  }

  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true })
  }

  setNpm(mode: NpmMode): void {
    this.write('npm-mode.txt', mode)
  }

  /** How often npm was called. */
  get installs(): number {
    return this.has('npm-calls.txt') ? this.read('npm-calls.txt').trim().split('\n').length : 0
  }

  get lock(): typeof lockfile {
    return structuredClone(lockfile)
  }

  writeLock(lock: object): void {
    this.write('package-lock.json', JSON.stringify(lock))
  }

  run(...args: string[]): Run {
    return this.runIn(process.execPath, ['tools/run.js', ...args], { npm_lifecycle_event: undefined })
  }

  runIn(file: string, args: string[], env: NodeJS.ProcessEnv): Run {
    // NODE_TEST_CONTEXT would make the inner test runner report to the outer one.
    const ours = { NODE_TEST_CONTEXT: undefined, npm_execpath: join(this.root, 'npm', 'npm-cli.js') }
    return watch(
      spawn(file, args, { cwd: this.root, env: { ...process.env, ...ours, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    )
  }
}

function watch(child: ChildProcess): Run {
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      texts[name] += chunk
      child.emit('printed')
    })
  }

  const ended = once(child, 'close').then(([code, signal]) => ({ ...texts, code, signal }))
  return {
    child,
    ended,
    async printed(text, stream = 'stdout') {
      while (!texts[stream].includes(text)) {
        const over = ended.then(() => Promise.reject(new Error(`ended without "${text}": ${texts.stdout}${texts.stderr}`)))
        await Promise.race([once(child, 'printed'), over])
      }
    }
  }
}
