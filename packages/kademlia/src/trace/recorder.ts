import type { KademliaInput, KademliaOutput } from '../io.ts'
import type { Machine } from '../machine.ts'
import { Outputs } from '../outputs.ts'
import type { Millis } from '../time.ts'
import { TraceEncoder } from './encoder.ts'
import type { TraceHeader, TraceSink } from './format.ts'
import { writeHeader } from './header.ts'

type Root = Machine<KademliaInput, KademliaOutput>

/**
 * Stands before a machine and writes down every input and what it led to. To the driver it is the machine.
 *
 * It drains the machine at once after each input and hands the outputs on in their order. A driver may be led back to
 * `handle` while it drains; as polling changes nothing in the machine, each line still holds what its own input led to.
 */
export class TraceRecorder implements Root {
  readonly #machine: Root
  readonly #sink: TraceSink
  readonly #encoder: TraceEncoder
  readonly #outputs = new Outputs<KademliaOutput>()
  #inputs = 0
  #ended = false

  /** @param header - what the machine was made of; the sink's program and commit are added to it. */
  constructor(machine: Root, header: Omit<TraceHeader, 'program' | 'commit'>, sink: TraceSink) {
    this.#machine = machine
    this.#sink = sink
    this.#encoder = new TraceEncoder()
    sink.line(writeHeader({ ...header, program: sink.program, commit: sink.commit }, this.#encoder))
  }

  get deadline(): Millis {
    return this.#machine.deadline
  }

  handle(now: Millis, input: KademliaInput): void {
    if (this.#ended) {
      this.#machine.handle(now, input)
      return
    }

    let threw: string | undefined
    try {
      this.#machine.handle(now, input)
    } catch (error) {
      threw = error instanceof Error ? error.message : String(error)
      throw error
    } finally {
      this.#record(now, input, threw)
    }
  }

  poll(): KademliaOutput | undefined {
    return this.#outputs.poll() ?? this.#machine.poll()
  }

  /** Writes the last line. What the machine is told from now on is not recorded. */
  end(): void {
    if (!this.#ended) {
      this.#ended = true
      this.#sink.line(JSON.stringify({ end: this.#inputs }))
    }
  }

  #record(at: Millis, input: KademliaInput, threw: string | undefined): void {
    const encoded = this.#encoder.encode(input)
    // bounded by what one input can cause
    const outputs: KademliaOutput[] = []
    for (let output = this.#machine.poll(); output !== undefined; output = this.#machine.poll()) {
      outputs.push(output)
      this.#outputs.push(output)
    }

    const out = outputs.length === 0 ? undefined : this.#encoder.encode(outputs)
    this.#inputs++
    this.#sink.line(JSON.stringify({ at, in: encoded, out, threw }))
  }
}
