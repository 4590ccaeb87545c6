/** Runs the parts of the papers' tables in worker threads: a part to each thread, the next when it is done. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { reasonOf } from '../errors.ts'
import type { PartResult, Size } from '@vicinity/simulator/paper'

/** One part of a table to run. */
export interface PaperJob {
  /** The table's id. */
  readonly table: string
  /** Which of its parts, from 0. */
  readonly part: number
  readonly size: Size
  readonly seed: string
}

export type PaperEnd =
  | { readonly type: 'done'; readonly result: PartResult; readonly wallTimeMs: number }
  /** It could not be run, or its thread died. */
  | { readonly type: 'failed'; readonly reason: string }
  /** The user wanted to stop before it ended. */
  | { readonly type: 'stopped' }

/** Resolves with the end of each job, in their order, when all have ended. A stop ends the threads where they are. */
export async function runPaperJobs(
  jobs: readonly PaperJob[],
  threads: number,
  stop: AbortSignal,
  ended: (job: number, end: PaperEnd) => void
): Promise<PaperEnd[]> {
  const ends: PaperEnd[] = jobs.map(() => ({ type: 'stopped' }))
  let next = 0
  const work = async (): Promise<void> => {
    let worker: Worker | undefined
    for (let at = next++; at < jobs.length && !stop.aborted; at = next++) {
      const job = jobs[at]
      if (job === undefined) {
        break
      }

      worker ??= startWorker(threads)
      const end = await runOne(worker, job, stop)
      if (end.type !== 'done') {
        await worker.terminate()
        worker = undefined
      }

      ends[at] = end
      ended(at, end)
    }

    await worker?.terminate()
  }
  await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, work))
  return ends
}

async function runOne(worker: Worker, job: PaperJob, stop: AbortSignal): Promise<PaperEnd> {
  const controller = new AbortController()
  const { signal } = controller
  worker.postMessage(job)
  try {
    return await Promise.race([
      once(worker, 'message', { signal }).then(([end]) => end as PaperEnd),
      once(worker, 'exit', { signal }).then(([code]) => ({ type: 'failed', reason: `its thread ended with ${code}` }) as const),
      once(stop, 'abort', { signal }).then(() => ({ type: 'stopped' }) as const)
    ])
  } catch (error) {
    // an 'error' of the worker, such as running out of memory
    return { type: 'failed', reason: reasonOf(error) }
  } finally {
    controller.abort()
  }
}

function startWorker(threads: number): Worker {
  const fromSource = import.meta.url.endsWith('.ts')
  const free = process.availableMemory() / 2 ** 20
  return new Worker(new URL(fromSource ? './paper-worker.ts' : './paper-worker.js', import.meta.url), {
    // the entry's way of finding the sources does not reach a thread
    execArgv: fromSource ? ['-C', 'vicinity-source'] : [],
    resourceLimits: { maxOldGenerationSizeMb: Math.max(256, Math.floor((0.9 * free) / threads)) }
  })
}
