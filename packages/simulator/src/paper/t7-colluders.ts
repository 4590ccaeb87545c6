import { Rng } from '@vicinity/kademlia'
import type { Contact, Key } from '@vicinity/kademlia'
import type { Behaviour } from '../world/behaviour.ts'
import { Census } from '../world/census.ts'
import { randomKey } from '../world/contacts.ts'
import type { Node } from '../world/node.ts'
import { CalmNetwork } from './calm.ts'
import { close } from './paper.ts'
import type { PaperTable, Part } from './paper.ts'
import { nearestHonest } from './t6-disjoint.ts'

const sizes = { full: { nodes: 5_000, tries: 1_000 }, small: { nodes: 1_000, tries: 100 } }
const share = 0.5

const cases = [
  { alpha: 3, d: 1, success: 0.84 },
  { alpha: 10, d: 1, success: 0.98 },
  { alpha: 4, d: 4, success: 0.91 },
  { alpha: 8, d: 8, success: 0.975 }
] as const

/** Lookups among liars who know each other. */
export const t7: PaperTable = {
  id: 'T7',
  title: 'Colluders',
  setup: size =>
    `N = ${sizes[size].nodes}, k = 20, ${sizes[size].tries} lookups each; half of all nodes, spread at random, answer with the 20 of them nearest to the key; a success is a lookup that has seen the honest node nearest to the key; IP limits off`,
  source: 'an independent model',
  parts: cases.map(({ alpha, d, success }): Part => {
    const name = d === 1 ? `α = ${alpha}` : `d = ${d} paths of one request each`
    return {
      name,
      run(size, seed) {
        const { nodes, tries } = sizes[size]
        const casting = new Rng(seed).split('casting')
        const liars = new Census()
        const network = new CalmNetwork({
          seed,
          nodes,
          engine: { alpha, disjointPaths: d },
          behaviour: () => (casting.float() < share ? colluder(liars) : undefined)
        })
        for (const node of network.world.nodes) {
          if (!node.honest) {
            liars.add(node)
          }
        }

        const rng = new Rng(seed).split('tries')
        const honest = network.world.nodes.filter(node => node.honest)
        let seen = 0
        for (let i = 0; i < tries; i++) {
          const asker = honest[rng.below(honest.length)] ?? network.world.node(0)
          lookFor(network, asker, randomKey(rng), found => {
            seen += found ? 1 : 0
          })
        }

        network.finish()
        const row = close(`m = ${share}, ${name}`, 'share', success, seen / tries, size === 'full' ? 0.03 : 0.1)
        return { rows: [row], requests: network.world.requests }
      }
    }
  })
}

/** One lookup: does anybody name the honest node nearest to the key, or does the asker's own table? */
function lookFor(network: CalmNetwork, asker: Node, key: Key, finished: (found: boolean) => void): void {
  const { contact } = nearestHonest(network, key, asker)
  // bounded by the frontier of one lookup
  const seen = new Set<Contact>(asker.machine?.table.closest(key, 40).map(peer => peer.contact))
  network.lookUpFrom(asker, key, {
    progress(event) {
      for (const peer of event.type === 'answered' ? event.closer : []) {
        seen.add(peer.contact)
      }
    },
    finished() {
      finished(seen.has(contact))
    }
  })
}

/** Names the colluders nearest to whatever is looked for. */
function colluder(liars: Census): Behaviour {
  return {
    name: 'colluder',
    findable: true,
    misleads: true,
    react(node, _from, message) {
      const key = message.type === 'PING' ? node.contact.key : message.target.key
      return {
        type: 'answer',
        message: { type: 'FIND_NODE', closer: liars.closest(key, 20, node).map(({ info }) => info) },
        delay: 0
      }
    }
  }
}
