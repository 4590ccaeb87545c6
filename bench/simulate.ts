/**
 * The simulator: how many requests a second it carries, how long 10,000 lookups take, and how much memory a network
 * needs. Each network is simulated in a process of its own, so that its memory is its own: converged tables, nodes all
 * over the world, lookups of random keys; once without connections, which is a lookup and nothing else, and once with
 * all that the network has: dials, connections, who serves. `--smoke` takes tiny networks. `--profile` shows where the
 * time goes.
 *
 * There is no rival to run beside it: the ratio is to what was asked for, 60,000 requests a second at 10,000 nodes on
 * one core, and 4 GB at 100,000.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Session } from 'node:inspector/promises'
import { scenarioOptions, Simulation } from '@vicinity/simulator'
import { rate, table, times } from './support/report.ts'

const smoke = process.argv.includes('--smoke')
const profiling = process.argv.includes('--profile')

/** What was asked for. */
const [askedRequests, askedBytes] = [60_000, 4e9]

interface Case {
  readonly nodes: number
  readonly lookups: number
  readonly connections: boolean
}

interface Figures {
  readonly requests: number
  readonly lookups: number
  /** Of all requests, how many were sent for lookups; the others probe table entries. */
  readonly lookupShare: number
  readonly settleSeconds: number
  readonly seconds: number
  /** Of processor time, which other programs on the machine do not lengthen as much. */
  readonly cpuSeconds: number
  readonly peakBytes: number
  readonly recall: number
  readonly hash: string
  readonly profile: readonly string[]
}

const cases: readonly Case[] = smoke
  ? [
      { nodes: 200, lookups: 100, connections: false },
      { nodes: 200, lookups: 100, connections: true }
    ]
  : [
      { nodes: 10_000, lookups: 10_000, connections: false },
      { nodes: 10_000, lookups: 10_000, connections: true },
      { nodes: 100_000, lookups: 10_000, connections: false }
    ]

/** Within how long all lookups begin, and end, in virtual seconds: the longer, the more of all requests are probes of table entries. */
const [workSeconds, querySeconds] = [10, 10]

async function simulate({ nodes, lookups, connections }: Case): Promise<Figures> {
  const options = scenarioOptions('baseline', {
    nodes,
    connections,
    duration: workSeconds,
    lookups: lookups / workSeconds,
    queryTimeout: querySeconds,
    refreshInterval: 0,
    bootstrapInterval: 0,
    redial: 0,
    checks: 'none'
  })
  const simulation = new Simulation({ scenario: 'baseline', seed: 'bench', options })
  const start = performance.now()
  simulation.step(0)
  const settled = performance.now()
  const session = await startProfile()
  const cpu = process.cpuUsage()
  while (simulation.step(1_000_000)) {}
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - settled) / 1_000
  const profile = session === undefined ? [] : await hottest(session)
  const report = simulation.report()
  return {
    requests: report.requests,
    lookups: report.lookups.count,
    lookupShare: (report.lookups.count * (report.lookups.requests?.mean ?? 0)) / report.requests,
    settleSeconds: (settled - start) / 1_000,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    peakBytes: process.resourceUsage().maxRSS * 1_024,
    recall: report.lookups.recall?.mean ?? Number.NaN,
    hash: report.hash,
    profile
  }
}

async function startProfile(): Promise<Session | undefined> {
  if (!profiling) {
    return undefined
  }

  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.start')
  return session
}

/** The functions in which most samples were taken, with their share. */
async function hottest(session: Session): Promise<string[]> {
  const { profile } = await session.post('Profiler.stop')
  const names = new Map(
    profile.nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      `${functionName || '(anonymous)'} ${url.split('/').slice(-2).join('/')}:${lineNumber + 1}`
    ])
  )
  const counts = new Map<string, number>()
  for (const id of profile.samples ?? []) {
    const name = names.get(id) ?? '?'
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }

  const all = profile.samples?.length ?? 1
  const sorted = [...counts].sort(([, a], [, b]) => b - a).slice(0, 15)
  return sorted.map(([name, count]) => `${((count / all) * 100).toFixed(1).padStart(5)} %  ${name}`)
}

/** Runs a case in a process of its own. */
async function apart(each: Case): Promise<Figures> {
  // 100 is how `vicinity simulate` lets a heap grow; a short run of a small network is a little faster with V8's own ways
  const growing = each.nodes > 10_000 ? ['--heap-growing-percent=100'] : []
  const child = fork(import.meta.filename, ['--child', ...(profiling ? ['--profile'] : [])], {
    // more than Node's own limit: what a network needs is what is measured
    execArgv: [...process.execArgv, '--max-old-space-size=12000', ...growing]
  })
  child.send(each)
  const [figures] = (await once(child, 'message')) as [Figures]
  await once(child, 'exit')
  return figures
}

async function main(): Promise<void> {
  const rows = [
    [
      'nodes',
      'connections',
      'requests/s',
      'of 60,000',
      'a CPU second',
      '10,000 lookups',
      'recall',
      'to settle',
      'peak',
      'of 4 GB'
    ]
  ]
  const profiles: string[] = []
  for (const each of cases) {
    const figures = await apart(each)
    const { requests, lookups, lookupShare, seconds, cpuSeconds, settleSeconds, peakBytes, recall, profile } = figures
    rows.push([
      rate(each.nodes),
      each.connections ? 'yes' : 'no',
      rate(requests / seconds),
      times(requests / seconds, askedRequests),
      rate(requests / cpuSeconds),
      `${((seconds * lookupShare * 10_000) / lookups).toFixed(1)} s`,
      recall.toFixed(3),
      `${settleSeconds.toFixed(1)} s`,
      `${(peakBytes / 1e9).toFixed(2)} GB`,
      times(peakBytes, askedBytes)
    ])
    profiles.push(
      ...(profile.length > 0
        ? [`\n${rate(each.nodes)} nodes, ${each.connections ? 'with' : 'without'} connections`, ...profile]
        : [])
    )
  }

  console.log(table(rows))
  for (const line of profiles) {
    console.log(line)
  }
}

if (process.argv.includes('--child')) {
  process.once('message', (each: Case) => {
    void simulate(each).then(figures => {
      process.send?.(figures, () => {
        process.disconnect()
      })
    })
  })
} else {
  await main()
}
