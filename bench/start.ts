/**
 * How long a peer takes from its start to its first listening address, and how much memory it keeps when it is idle:
 * `vicinity node` against a script of the same services on stock js-libp2p (`fixtures/stock-node.js`).
 *
 *     npx node -C vicinity-source bench/start.ts [--smoke] [--rounds <n>]
 *
 * The sides take turns, so that whatever else the machine does falls on all of them alike; each figure is a median. Both
 * sides are measured with Node's compile cache warm, as from the second start on, and the stock script also without it.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { median, table } from './support/report.ts'

interface Side {
  readonly name: string
  /** After the program (Node itself). */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

interface Sample {
  /** From the spawn of the process to its first listening address. */
  readonly startMs: number
  /** Resident memory, once it was idle for `idleMs`. */
  readonly idleMb: number
}

interface Plan {
  readonly rounds: number
  readonly idleMs: number
}

const full: Plan = { rounds: 7, idleMs: 5_000 }
const smoke: Plan = { rounds: 1, idleMs: 200 }

const entry = fileURLToPath(new URL('../packages/cli/bin/vicinity.js', import.meta.url))
const built = fileURLToPath(new URL('../packages/cli/dist/main.js', import.meta.url))
const stock = fileURLToPath(new URL('./fixtures/stock-node.js', import.meta.url))
const listen = '/ip4/127.0.0.1/tcp/0'

function sidesWith(cache: string): Side[] {
  const cached = { NODE_COMPILE_CACHE: cache }
  return [
    ...(existsSync(built)
      ? [{ name: 'vicinity node, built', args: [entry, 'node', '--listen', listen], env: { ...cached, VICINITY_DIST: '1' } }]
      : []),
    { name: 'vicinity node, from source', args: [entry, 'node', '--listen', listen], env: cached },
    { name: 'stock', args: [stock, listen], env: cached },
    { name: 'stock, with WebRTC', args: [stock, listen], env: { ...cached, STOCK_WEBRTC: '1' } },
    { name: 'stock, no compile cache', args: [stock, listen], env: { NODE_DISABLE_COMPILE_CACHE: '1' } }
  ]
}

/** Starts one process, waits for its first address, lets it idle, looks at its memory, and ends it. */
async function measure(side: Side, idleMs: number): Promise<Sample> {
  const began = performance.now()
  const child = spawn(process.execPath, side.args, { env: { ...process.env, ...side.env }, stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  try {
    const startMs = await new Promise<number>((resolve, reject) => {
      const said: string[] = []
      createInterface({ input: child.stderr }).on('line', line => {
        said.push(line)
        if (line.startsWith('Listening on ')) {
          resolve(performance.now() - began)
        }
      })
      void ended.then(() => reject(new Error(`${side.name} ended before it listened:\n${said.join('\n')}`)))
    })
    await new Promise(resolve => setTimeout(resolve, idleMs))
    return { startMs, idleMb: residentMb(child.pid ?? 0) }
  } finally {
    child.kill('SIGKILL')
    await ended
  }
}

/** What the system says that a process has in memory; not known where there is no /proc. */
function residentMb(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Number(kilobytes) / 1024
  } catch {
    return Number.NaN
  }
}

function show(samples: ReadonlyMap<Side, readonly Sample[]>): void {
  const medians = [...samples].map(([{ name }, taken]) => ({
    name,
    startMs: median(taken.map(({ startMs }) => startMs)),
    idleMb: median(taken.map(({ idleMb }) => idleMb)),
    fastest: Math.min(...taken.map(({ startMs }) => startMs)),
    slowest: Math.max(...taken.map(({ startMs }) => startMs))
  }))
  const base = medians.find(({ name }) => name === 'stock')
  const ratio = (value: number, to: number | undefined): string => (value / (to ?? Number.NaN)).toFixed(2)
  const rows = medians.map(({ name, startMs, idleMb, fastest, slowest }) => [
    name,
    startMs.toFixed(0),
    `${fastest.toFixed(0)}-${slowest.toFixed(0)}`,
    ratio(startMs, base?.startMs),
    idleMb.toFixed(0),
    ratio(idleMb, base?.idleMb)
  ])
  console.log(table([['', 'start ms', 'range', 'to stock', 'idle MB', 'to stock'], ...rows]))
}

/** The benchmark; `smoke` only shows that it still runs. */
export async function run(options: { readonly smoke: boolean; readonly rounds?: number }): Promise<void> {
  const plan = options.smoke ? smoke : full
  const rounds = options.rounds ?? plan.rounds
  const cache = mkdtempSync(join(tmpdir(), 'vicinity-bench-start-'))
  try {
    const sides = sidesWith(cache)
    console.log(`start and idle memory, ${rounds} round(s), idle after ${plan.idleMs} ms, Node ${process.versions.node}`)
    if (!existsSync(built)) {
      console.log('packages/cli/dist is not built (npm run build): measured from source only')
    }
    const samples = new Map<Side, Sample[]>(sides.map(side => [side, []]))
    if (!options.smoke) {
      // The compile cache is written when a process ends by itself or by a signal that it handles; once each to fill it.
      for (const side of sides) {
        await fillCache(side)
      }
    }
    for (let round = 0; round < rounds; round++) {
      for (const [side, taken] of samples) {
        taken.push(await measure(side, plan.idleMs))
      }
    }
    show(samples)
  } finally {
    rmSync(cache, { recursive: true, force: true })
  }
}

/** Runs a side until it listens and lets it end by itself, which is when Node writes what it compiled. */
async function fillCache(side: Side): Promise<void> {
  const child = spawn(process.execPath, side.args, { env: { ...process.env, ...side.env }, stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  createInterface({ input: child.stderr }).on('line', line => {
    if (line.startsWith('Listening on ')) {
      child.kill('SIGTERM')
    }
  })
  await ended
}

if (process.argv[1] === import.meta.filename) {
  const rounds = process.argv.indexOf('--rounds')
  await run({ smoke: process.argv.includes('--smoke'), ...(rounds > 0 ? { rounds: Number(process.argv[rounds + 1]) } : {}) })
}
