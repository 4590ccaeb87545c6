import { minute, Rng } from '@vicinity/kademlia'
import type { Millis } from '@vicinity/kademlia'
import { defaultOptions } from '../options.ts'
import { Population } from '../population/population.ts'
import { LookupMeasures } from '../simulation/measures.ts'
import { engineConfig, networkOptions } from '../simulation/settings.ts'
import { Lookups } from '../workload/lookups.ts'
import { indexOf, randomKey } from '../world/contacts.ts'
import type { Node } from '../world/node.ts'
import { World } from '../world/world.ts'
import { atLeast, atMost, progressEvery } from './paper.ts'
import type { PaperTable, Part, PartResult, Size } from './paper.ts'

const sizes = { full: { nodes: 5_000, hours: 4, rate: 2 }, small: { nodes: 150, hours: 0.75, rate: 1 } }
const foreignShare = 0.3

/** Until when the first entries are probed and found dead, and by when all tables have been refreshed three times. */
const [firstProbes, threeRefreshes] = [10 * minute, 30 * minute]

interface Course {
  /** Lookups before the dead entries are gone, and after three refreshes. */
  readonly during: LookupMeasures
  readonly after: LookupMeasures
  /** The share of all table entries that are dead, at the beginning and after three refreshes. */
  readonly dead: readonly [before: number, after: number]
  readonly requests: number
}

/** Servers of another network on the same protocol, long gone, in everybody's tables. */
export const t13: PaperTable = {
  id: 'T13',
  title: 'A foreign network',
  setup: size =>
    `N = ${sizes[size].nodes}, k = 20, ${sizes[size].hours} virtual hours, ${sizes[size].rate} lookups a second, refresh every 10 minutes; ${foreignShare * 100} % more servers than there are stand in all tables at the start and are offline; against an hour of the same network without them; a success has a recall of at least .95; nodes all over the world, half of the dials of those who are gone take 5 s`,
  source: 'measured on the public network when a second one joined it by accident; our own aim',
  picture: { title: 'Latency of a lookup beside a foreign network', measure: 'latency', unit: 'ms', of: 'lookups', scale: 'log' },
  parts: [partOf('without', 0), partOf('with', foreignShare)],
  compare([alone, joined], size) {
    const of = (result: PartResult | undefined, figure: string): number => result?.figures?.[figure] ?? NaN
    const ratio = (figure: string): number => of(joined, figure) / of(alone, figure)
    // small networks have few lookups, and their percentiles differ by more
    const most = size === 'full' ? 1.05 : 1.3
    return [
      atLeast('while they are in the tables: p50 latency, times that without them', 'number', [1, 100], ratio('duringP50')),
      atLeast('while they are in the tables: lookups that succeed', 'share', [0.995, 1], of(joined, 'duringSuccess')),
      atMost('after three refreshes: p50 latency, times that without them', 'number', [0.5, most], ratio('afterP50')),
      atMost('after three refreshes: p95 latency, times that without them', 'number', [0.5, most], ratio('afterP95')),
      atLeast('after three refreshes: lookups that succeed', 'share', [0.995, 1], of(joined, 'afterSuccess')),
      atMost('after three refreshes: dead table entries', 'share', [0, 0.01], of(joined, 'afterDead'))
    ]
  }
}

/** One network, with the foreign servers in its tables or without. */
function partOf(name: 'with' | 'without', share: number): Part {
  return {
    name: `${name} them`,
    run(size, seed, progress) {
      const { during, after, dead, requests } = course(size, seed, share, progress)
      const [duringP50, afterP50, afterP95] = [
        during.latency.percentile(50),
        after.latency.percentile(50),
        after.latency.percentile(95)
      ]
      return {
        rows: [],
        requests,
        figures: {
          duringP50,
          duringSuccess: success(during),
          afterP50,
          afterP95,
          afterSuccess: success(after),
          afterDead: dead[1]
        },
        series: { name: `${name} them, in the first 10 minutes`, points: during.latency.cdf() },
        notes: [
          `${name === 'with' ? 'With' : 'Without'} them: ${(dead[0] * 100).toFixed(1)} % of the table entries are dead at the start; p50 latency ${duringP50} ms in the first 10 minutes, ${afterP50} ms after three refreshes.`
        ]
      }
    }
  }
}

function course(size: Size, seed: string, share: number, progress: Parameters<Part['run']>[2]): Course {
  const { nodes, hours, rate } = sizes[size]
  const rng = new Rng(seed)
  const options = { ...defaultOptions, nodes }
  const world = new World({ seed, engine: engineConfig(options), network: networkOptions(options) })
  const population = new Population(world, options, rng.split('population'), () => undefined)
  population.settle()
  const foreign = strangers(world, Math.round(nodes * share), rng.split('foreign'))
  population.converge(foreign)

  const [during, after] = [new LookupMeasures('during'), new LookupMeasures('after')]
  const lookups = new Lookups(world, options.k, rng.split('lookups'), lookup => {
    if (lookup.began < firstProbes) {
      during.add(lookup)
    } else if (lookup.began >= threeRefreshes) {
      after.add(lookup)
    }
  })
  const before = deadShare(world)
  // an hour tells how it is without them
  const end = (share === 0 ? Math.min(1, hours) : hours) * 60 * minute
  lookups.run(rate, end)
  const runTo = (until: Millis): void => {
    while (!world.run(until, progressEvery)) {
      progress?.({ virtualMs: world.now, virtualEndMs: end + minute })
    }
  }
  runTo(threeRefreshes)
  const then = deadShare(world)
  runTo(end + minute)
  return { during, after, dead: [before, then], requests: world.requests }
}

/** Servers that are not there. */
function strangers(world: World, count: number, rng: Rng): Node[] {
  return Array.from({ length: count }, () =>
    world.add(randomKey(rng), { mode: 'server', reachable: true, advertised: true, groups: [] })
  )
}

function deadShare({ nodes }: World): number {
  let [dead, all] = [0, 0]
  for (const { machine } of nodes) {
    for (const { peer } of machine?.table.entries() ?? []) {
      all++
      dead += nodes[indexOf(peer.contact)]?.up === true ? 0 : 1
    }
  }

  return all === 0 ? 0 : dead / all
}

function success(measures: LookupMeasures): number {
  const { succeeded, count } = measures.report()
  return succeeded / count
}
