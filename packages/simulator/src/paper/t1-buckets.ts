import { CalmNetwork } from './calm.ts'
import { atLeast, near } from './paper.ts'
import type { PaperTable, Row } from './paper.ts'

const nodes = { full: 15_371, small: 2_000 }

/** How full each bucket of a converged table is. */
export const t1: PaperTable = {
  id: 'T1',
  title: 'Buckets of a converged table',
  setup: size => `N = ${nodes[size]}, k = 20; converged tables as the engines hold them, the mean over all nodes; no lookups`,
  source: 'ProbeLab RFM 19 (buckets 0-8 full, bucket 9 14.2 of a theoretical 15.0); the mean size from an independent model',
  parts: [
    {
      name: 'buckets',
      run(size, seed) {
        const n = nodes[size]
        const { world } = new CalmNetwork({ seed, nodes: n })
        const mean = (bucket: number): number =>
          world.nodes.reduce((sum, { machine }) => sum + (machine?.table.bucketCount(bucket) ?? 0), 0) / n
        const expected = (bucket: number): number => n / (2 << bucket)

        const rows: Row[] = []
        const firstNotFull = 31 - Math.clz32(n / 25)
        for (let bucket = 0; bucket < firstNotFull; bucket++) {
          rows.push(atLeast(`bucket ${bucket}`, 'number', [19.7, 20], mean(bucket)))
        }

        for (let bucket = firstNotFull; bucket < firstNotFull + 5; bucket++) {
          rows.push(near(`bucket ${bucket}`, 'number', expected(bucket), mean(bucket), size === 'full' ? 0.03 : 0.1))
        }

        const table = world.nodes.reduce((sum, { machine }) => sum + (machine?.size ?? 0), 0) / n
        const whole = size === 'full' ? 210 : firstNotFull * 20 + 2 * expected(firstNotFull)
        return { rows: [...rows, near('the whole table', 'number', whole, table, 0.05)], requests: 0 }
      }
    }
  ]
}
