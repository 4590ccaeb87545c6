/**
 * How long `getClosestPeers` takes in a network of 50 nodes over TCP, noise and yamux: ours against the stock DHT, for an
 * asker that is at work (warm), one that has connections but has not asked for a while (first: every stream is new, as
 * for the stock DHT it always is), and one that has lost its connections (cold).
 *
 *     npm run bench -- lookup [--smoke] [--seed <text>]
 *
 * Each network has a process of its own, so that the one's heap and timers do not weigh on the other's lookups; they
 * take turns, and the one whose turn it is not is idle.
 */
import { parseArgs } from 'node:util'
import type { Job, Kind, Sample, Standing } from './lookup/network.ts'
import { Child } from './support/child.ts'
import { median, table, times } from './support/report.ts'

const { values: options } = parseArgs({ options: { smoke: { type: 'boolean' }, seed: { type: 'string' } } })
const seed = options.seed ?? crypto.randomUUID()
const plan =
  options.smoke === true
    ? { nodes: 6, rounds: 1, lookups: 2, coldLookups: 1 }
    : { nodes: 50, rounds: 7, lookups: 10, coldLookups: 2 }

async function start(kind: Kind): Promise<Child> {
  const child = new Child(new URL('./lookup/network.ts', import.meta.url), [kind, String(plan.nodes)])
  const { table: size } = await child.next<{ table: number }>()
  console.log(`${kind}: ${plan.nodes} nodes, ${size.toFixed(1)} peers in a table`)
  return child
}

async function ask(child: Child, job: Job): Promise<Sample[]> {
  child.send(job)
  return await child.next<Sample[]>()
}

async function compare(ours: Child, stock: Child, standing: Standing): Promise<string[][]> {
  const samples: Record<Kind, Sample[]> = { ours: [], stock: [] }
  for (let round = 0; round < plan.rounds; round++) {
    const lookups = standing === 'cold' ? plan.coldLookups : plan.lookups
    const job = { seed: `${seed}/${standing}/${round}`, lookups, standing }
    samples.ours.push(...(await ask(ours, job)))
    samples.stock.push(...(await ask(stock, job)))
  }

  const time = (kind: Kind): number => median(samples[kind].map(({ ms }) => ms))
  const mean = (kind: Kind, value: (sample: Sample) => number): string =>
    (samples[kind].reduce((sum, sample) => sum + value(sample), 0) / samples[kind].length).toFixed(2)
  return [
    [
      standing,
      time('ours').toFixed(1),
      time('stock').toFixed(1),
      times(time('stock'), time('ours')),
      `${mean('ours', ({ requests }) => requests)} / ${mean('stock', ({ requests }) => requests)}`,
      `${mean('ours', ({ recall }) => recall)} / ${mean('stock', ({ recall }) => recall)}`
    ]
  ]
}

console.log(`seed ${seed}`)
const ours = await start('ours')
const stock = await start('stock')
try {
  const rows: string[][] = []
  for (const standing of ['warm', 'first', 'cold'] as const) {
    rows.push(...(await compare(ours, stock, standing)))
  }

  console.log(`\ngetClosestPeers of random keys, ${plan.nodes} nodes, ms (median over ${plan.rounds} rounds)`)
  console.log(table([['asker', 'ours', 'stock', 'faster', 'requests ours / stock', 'recall ours / stock'], ...rows]))
} finally {
  await ours.end()
  await stock.end()
}
