/** A worker thread that runs parts of the papers' tables, one after another, as it is told. */
import { parentPort } from 'node:worker_threads'
import { paperTables } from '@vicinity/simulator/paper'
import { reasonOf } from '../errors.ts'
import type { PaperEnd, PaperJob } from './paper-jobs.ts'

parentPort?.on('message', (job: PaperJob) => {
  say(run(job))
})

function run({ table, part, size, seed }: PaperJob): PaperEnd {
  const start = performance.now()
  try {
    const wanted = paperTables.find(({ id }) => id === table)?.parts[part]
    if (wanted === undefined) {
      throw new Error(`${table} has no part ${part}`)
    }

    const result = wanted.run(size, seed)
    return { type: 'done', result, wallTimeMs: performance.now() - start }
  } catch (error) {
    return { type: 'failed', reason: reasonOf(error) }
  }
}

function say(end: PaperEnd): void {
  parentPort?.postMessage(end)
}
