/** Runs simulations in worker threads: a job to each thread, the next when it is done. A thread that dies takes only its job along. */
import type { Worker } from 'node:worker_threads'
import { codeOf, reasonOf } from '../errors.ts'
import { heapMbOf, startThread } from './threads.ts'
import type { Job, JobEnd, JobProgress, WorkerInit, WorkerMessage } from './jobs.ts'

export interface RunJobs {
  readonly jobs: readonly Job[]
  /** How many threads there are at most. */
  readonly threads: number
  /** Ends every run where it is; its report then says so. */
  readonly stop: AbortSignal
  /** How far a job is. */
  readonly progress: (job: number, progress: JobProgress) => void
  /** Called once for every job, in the order of the jobs. */
  readonly ended: (job: number, end: JobEnd) => void
}

/** Resolves when every job has ended. */
export async function runJobs({ jobs, threads, stop, progress, ended }: RunJobs): Promise<void> {
  const stopping = new SharedArrayBuffer(4)
  const flag = new Int32Array(stopping)
  const onStop = (): void => {
    Atomics.store(flag, 0, 1)
  }
  stop.addEventListener('abort', onStop)
  if (stop.aborted) {
    onStop()
  }

  const inOrder = new InOrder(ended)
  const count = Math.min(threads, jobs.length)
  let next = 0
  const work = async (): Promise<void> => {
    let thread: Thread | undefined
    for (let at = next++; at < jobs.length; at = next++) {
      const job = jobs[at]
      if (job === undefined || stop.aborted) {
        inOrder.ended(at, { type: 'skipped' })
        continue
      }

      thread ??= new Thread({ stop: stopping }, count)
      const end = await thread.run(job, of => {
        progress(at, of)
      })
      if (!thread.alive) {
        thread = undefined
      }

      inOrder.ended(at, end)
    }

    await thread?.end()
  }
  await Promise.all(Array.from({ length: count }, work))
  stop.removeEventListener('abort', onStop)
}

class Thread {
  readonly #worker: Worker
  readonly #heapMb: number
  alive = true

  constructor(init: WorkerInit, threads: number) {
    this.#heapMb = heapMbOf(threads)
    this.#worker = startThread('worker', this.#heapMb, init)
    // between jobs nobody else listens, and `run` finds it dead
    this.#worker.on('error', () => {
      this.alive = false
    })
    this.#worker.on('exit', () => {
      this.alive = false
    })
  }

  async run(job: Job, progress: (progress: JobProgress) => void): Promise<JobEnd> {
    if (!this.alive) {
      return { type: 'failed', reason: 'its thread ended' }
    }

    return await new Promise(resolve => {
      const worker = this.#worker
      const settle = (end: JobEnd): void => {
        worker.off('message', onMessage).off('error', onError).off('exit', onExit)
        resolve(end)
      }
      const onMessage = (message: WorkerMessage): void => {
        if (message.type === 'done' || message.type === 'failed') {
          settle(message)
        } else {
          progress(message)
        }
      }
      const onError = (error: unknown): void => {
        this.alive = false
        settle({ type: 'failed', reason: this.#why(error) })
      }
      const onExit = (code: number): void => {
        this.alive = false
        settle({ type: 'failed', reason: `its thread ended with exit code ${code}` })
      }
      worker.on('message', onMessage).on('error', onError).on('exit', onExit)
      worker.postMessage(job)
    })
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  #why(error: unknown): string {
    return codeOf(error) === 'ERR_WORKER_OUT_OF_MEMORY'
      ? `it needs more than the ${this.#heapMb} MB of memory that its thread may have: take fewer --nodes, or fewer --threads at a time`
      : reasonOf(error)
  }
}

/** Tells ends in the order of the jobs, whichever ends first. */
class InOrder {
  readonly #tell: (job: number, end: JobEnd) => void
  readonly #waiting = new Map<number, JobEnd>()
  #next = 0

  constructor(tell: (job: number, end: JobEnd) => void) {
    this.#tell = tell
  }

  ended(job: number, end: JobEnd): void {
    this.#waiting.set(job, end)
    for (let first = this.#waiting.get(this.#next); first !== undefined; first = this.#waiting.get(this.#next)) {
      this.#waiting.delete(this.#next)
      this.#tell(this.#next, first)
      this.#next++
    }
  }
}
