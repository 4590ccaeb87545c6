/** Runs the parts of the papers' tables in worker threads: a part to each thread, the next when it is done. */
import { on, once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { reasonOf } from '../errors.ts'
import { heapMbOf, startThread } from './threads.ts'
import type { PartProgress, PartResult, Size } from '@vicinity/simulator/paper'

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

/** What a thread says of its job: how far it is, and at last how it ended. */
export type PaperMessage = PaperEnd | { readonly type: 'progress'; readonly progress: PartProgress }

export interface RunPaperJobs {
  readonly jobs: readonly PaperJob[]
  readonly threads: number
  /** Ends the threads where they are. */
  readonly stop: AbortSignal
  readonly began: (job: number) => void
  /** How far a job is that takes long. */
  readonly progress: (job: number, progress: PartProgress) => void
  readonly ended: (job: number, end: PaperEnd) => void
}

/** Resolves with the end of each job, in their order, when all have ended. */
export async function runPaperJobs({ jobs, threads, stop, began, progress, ended }: RunPaperJobs): Promise<PaperEnd[]> {
  const ends: PaperEnd[] = jobs.map(() => ({ type: 'stopped' }))
  let next = 0
  const work = async (): Promise<void> => {
    let worker: Worker | undefined
    for (let at = next++; at < jobs.length && !stop.aborted; at = next++) {
      const job = jobs[at]
      if (job === undefined) {
        break
      }

      worker ??= startThread('paper-worker', heapMbOf(threads))
      began(at)
      const end = await runOne(worker, job, stop, of => {
        progress(at, of)
      })
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

async function runOne(
  worker: Worker,
  job: PaperJob,
  stop: AbortSignal,
  progress: (progress: PartProgress) => void
): Promise<PaperEnd> {
  const controller = new AbortController()
  const { signal } = controller
  worker.postMessage(job)
  try {
    return await Promise.race([
      endOf(worker, signal, progress),
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

async function endOf(worker: Worker, signal: AbortSignal, progress: (progress: PartProgress) => void): Promise<PaperEnd> {
  for await (const [message] of on(worker, 'message', { signal }) as AsyncIterable<[PaperMessage]>) {
    if (message.type !== 'progress') {
      return message
    }

    progress(message.progress)
  }

  throw new Error('its thread says nothing any more')
}
