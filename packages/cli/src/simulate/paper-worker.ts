/** A worker thread that runs parts of the papers' tables, one after another, as it is told. */
import { parentPort } from 'node:worker_threads'
import { paperTables } from '@vicinity/simulator/paper'
import { reasonOf } from '../errors.ts'
import type { PaperEnd, PaperJob, PaperMessage } from './paper-jobs.ts'

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

    let told = start
    const result = wanted.run(size, seed, progress => {
      const now = performance.now()
      if (now - told >= tellMs) {
        told = now
        say({ type: 'progress', progress })
      }
    })
    return { type: 'done', result, wallTimeMs: performance.now() - start }
  } catch (error) {
    return { type: 'failed', reason: reasonOf(error) }
  }
}

/** How often it says how far it is. */
const tellMs = 100

function say(message: PaperMessage): void {
  parentPort?.postMessage(message)
}
