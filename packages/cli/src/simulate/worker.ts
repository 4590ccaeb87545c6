/** A worker thread: runs one simulation after another, as it is told, so that the main thread hears Ctrl-C and shows progress. */
import { parentPort, workerData } from 'node:worker_threads'
import { runInit, Scene, shrink } from '@vicinity/simulator'
import { reasonOf } from '../errors.ts'
import { remarksOn } from './remarks.ts'
import type { SeedRun, Simulation } from '@vicinity/simulator'
import type { Job, JobResult, Shrunk, WorkerInit, WorkerMessage } from './jobs.ts'

const { stop } = workerData as WorkerInit
const stopping = new Int32Array(stop)

parentPort?.on('message', (job: Job) => {
  try {
    say({ type: 'done', result: run(job) })
  } catch (error) {
    say({ type: 'failed', reason: reasonOf(error) })
  }
})

function run(job: Job): JobResult {
  let simulation: Simulation | undefined
  let scene: Scene | undefined
  const start = performance.now()
  let told = start
  const failing = runInit(job.init, {
    began(made) {
      simulation = made
      scene = job.scene ? new Scene(made) : undefined
    },
    yielded({ world }) {
      const now = performance.now()
      if (now - told >= tellMs) {
        told = now
        say({ type: 'progress', virtualMs: world.now, events: world.events })
      }

      return !stopped()
    }
  })
  if (simulation === undefined) {
    throw new Error('a run has a simulation')
  }

  const { report, findings } = failing
  const wallTimeMs = performance.now() - start
  const seconds = Math.max(wallTimeMs, 1) / 1_000
  const machine = {
    wallTimeMs,
    eventsPerSecond: report.events / seconds,
    requestsPerSecond: report.requests / seconds,
    runtime: `Node.js ${process.versions.node}`
  }
  // what was not begun by an end that came early may be there
  const remarks = report.ended === 'completed' ? remarksOn(simulation) : []
  const large = job.shrink && findings.length > 0
  const cut = report.ended === 'interrupted' || (large && stopped())
  const shrunk = large && !cut ? smallest(failing) : undefined
  return {
    ended: cut ? 'interrupted' : (shrunk?.ended ?? 'completed'),
    report: { ...report, notes: [...report.notes, ...remarks.map(({ text }) => noted(text))], machine },
    remarks,
    findings,
    lookups: simulation.whole.data(),
    searches: simulation.searches.data(),
    scene: scene?.data(),
    shrunk
  }
}

/** A note is a sentence. */
function noted(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function smallest(failing: SeedRun): Shrunk {
  let tries = 0
  let ended: Shrunk['ended'] = 'completed'
  const { init, findings } = shrink(failing, mostTries, {
    tried(progress) {
      tries = progress.tries
      say({ type: 'shrinking', tries, nodes: progress.smallest.options.nodes })
      ended = stopped() ? 'interrupted' : 'completed'
      return ended === 'completed'
    }
  })
  return { ended, init, findings, tries }
}

function stopped(): boolean {
  return Atomics.load(stopping, 0) !== 0
}

/** Each is a whole run; more of them leave out little more. */
const mostTries = 300

/** How often it says how far it is. */
const tellMs = 100

function say(message: WorkerMessage): void {
  parentPort?.postMessage(message)
}
