/** Threads that simulate, and the memory that they may have. */
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'

/**
 * Starts one of several threads.
 *
 * @param name - the name of its module beside this one, without its ending.
 * @param heapMb - see {@link heapMbOf}.
 */
export function startThread(name: string, heapMb: number, workerData?: unknown): Worker {
  setFlagsFromString(`--heap-growing-percent=${growingPercent}`)
  const fromSource = import.meta.url.endsWith('.ts')
  return new Worker(new URL(`./${name}.${fromSource ? 'ts' : 'js'}`, import.meta.url), {
    workerData,
    // the entry's way of finding the sources does not reach a thread
    execArgv: fromSource ? ['-C', 'vicinity-source'] : [],
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: youngMb }
  })
}

/**
 * How large the heap of each thread may be, in megabytes: together most of the memory that is free now, for Node's own limit
 * would stop a large network long before. The rest is for what stands outside of heaps, the columns of tables and of events.
 */
export function heapMbOf(threads: number): number {
  const free = process.availableMemory() / 2 ** 20
  return Math.max(256, Math.floor((0.75 * free) / threads))
}

/** Most of what a simulation makes is gone at once: where there is room for it, little is copied. */
const youngMb = 64

/**
 * How much a heap grows, of what was alive in it, until it is collected again. With as much room as there is here it would be
 * up to three times that, which takes more memory and is no faster.
 */
const growingPercent = 100
