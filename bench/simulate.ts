/**
 * The simulator: how many requests a second it carries, how long 10,000 lookups take, and how much memory a network
 * needs. Each network is simulated in a process of its own, so that its memory is its own: converged tables, nodes all
 * over the world, lookups of random keys; once without connections, which is a lookup and nothing else, and once with
 * all that the network has: dials, connections, who serves.
 *
 *     npm run bench -- simulate [--smoke] [--profile]
 *     npm run bench -- simulate --against <checkout> [--rounds <count>] [--smoke]
 *
 * There is no rival to run beside it: the ratio is to what was asked for, 60,000 requests a second at 10,000 nodes on
 * one core, and 4 GB at 100,000. Most of the time is spent waiting for memory, so that a machine whose memory others
 * use as well may give half as much an hour later; whether a change made it faster is told by `--against`, which runs both
 * checkouts at the same time, round after round. `--profile` shows where the time goes.
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type { Case, Figures } from './simulate/network.ts'
import { Child } from './support/child.ts'
import { median, rate, table, times } from './support/report.ts'

const { values: options } = parseArgs({
  options: {
    smoke: { type: 'boolean' },
    profile: { type: 'boolean' },
    against: { type: 'string' },
    rounds: { type: 'string', default: '5' }
  }
})

/** What was asked for. */
const [askedRequests, askedBytes] = [60_000, 4e9]

const profiled = options.profile === true
const cases: readonly Case[] =
  options.smoke === true
    ? [
        { nodes: 200, lookups: 100, connections: false, profiled },
        { nodes: 200, lookups: 100, connections: true, profiled }
      ]
    : [
        { nodes: 10_000, lookups: 10_000, connections: false, profiled },
        { nodes: 10_000, lookups: 10_000, connections: true, profiled },
        { nodes: 100_000, lookups: 10_000, connections: false, profiled }
      ]

const network = new URL('simulate/network.ts', import.meta.url)

/** Simulates a network in a process of its own. */
async function simulate(each: Case, program: URL, nodeArgs: readonly string[]): Promise<Figures> {
  // more than Node's own limit: what a network needs is what is measured
  const child = new Child(program, [], ['--max-old-space-size=12000', ...nodeArgs])
  child.send(each)
  try {
    return await child.next<Figures>()
  } finally {
    await child.end()
  }
}

async function measure(): Promise<void> {
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
    // 100 is how `vicinity simulate` lets a heap grow; a short run of a small network is a little faster with V8's own ways
    const figures = await simulate(each, network, each.nodes > 10_000 ? ['--heap-growing-percent=100'] : [])
    const { requests, lookups, lookupShare, seconds, cpuSeconds, settleSeconds, peakBytes, recall, profile } = figures
    rows.push([
      rate(each.nodes),
      yesOrNo(each.connections),
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

/** Simulates the same networks here and in another checkout, both at once: what slows the machine down slows both down. */
async function compare(other: URL, rounds: number): Promise<void> {
  const rows = [['nodes', 'connections', 'requests/s here', 'there', 'ratio', 'lowest', 'highest', 'the same run']]
  for (const each of cases.slice(0, 2)) {
    const pairs: Array<readonly [Figures, Figures]> = []
    for (let round = 0; round < rounds; round++) {
      // on one core each: what collects garbage beside the one would take the core of the other
      const program = [network, other].map(file => simulate(each, file, ['--single-threaded-gc']))
      pairs.push((await Promise.all(program)) as [Figures, Figures])
    }

    const [here, there] = [0, 1].map(side => pairs.map(pair => speedOf(pair[side as 0 | 1]))) as [number[], number[]]
    const ratios = here.map((speed, round) => speed / (there[round] as number))
    rows.push([
      rate(each.nodes),
      yesOrNo(each.connections),
      rate(median(here)),
      rate(median(there)),
      ...[median(ratios), Math.min(...ratios), Math.max(...ratios)].map(ratio => `${ratio.toFixed(2)}x`),
      yesOrNo(pairs.every(([ours, theirs]) => ours.hash === theirs.hash))
    ])
  }

  console.log(table(rows))
}

function speedOf({ requests, seconds }: Figures): number {
  return requests / seconds
}

function yesOrNo(whether: boolean): string {
  return whether ? 'yes' : 'no'
}

/** What is wrong with the options, if anything is. */
function problem(other: URL | undefined, rounds: number): string | undefined {
  if (other !== undefined && !existsSync(other)) {
    return `${options.against} has no bench/simulate/network.ts: it has to be a checkout of this project, with its dependencies installed.`
  }

  return Number.isInteger(rounds) && rounds > 0 ? undefined : `--rounds is a whole number of at least 1, not ${options.rounds}.`
}

const other = options.against === undefined ? undefined : pathToFileURL(resolve(options.against, 'bench/simulate/network.ts'))
const rounds = Number(options.rounds)
const wrong = problem(other, rounds)
if (wrong !== undefined) {
  console.error(wrong)
  process.exitCode = 2
} else if (other === undefined) {
  await measure()
} else {
  await compare(other, rounds)
}
