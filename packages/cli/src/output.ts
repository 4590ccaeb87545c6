/**
 * Where words go: data to standard output, talk to standard error, each line written before the call returns.
 *
 * Written synchronously, because the lines are a contract that a grader reads as they come and that must be complete
 * when the process ends. A reader that stops reading therefore stops us too; one that goes away does not.
 */
import { writeSync } from 'node:fs'
import { styleText } from 'node:util'
import { codeOf } from './errors.ts'

/** How long to wait before trying a full pipe again. */
const fullPipeMs = 2

export class LineWriter {
  readonly #fd: number
  readonly #gone: (error: unknown) => void
  #open = true

  /** `gone` is called once, with why, when nothing can be written any more; what is written from then on is dropped. */
  constructor(fd: number, gone: (error: unknown) => void = () => {}) {
    this.#fd = fd
    this.#gone = gone
  }

  /** Write one line (its end is added here). */
  line(text: string): void {
    this.text(`${text}\n`)
  }

  /** Write a text as it is, such as a line that is to be written over. */
  text(text: string): void {
    if (!this.#open) {
      return
    }
    try {
      this.#write(Buffer.from(text))
    } catch (error) {
      // A pipe's reader that ended, a terminal that was closed, a disk that is full: not worth the node's life.
      this.#open = false
      this.#gone(error)
    }
  }

  #write(bytes: Uint8Array): void {
    for (let written = 0; written < bytes.length; ) {
      try {
        written += writeSync(this.#fd, bytes, written)
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN') {
          throw error
        }
        // The pipe is full and was made non-blocking by whoever gave it to us.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, fullPipeMs)
      }
    }
  }
}

/** Standard error, for people. */
export const talk = new LineWriter(2)

type Style = 'bold' | 'dim' | 'red' | 'green'

/** Coloured where standard error is a terminal that shows colours and nobody set `NO_COLOR`. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stderr })
}
