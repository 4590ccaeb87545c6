/**
 * Replays a trace of a node (`vicinity node --record`): tells a machine of the same settings and seed the same at the same
 * times, and compares what it says with what was recorded, output by output, up to the first that differs.
 */
import { assert, Kademlia, LineSplitter, Rng, TraceReader } from '@vicinity/kademlia'
import type { KademliaInput, KademliaOutput, TextLine, TraceEntry, TraceHeader, TraceProblem } from '@vicinity/kademlia'
import { firstDifference } from './compare.ts'
import { describe } from './describe.ts'
import type { ReplayCounts, ReplayReport } from './report.ts'

export interface ReplayOptions {
  /** Replay a trace whose end is missing as far as it goes, instead of refusing it. */
  readonly partial?: boolean
}

/** A whole replay, of text in pieces of any length; takes no more of them than it needs. */
export function replay(pieces: Iterable<string>, options?: ReplayOptions): ReplayReport {
  const running = new Replay(options)
  for (const piece of pieces) {
    if (!running.push(piece)) {
      break
    }
  }

  return running.end()
}

/** One replay, for whoever has to wait for the text. */
export class Replay {
  readonly #options: ReplayOptions
  readonly #lines = new LineSplitter()
  readonly #reader = new TraceReader()
  readonly #counts: { -readonly [Name in keyof ReplayCounts]: ReplayCounts[Name] } = {
    inputs: 0,
    outputs: 0,
    duration: 0,
    operations: 0,
    requests: 0,
    answers: 0,
    served: 0,
    tableChanges: 0
  }
  #run: { readonly header: TraceHeader; readonly machine: Kademlia } | undefined
  #report: ReplayReport | undefined

  constructor(options: ReplayOptions = {}) {
    this.#options = options
  }

  /** Takes more of the trace. @returns whether it wants any more. */
  push(piece: string): boolean {
    for (const line of this.#lines.push(piece)) {
      this.#take(line)
    }

    return this.#report === undefined
  }

  /** Tells it that there is no more. */
  end(): ReplayReport {
    for (const line of this.#lines.end()) {
      this.#take(line)
    }

    const last = this.#reader.end()
    this.#report ??= last.type === 'problem' ? this.#stopAt(last) : this.#agreed(undefined)
    return this.#report
  }

  #take({ text, whole }: TextLine): void {
    if (this.#report !== undefined) {
      return
    }

    const line = this.#reader.read(text, whole)
    switch (line.type) {
      case 'header': {
        const { header } = line
        this.#run = { header, machine: new Kademlia(header.self, header.config, new Rng(header.seed)) }
        break
      }
      case 'entry':
        this.#repeat(line.entry)
        break
      case 'problem':
        this.#report = this.#stopAt(line)
        break
      case 'end':
        break
    }
  }

  /** Tells the machine what it was told then. */
  #repeat({ at, input, outputs, threw }: TraceEntry): void {
    if (this.#run === undefined) {
      return
    }

    const { machine } = this.#run
    this.#countInput(at, input)
    const failure = failureOf(() => {
      machine.handle(at, input)
    })
    let read = 0
    for (let output = machine.poll(); output !== undefined; output = machine.poll()) {
      this.#countOutput(output)
      if (!this.#compare(at, input, read, outputs[read], output)) {
        return
      }

      read++
    }

    if (read < outputs.length) {
      this.#compare(at, input, read, outputs[read], undefined)
    } else {
      this.#compare(at, input, read, threw && `it threw: ${threw}`, failure && `it threw: ${failure}`)
    }
  }

  /** @returns whether the two are the same; otherwise the replay has ended. */
  #compare(at: number, input: KademliaInput, index: number, recorded: unknown, replayed: unknown): boolean {
    const path = firstDifference(recorded, replayed)
    if (path === undefined || this.#run === undefined) {
      return true
    }

    this.#report = {
      verdict: 'different',
      header: this.#run.header,
      counts: this.#counts,
      difference: {
        line: this.#reader.line,
        at,
        input: describe(input),
        output: index + 1,
        path: path === 'type' ? '' : path,
        recorded: describe(recorded),
        replayed: describe(replayed)
      }
    }
    return false
  }

  #stopAt(problem: TraceProblem): ReplayReport {
    const mayEnd = problem.reason === 'cut' && this.#options.partial === true && this.#run !== undefined
    return mayEnd ? this.#agreed(problem) : { verdict: 'unreadable', header: this.#run?.header, counts: this.#counts, problem }
  }

  #agreed(cut: TraceProblem | undefined): ReplayReport {
    assert(this.#run !== undefined, 'what goes on to an end has had a beginning')
    return { verdict: 'same', header: this.#run.header, counts: this.#counts, cut }
  }

  #countInput(at: number, { type }: KademliaInput): void {
    this.#counts.inputs++
    this.#counts.duration = at
    this.#counts.operations += type === 'start' ? 1 : 0
    this.#counts.answers += type === 'response' ? 1 : 0
  }

  #countOutput({ type }: KademliaOutput): void {
    this.#counts.outputs++
    this.#counts.requests += type === 'send' ? 1 : 0
    this.#counts.served += type === 'reply' ? 1 : 0
    this.#counts.tableChanges += type === 'table' ? 1 : 0
  }
}

/** The message of what an action throws: a bug of the machine, which a trace may well be about. */
function failureOf(action: () => void): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
