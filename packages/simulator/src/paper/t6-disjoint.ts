import { limits, Lookup, Rng, second } from '@vicinity/kademlia'
import type { Key, PeerInfo } from '@vicinity/kademlia'
import { indexOf, keyNear, targetAt } from '../world/contacts.ts'
import type { Behaviour } from '../world/behaviour.ts'
import type { Node } from '../world/node.ts'
import type { World } from '../world/world.ts'
import { CalmNetwork } from './calm.ts'
import { close } from './paper.ts'
import type { PaperTable, Part, Row } from './paper.ts'

const sizes = { full: { nodes: 10_000, tries: 8_000 }, small: { nodes: 1_000, tries: 100 } }
const k = 16
const shares = [0.1, 0.2, 0.4]
const widths = [1, 2, 4, 8]

/** How long a prefix a key shares with the node nearest to it: no two random ids share so much. */
const nearBits = 48

/** Lookups over disjoint paths, some of which meet a liar. */
export const t6: PaperTable = {
  id: 'T6',
  title: 'Disjoint paths (S/Kademlia)',
  setup: size =>
    `N = ${sizes[size].nodes}, k = ${k}, ${sizes[size].tries} lookups for each m and d, one request in flight on each of d paths; a share m of all nodes ends the path that asks it: it says nothing, and by the time that the path would go on the lookup is over; a try succeeds when at least one path reaches the honest node nearest to the key; IP limits off. The path lengths h_i are measured in the same network without liars, over all d paths: how many peers each asks before it is the nearest's turn`,
  source: 'Baumgart and Mies, S/Kademlia (2007), section 5',
  parts: shares.map((share): Part => {
    return {
      name: `m = ${share}`,
      run(size, seed) {
        const { nodes, tries } = sizes[size]
        const rows: Row[] = []
        const means: string[] = []
        let requests = 0
        for (const d of widths) {
          const lengths = pathLengths(`${seed}/lengths`, nodes, tries, d)
          const measured = successes(`${seed}/${d}`, nodes, tries, share, d)
          const expected = lengths.reduce((sum, h, i) => sum + h * (1 - power(1 - power(1 - share, i), d)), 0)
          rows.push(close(`m = ${share}, d = ${d}`, 'share', expected, measured.share, size === 'full' ? 0.02 : 0.1))
          means.push(lengths.reduce((sum, h, i) => sum + h * i, 0).toFixed(2))
          requests += measured.requests
        }

        return { rows, requests, notes: [`m = ${share}: mean path length ${means.join(' / ')} for d = ${widths.join(' / ')}.`] }
      }
    }
  })
}

/** Of all paths of lookups among honest nodes, the share that asks so many peers before it is the nearest's turn, by number. */
function pathLengths(seed: string, nodes: number, tries: number, d: number): number[] {
  const { world } = new CalmNetwork({ seed, nodes, engine: { k } })
  const rng = new Rng(seed).split('tries')
  const counts: number[] = []
  for (let i = 0; i < tries; i++) {
    const asker = world.node(rng.below(nodes))
    const nearest = world.node(rng.below(nodes))
    const key = keyNear(nearest.contact.key, nearBits, rng)
    const seeds = asker.machine?.table.closest(key, limits.closerPeersRead) ?? []
    for (let path = 0; path < d; path++) {
      const length = pathLength(
        world,
        asker,
        key,
        nearest,
        seeds.filter((_, at) => at % d === path)
      )
      counts[length] = (counts[length] ?? 0) + 1
    }
  }

  return Array.from(counts, count => (count ?? 0) / (tries * d))
}

/** How many peers one path asks, one after the other, before the nearest. */
function pathLength(world: World, asker: Node, key: Key, nearest: Node, seeds: readonly PeerInfo[]): number {
  const { contact: self } = asker
  const path = new Lookup({ target: targetAt(key), self, k, alpha: 1, beta: 3, deadline: Infinity, awaitPeers: false })
  path.handle(0, { type: 'seeds', peers: seeds })
  for (let asked = 0; ; asked++) {
    const output = path.poll()
    if (output?.type !== 'ask' || output.peer.contact === nearest.contact) {
      return asked
    }

    const { contact } = output.peer
    const closer = world.node(indexOf(contact)).machine?.table.closest(key, k, self) ?? []
    path.handle(0, { type: 'answered', contact, closer })
  }
}

function successes(seed: string, nodes: number, tries: number, share: number, d: number): { share: number; requests: number } {
  const rng = new Rng(seed).split('tries')
  const casting = new Rng(seed).split('casting')
  const network = new CalmNetwork({
    seed,
    nodes,
    // a request that is not answered is late after a second at the earliest, and by then the lookup is over
    engine: { k, alpha: d, disjointPaths: d, queryTimeout: 0.9 * second },
    behaviour: () => (casting.float() < share ? pathKiller : undefined)
  })
  let found = 0
  for (let i = 0; i < tries; i++) {
    const asker = honestNode(network, rng)
    const nearest = honestNode(network, rng)
    const key = keyNear(nearest.contact.key, nearBits, rng)
    network.lookUpFrom(asker, key, {
      finished({ closest }) {
        found += closest.some(({ contact }) => contact === nearest.contact) ? 1 : 0
      }
    })
  }

  network.finish()

  return { share: found / tries, requests: network.world.requests }
}

/** Takes requests and says nothing. */
const pathKiller: Behaviour = {
  name: 'path killer',
  findable: true,
  misleads: false,
  react() {
    return { type: 'silence' }
  }
}

function honestNode({ world }: CalmNetwork, rng: Rng): Node {
  const { all } = world.census
  for (;;) {
    const node = all[rng.below(all.length)]
    if (node?.honest === true) {
      return node
    }
  }
}

/** The honest node nearest to a key, of all but the asker. */
export function nearestHonest({ world }: CalmNetwork, key: Key, asker: Node): Node {
  for (let count = 16; ; count *= 2) {
    const nearest = world.census.closest(key, count, asker).find(node => node.honest)
    if (nearest !== undefined) {
      return nearest
    }
  }
}

/** A whole power, multiplied out. */
function power(base: number, exponent: number): number {
  let result = 1
  for (let i = 0; i < exponent; i++) {
    result *= base
  }

  return result
}
