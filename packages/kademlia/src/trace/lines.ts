import { limits } from '../limits.ts'

/** A line of text; not `whole` if the text ended before the line did. */
export interface TextLine {
  readonly text: string
  readonly whole: boolean
}

/**
 * Cuts text that comes in pieces into lines. One that grows longer than any line of a trace is given as far as it came, to be
 * refused by whoever reads it: no more than that is ever held.
 */
export class LineSplitter {
  #rest = ''

  /** The lines that end in this piece. */
  push(piece: string): TextLine[] {
    const parts = piece.split('\n')
    const last = parts.pop() ?? ''
    const lines = parts.map((text, i) => ({ text: i === 0 ? this.#rest + text : text, whole: true }))
    this.#rest = lines.length === 0 ? this.#rest + last : last
    return this.#rest.length > limits.traceLineLength ? [...lines, ...this.end()] : lines
  }

  /** What stands after the last line end. */
  end(): TextLine[] {
    const text = this.#rest
    this.#rest = ''
    return text === '' ? [] : [{ text, whole: false }]
  }
}
