import { minute, Rng, second } from '@vicinity/kademlia'
import { defaultOptions } from '../options.ts'
import { Population } from '../population/population.ts'
import { LookupMeasures } from '../simulation/measures.ts'
import { engineConfig, networkOptions } from '../simulation/settings.ts'
import { Lookups } from '../workload/lookups.ts'
import { indexOf, randomKey } from '../world/contacts.ts'
import type { Node } from '../world/node.ts'
import { World } from '../world/world.ts'
import { atLeast, atMost } from './paper.ts'
import type { PaperTable, PartResult, Row, Size } from './paper.ts'

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
    `N = ${sizes[size].nodes}, k = 20, ${sizes[size].hours} virtual hours, ${sizes[size].rate} lookups a second, refresh every 10 minutes; ${foreignShare * 100} % more servers than there are stand in all tables at the start and are offline; against the same network without them; a success has a recall of at least .95; nodes all over the world, half of the dials of those who are gone take 5 s`,
  source: 'measured on the public network when a second one joined it by accident; our own aim',
  parts: [
    {
      name: 'foreign',
      run(size, seed): PartResult {
        const alone = course(size, seed, 0)
        const joined = course(size, seed, foreignShare)
        const rows: Row[] = [
          atLeast(
            'while they are in the tables: p50 latency, times that without them',
            'number',
            [1, 100],
            ratio(joined.during, alone.during, 50)
          ),
          atLeast('while they are in the tables: lookups that succeed', 'share', [0.995, 1], success(joined.during)),
          atMost(
            'after three refreshes: p50 latency, times that without them',
            'number',
            [0.5, 1.05],
            ratio(joined.after, alone.after, 50)
          ),
          atMost(
            'after three refreshes: p95 latency, times that without them',
            'number',
            [0.5, 1.05],
            ratio(joined.after, alone.after, 95)
          ),
          atLeast('after three refreshes: lookups that succeed', 'share', [0.995, 1], success(joined.after)),
          atMost('after three refreshes: dead table entries', 'share', [0, 0.01], joined.dead[1])
        ]
        return {
          rows,
          requests: alone.requests + joined.requests,
          notes: [
            `Dead table entries: ${(joined.dead[0] * 100).toFixed(1)} % at the start. p50 latency ${joined.during.latency.percentile(50)} ms while they were there, ${joined.after.latency.percentile(50)} ms afterwards; without them ${alone.during.latency.percentile(50)} and ${alone.after.latency.percentile(50)} ms.`
          ]
        }
      }
    }
  ]
}

function course(size: Size, seed: string, share: number): Course {
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
  const end = hours * 60 * minute
  lookups.run(rate, end)
  world.run(threeRefreshes)
  const then = deadShare(world)
  world.run(end + 60 * second)
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

function ratio(one: LookupMeasures, other: LookupMeasures, percent: number): number {
  return one.latency.percentile(percent) / other.latency.percentile(percent)
}

function success(measures: LookupMeasures): number {
  const { succeeded, count } = measures.report()
  return succeeded / count
}
