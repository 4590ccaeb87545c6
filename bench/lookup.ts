/**
 * How long `getClosestPeers` takes in a network of 50 nodes over TCP, noise and yamux: ours against the stock DHT, with
 * all connections open on both sides (warm), and for an asker that has just lost all of its own (cold).
 *
 *     npm run bench -- lookup [--smoke] [--seed <text>]
 *
 * Each network has a process of its own, so that the one's heap and timers do not weigh on the other's lookups; they
 * take turns, and the one whose turn it is not is idle.
 */
import { parseArgs } from 'node:util'
import type { Job, Kind, Sample } from './lookup/network.ts'
import { Child } from './support/child.ts'
import { median, table, times } from './support/report.ts'

const { values: options } = parseArgs({ options: { smoke: { type: 'boolean' }, seed: { type: 'string' } } })
const seed = options.seed ?? crypto.randomUUID()
const plan = options.smoke === true ? { nodes: 6, rounds: 1, lookups: 2 } : { nodes: 50, rounds: 7, lookups: 10 }

async function start (kind: Kind): Promise<Child> {
  const child = new Child(new URL('./lookup/network.ts', import.meta.url), [kind, String(plan.nodes)])
  const { table: size } = await child.next<{ table: number }>()
  console.log(`${kind}: ${plan.nodes} nodes, ${size.toFixed(1)} peers in a table`)
  return child
}

async function ask (child: Child, job: Job): Promise<Sample[]> {
  child.send(job)
  return await child.next<Sample[]>()
}

async function compare (ours: Child, stock: Child, cold: boolean, rounds: number): Promise<string[][]> {
  const samples: Record<Kind, Sample[]> = { ours: [], stock: [] }
  for (let round = 0; round < rounds; round++) {
    const job = { seed: `${seed}/${cold ? 'cold' : 'warm'}/${round}`, lookups: cold ? 2 : plan.lookups, cold }
    samples.ours.push(...await ask(ours, job))
    samples.stock.push(...await ask(stock, job))
  }

  const of = (kind: Kind, value: (sample: Sample) => number): number => median(samples[kind].map(value))
  const mean = (kind: Kind, value: (sample: Sample) => number): string =>
    (samples[kind].reduce((sum, sample) => sum + value(sample), 0) / samples[kind].length).toFixed(3).replace(/\.?0+$/, '')
  const row = (kind: Kind): string[] => [
    `${cold ? 'cold' : 'warm'}, ${kind}`,
    of(kind, ({ ms }) => ms).toFixed(1),
    times(of('stock', ({ ms }) => ms), of(kind, ({ ms }) => ms)),
    mean(kind, ({ requests }) => requests),
    mean(kind, ({ recall }) => recall)
  ]
  return [row('ours'), row('stock')]
}

console.log(`seed ${seed}`)
const ours = await start('ours')
const stock = await start('stock')
try {
  const warm = await compare(ours, stock, false, plan.rounds)
  const cold = await compare(ours, stock, true, Math.min(plan.rounds, 5))
  console.log(`\ngetClosestPeers of random keys, ${plan.nodes} nodes (median of ${plan.rounds} rounds of ${plan.lookups})`)
  console.log(table([['', 'ms', 'faster than stock', 'requests', 'recall'], ...warm, ...cold]))
} finally {
  await ours.end()
  await stock.end()
}
