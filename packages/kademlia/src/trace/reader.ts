import { limits } from '../limits.ts'
import type { Millis } from '../time.ts'
import { TraceDecoder } from './decoder.ts'
import { Fields } from './fields.ts'
import { traceVersion } from './format.ts'
import type { TraceEntry, TraceLine, TraceProblem } from './format.ts'
import { readHeader } from './header.ts'
import { readInput } from './inputs.ts'

/**
 * Reads a trace, line by line; believes none of it. The first line that makes no sense gives a `problem`, and so does
 * every call after it. Holds no more of a trace than the references that may still be used.
 */
export class TraceReader {
  readonly #decoder = new TraceDecoder()
  #phase: 'header' | 'entries' | 'ended' | TraceProblem = 'header'
  #line = 0
  #inputs = 0
  #now: Millis = 0

  /** How many lines were read. */
  get line(): number {
    return this.#line
  }

  /** @param whole - false for what stands after the last line end, where a recording may have been cut off. */
  read(text: string, whole = true): TraceLine {
    if (typeof this.#phase === 'object') {
      return this.#phase
    }

    this.#line++
    if (text.length > limits.traceLineLength) {
      return this.#refuse('corrupt', `it is longer than ${limits.traceLineLength} characters`)
    }

    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      return whole ? this.#refuse('corrupt', notJson(text)) : this.#refuse('cut', `the line was cut off; ${unended}`)
    }

    try {
      return this.#read(json)
    } catch (error) {
      if (!(error instanceof SyntaxError)) {
        throw error
      }

      return this.#refuse('corrupt', error.message)
    }
  }

  /** Tells it that there are no more lines. */
  end(): TraceLine {
    switch (this.#phase) {
      case 'ended':
        return { type: 'end' }
      case 'header':
        this.#line++
        return this.#refuse('cut', 'there is nothing in it')
      case 'entries':
        return this.#refuse('cut', `there is no more; ${unended}`)
      default:
        return this.#phase
    }
  }

  #read(json: unknown): TraceLine {
    switch (this.#phase) {
      case 'header':
        return this.#header(json)
      case 'entries':
        return this.#entry(new Fields(json, 'it'))
      default:
        throw new SyntaxError('it follows the end of the trace')
    }
  }

  #header(json: unknown): TraceLine {
    const header = readHeader(json, this.#decoder)
    if ('version' in header) {
      const made = typeof header.commit === 'string' ? `; it was made with the commit ${header.commit}` : ''
      return this.#refuse(
        'version',
        `it is a trace of version ${JSON.stringify(header.version)}, and this program reads version ${traceVersion}${made}`
      )
    }

    this.#phase = 'entries'
    return { type: 'header', header }
  }

  #entry(fields: Fields): TraceLine {
    if (fields.has('end')) {
      const inputs = fields.whole('end', 0)
      if (inputs !== this.#inputs) {
        throw new SyntaxError(`it says that ${inputs} inputs came before it, and there are ${this.#inputs}`)
      }

      this.#phase = 'ended'
      return fields.end({ type: 'end' })
    }

    const at = fields.whole('at', 0)
    if (at < this.#now) {
      throw new SyntaxError(`time runs backwards: it is at ${at} ms, and the line before it at ${this.#now} ms`)
    }

    const entry: TraceEntry = {
      at,
      input: readInput(this.#decoder.decode(fields.take('in'))),
      outputs: fields.has('out') ? fields.list('out', item => this.#decoder.decode(item)) : [],
      threw: fields.has('threw') ? fields.text('threw') : undefined
    }
    this.#now = at
    this.#inputs++
    return fields.end({ type: 'entry', entry })
  }

  #refuse(reason: TraceProblem['reason'], message: string): TraceProblem {
    const problem: TraceProblem = { type: 'problem', reason, line: this.#line, message }
    this.#phase = problem
    return problem
  }
}

const unended = 'the node was killed, or is still running'

function notJson(text: string): string {
  return text.trim() === '' ? 'it is empty' : `it is not JSON: ${text.slice(0, 40)}${text.length > 40 ? '…' : ''}`
}
