import { limits, Rng } from '@vicinity/kademlia'
import type { KademliaInput, KademliaOutput, Op, Target } from '@vicinity/kademlia'
import { WalkRecorder } from '../report/index.ts'
import type { Walk } from '../report/index.ts'
import type { FinishedLookup } from '../workload/lookups.ts'
import type { Node } from '../world/node.ts'
import type { Observer } from '../world/observer.ts'
import type { MeasuresData } from './measures.ts'
import type { Simulation } from './simulation.ts'

/** Recall over virtual time: for each of many equal spans, of the lookups that began in it. */
export interface Course {
  readonly spanMs: number
  readonly counts: Float64Array
  readonly recallSums: Float64Array
}

/** What pictures of a run are drawn from, as data that crosses to another thread. */
export interface SceneData {
  /** Of the parts of the run, where it has any, else of the whole. */
  readonly measures: readonly MeasuresData[]
  /** A lookup of ordinary length. */
  readonly walk: Walk | undefined
  /** Requests that reached servers, by the first bits of the server's key: see {@link sliceBits}. */
  readonly heat: Float64Array
  readonly course: Course
}

/** Heat is counted by so many leading bits of a key, and shown by fewer where the network is small. */
export const sliceBits = 12

/** Spans of a course: as many as a picture has room for. */
const spans = 80

/** How many lookups are drawn to choose an ordinary one from. */
const drawn = 9

interface Recording {
  readonly place: number
  readonly recorder: WalkRecorder
}

/**
 * Watches a run for the pictures that are drawn of it. It changes nothing that is simulated, and its memory is bounded
 * whatever the run's length: counts by slice and by span, and the walks of a few lookups that are drawn at random.
 */
export class Scene implements Observer {
  readonly #simulation: Simulation
  readonly #rng: Rng
  readonly #heat = new Float64Array(1 << sliceBits)
  readonly #counts = new Float64Array(spans)
  readonly #recallSums = new Float64Array(spans)
  readonly #spanMs: number
  /** Lookups that have begun, of which each is as likely to be kept as any other (Vitter's algorithm R). */
  #begun = 0
  // bounded by `drawn`: those that run, and those that have ended
  readonly #running = new Map<string, Recording>()
  readonly #walks = new Map<number, Walk>()

  constructor(simulation: Simulation) {
    this.#simulation = simulation
    this.#rng = new Rng(`${simulation.init.seed}/scene`)
    this.#spanMs = simulation.end / spans
    simulation.watch(this)
  }

  input(node: Node, input: KademliaInput): void {
    if (input.type === 'start' && input.operation.type === 'closest') {
      this.#begin(node, input.op, input.operation.target)
    }
  }

  output(node: Node, output: KademliaOutput): void {
    // most outputs are requests: only those of operations can be about a lookup that was drawn
    if (this.#running.size === 0 || (output.type !== 'progress' && output.type !== 'finished')) {
      return
    }

    const key = keyOf(node, output.op)
    const recording = this.#running.get(key)
    if (recording === undefined) {
      return
    }

    const { now } = this.#simulation.world
    if (output.type === 'progress') {
      recording.recorder.handle(now, output.event)
    } else {
      this.#running.delete(key)
      if (output.outcome.type === 'lookup') {
        this.#walks.set(recording.place, recording.recorder.finish(now, output.outcome.result))
      }
    }
  }

  served(_from: Node, to: Node): void {
    const slice = (to.contact.key[0] ?? 0) >>> (32 - sliceBits)
    this.#heat[slice] = (this.#heat[slice] ?? 0) + 1
  }

  lookup({ began, recall }: FinishedLookup): void {
    const span = Math.min(spans - 1, Math.floor(began / this.#spanMs))
    this.#counts[span] = (this.#counts[span] ?? 0) + 1
    this.#recallSums[span] = (this.#recallSums[span] ?? 0) + recall
  }

  data(): SceneData {
    return {
      measures: this.#simulation.measures.map(measures => measures.data()),
      walk: ordinary([...this.#walks.values()]),
      heat: this.#heat.slice(),
      course: { spanMs: this.#spanMs, counts: this.#counts.slice(), recallSums: this.#recallSums.slice() }
    }
  }

  #begin(node: Node, op: Op, target: Target): void {
    const draw = this.#begun < drawn ? this.#begun : this.#rng.below(this.#begun + 1)
    this.#begun++
    if (draw >= drawn) {
      return
    }

    // it takes the place of one that was drawn before, which is forgotten if it still runs
    this.#walks.delete(draw)
    for (const [other, { place }] of this.#running) {
      if (place === draw) {
        this.#running.delete(other)
      }
    }

    // whom it begins with: those of its node's table
    const seeds = node.machine?.table.closest(target.key, limits.closerPeersRead) ?? []
    const recorder = new WalkRecorder(target.key, this.#simulation.world.now, seeds)
    this.#running.set(keyOf(node, op), { place: draw, recorder })
  }
}

function keyOf(node: Node, op: Op): string {
  return `${node.index}/${node.epoch}/${op}`
}

/** The one in the middle, by requests and then by time. */
function ordinary(walks: readonly Walk[]): Walk | undefined {
  const sorted = [...walks].sort((a, b) => a.requests.length - b.requests.length || a.durationMs - b.durationMs)
  return sorted[Math.floor(sorted.length / 2)]
}
