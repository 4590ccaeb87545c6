/** A process that simulates one network, as it is told, and says how long that took and what it needed. */
import { Session } from 'node:inspector/promises'
import { scenarioOptions, Simulation } from '@vicinity/simulator'

export interface Case {
  readonly nodes: number
  readonly lookups: number
  readonly connections: boolean
  /** Whether to look where the time goes, which takes some itself. */
  readonly profiled: boolean
}

export interface Figures {
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

/** Within how long all lookups begin, and end, in virtual seconds: the longer, the more of all requests are probes of table entries. */
const [workSeconds, querySeconds] = [10, 10]

async function simulate({ nodes, lookups, connections, profiled }: Case): Promise<Figures> {
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
  const session = profiled ? await startProfile() : undefined
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

async function startProfile(): Promise<Session> {
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

process.once('message', (each: Case) => {
  void simulate(each).then(figures => {
    process.send?.(figures, () => {
      process.disconnect()
    })
  })
})
