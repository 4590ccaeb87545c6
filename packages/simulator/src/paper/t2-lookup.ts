import { Rng } from '@vicinity/kademlia'
import { Distribution } from '../report/index.ts'
import { CalmNetwork } from './calm.ts'
import { atLeast, atMost, near } from './paper.ts'
import type { PaperTable, Part, Row } from './paper.ts'

interface Case {
  readonly nodes: number
  readonly alpha: number
  readonly requests: number
  /** At which depth half of the lookups had seen the k closest; not known for every case. */
  readonly depth?: number
}

const cases: readonly Case[] = [
  { nodes: 1_000, alpha: 10, requests: 27.8, depth: 2 },
  { nodes: 10_000, alpha: 10, requests: 31, depth: 3 },
  { nodes: 15_371, alpha: 10, requests: 32.1, depth: 3 },
  { nodes: 10_000, alpha: 3, requests: 22.8 }
]

/** Small runs leave out what is larger. */
const smallNodes = 1_000

const lookups = { full: 400, small: 100 }

/** What a lookup costs, and whether it finds what there is. */
export const t2: PaperTable = {
  id: 'T2',
  title: 'A lookup',
  setup: size =>
    `${lookups[size]} lookups of random keys from random nodes, k = 20; converged tables, no churn, one constant latency, no dials; recall of the true 20 closest servers`,
  source: 'an independent model with converged tables; depth: ProbeLab RFM 17 (p50 3 on the public network)',
  picture: { title: 'Requests of a lookup', measure: 'requests', unit: 'count', of: 'lookups' },
  parts: cases.map(({ nodes, alpha, requests, depth }): Part => {
    const name = `N = ${nodes.toLocaleString('en-US')}, α = ${alpha}`
    return {
      name,
      run(size, seed) {
        if (size === 'small' && nodes > smallNodes) {
          return { rows: [], requests: 0 }
        }

        const network = new CalmNetwork({ seed, nodes, engine: { alpha } })
        const [sent, depths, recalls] = ['sent', 'depths', 'recalls'].map(each => new Distribution(new Rng(each))) as [
          Distribution,
          Distribution,
          Distribution
        ]
        network.lookUp(lookups[size], lookup => {
          sent.add(lookup.result.requests)
          depths.add(lookup.result.hops)
          recalls.add(lookup.recall)
        })
        const rows: Row[] = [
          atLeast(`${name}: recall`, 'share', [1, 1], recalls.mean),
          near(`${name}: requests a lookup`, 'number', requests, sent.mean, 0.05),
          ...(depth === undefined ? [] : halfSeen(name, depth, depths))
        ]
        return { rows, requests: network.world.requests, series: { name, points: sent.cdf() } }
      }
    }
  })
}

/** Whether half of the lookups had seen the k closest at a depth, and not before. */
function halfSeen(name: string, depth: number, depths: Distribution): Row[] {
  const shareWithin = (most: number): number => depths.cdf().findLast(({ value }) => value <= most)?.share ?? 0
  return [
    atLeast(`${name}: lookups that have seen the k closest at depth ${depth}`, 'share', [0.5, 1], shareWithin(depth)),
    atMost(`${name}: lookups that have seen them before`, 'share', [0, 0.5], shareWithin(depth - 1))
  ]
}
