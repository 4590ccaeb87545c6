import { Rng, second } from '@vicinity/kademlia'
import { defaultOptions } from '../options.ts'
import { Population } from '../population/population.ts'
import { engineConfig, networkOptions } from '../simulation/settings.ts'
import { targetAt } from '../world/contacts.ts'
import { World } from '../world/world.ts'
import { atLeast, atMost } from './paper.ts'
import type { PaperTable } from './paper.ts'

const nodes = { full: 15_371, small: 1_000 }
const k = 20

/** Whether nodes know the servers nearest to themselves. */
export const t3: PaperTable = {
  id: 'T3',
  title: 'The own neighbourhood',
  setup: size =>
    `N = ${nodes[size]}, k = 20; converged tables; every node looks itself up, then 1 % of all nodes leave, half of them without a word, and as many new ones join through three others; counted a minute later over all nodes: how many of the 20 live servers nearest to it does its table hold. Connections, dials and latencies as by default, no refresh`,
  source: 'ProbeLab RFM 19 (61 % know all 20, 4.8 % fewer than 18)',
  parts: [
    {
      name: 'neighbourhood',
      run(size, seed) {
        const rng = new Rng(seed)
        const options = { ...defaultOptions, nodes: nodes[size], refreshInterval: 0, bootstrapInterval: 0, redial: 0 }
        const world = new World({ seed, engine: engineConfig(options), network: networkOptions(options) })
        const population = new Population(world, options, rng.split('population'), () => undefined)
        population.settle()
        population.converge()

        const settled = [...world.nodes]
        let looking = 0
        for (const node of settled) {
          world.at(world.now + rng.below(lookTime), () => {
            looking++
            node.operate(
              { type: 'closest', target: targetAt(node.contact.key) },
              {
                finished() {
                  looking--
                }
              }
            )
          })
        }

        world.run(lookTime)
        world.runUntil(() => looking === 0, second)

        const leaving = new Set<number>()
        while (leaving.size < Math.round(settled.length / 100)) {
          leaving.add(rng.below(settled.length))
        }

        for (const index of leaving) {
          population.exchange(world.node(index))
        }

        world.run(world.now + 60 * second)

        let [whole, poor, counted] = [0, 0, 0]
        for (const node of world.census.all) {
          const known = world.census.closest(node.contact.key, k, node).filter(other => node.machine?.table.has(other.contact))
          counted++
          whole += known.length === k ? 1 : 0
          poor += known.length < 18 ? 1 : 0
        }

        return {
          requests: world.requests,
          rows: [
            atLeast('nodes that know all 20', 'share', [0.61, 1], whole / counted),
            atMost('nodes that know fewer than 18', 'share', [0, 0.05], poor / counted)
          ]
        }
      }
    }
  ]
}

/** Within how long everybody looks themselves up. */
const lookTime = 60 * second
