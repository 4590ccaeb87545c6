import { Rng } from '@vicinity/kademlia'
import { randomKey } from '../world/contacts.ts'
import { Distribution } from '../report/index.ts'
import { CalmNetwork } from './calm.ts'
import { close, near } from './paper.ts'
import type { PaperTable, Part, Row } from './paper.ts'

const sizes = {
  full: { networks: [1_000, 5_000, 20_000], nodes: 1_000, worlds: 20 },
  small: { networks: [1_000], nodes: 40, worlds: 4 }
}

/** The relative standard deviation of an estimate from so many lookups. */
const cases = [
  { lookups: 5, deviation: 0.11 },
  { lookups: 20, deviation: 0.057 },
  { lookups: 150, deviation: 0.019 }
] as const

/** 5 %, and twice the standard error of a standard deviation of so many values. */
const tolerance = { full: 0.095, small: 0.28 }

/** How well a node knows the size of its network from its own lookups. */
export const t4: PaperTable = {
  id: 'T4',
  title: 'Network size',
  setup: size =>
    `N = ${sizes[size].networks.join(', ')}, k = 20; converged tables; ${sizes[size].nodes} nodes, of ${sizes[size].worlds} networks of each size, look up 5, 20 or 150 random keys each, and are asked for their estimate; unbiased means that the mean is within three standard errors of N, by how the networks differ, or half a percent; a deviation is that within a network, for all nodes of one share how evenly its keys happen to lie; its tolerance is 5 % and twice its own standard error`,
  source: 'an independent model; the estimator after ProbeLab, optimistic provide',
  parts: [1_000, 5_000, 20_000].map((n): Part => {
    return {
      name: `N = ${n}`,
      run(size, seed) {
        if (!sizes[size].networks.includes(n)) {
          return { rows: [], requests: 0 }
        }

        const rows: Row[] = []
        let requests = 0
        for (const { lookups, deviation } of cases) {
          const { nodes, worlds } = sizes[size]
          const means = new Distribution(new Rng(seed))
          let variance = 0
          for (let world = 0; world < worlds; world++) {
            const measured = estimates(`${seed}/${lookups}/${world}`, n, lookups, nodes / worlds)
            means.add(measured.estimates.mean)
            variance += measured.estimates.deviation * measured.estimates.deviation
            requests += measured.requests
          }

          const error = (3 * means.deviation) / rootOf(worlds)
          const what = `N = ${n}, ${lookups} lookups`
          rows.push(close(`${what}: mean of the estimates over N`, 'number', 1, means.mean, Math.max(0.005, round(error))))
          rows.push(near(`${what}: relative standard deviation`, 'share', deviation, rootOf(variance / worlds), tolerance[size]))
        }

        return { rows, requests }
      }
    }
  })
}

/** What so many nodes estimate after so many lookups each, over the true size. */
function estimates(seed: string, n: number, lookups: number, askers: number): { estimates: Distribution; requests: number } {
  const network = new CalmNetwork({ seed, nodes: n, engine: { alpha: 10 } })
  const rng = new Rng(seed).split('tries')
  const nodes = network.world.nodes.slice(0, askers)
  for (let i = 0; i < lookups; i++) {
    for (const node of nodes) {
      network.lookUpFrom(node, randomKey(rng), {})
    }
  }

  network.finish()
  const result = new Distribution(new Rng(seed))
  for (const { machine } of nodes) {
    result.add((machine?.networkSize?.peers ?? 0) / n)
  }

  return { estimates: result, requests: network.world.requests }
}

/** A square root by Heron's method: the language does not fix the last bit of another. */
function rootOf(value: number): number {
  let root = value
  for (let i = 0; i < 60; i++) {
    root = (root + value / root) / 2
  }

  return root
}

function round(value: number): number {
  return Math.ceil(value * 1_000) / 1_000
}
