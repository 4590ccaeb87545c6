/**
 * Standard output of a command whose result is a report. A reader that goes away (`| head`) has what it wanted, and ends the
 * command quietly; whatever else keeps the report from being written is an error, which must not look like success.
 */
import { codeOf } from './errors.ts'
import { LineWriter } from './output.ts'
import { fileReason } from './trace-file.ts'

/** A report that did not reach whoever it was for. */
export class OutputError extends Error {
  override readonly name = 'OutputError'
  readonly code = 'ERR_OUTPUT_UNWRITABLE'
}

export class ReportOutput {
  readonly #out: LineWriter
  #failed: OutputError | undefined

  /** `gone` is called once, when nothing can be written any more; what is written from then on is dropped. */
  constructor(gone: () => void = () => {}) {
    this.#out = new LineWriter(1, error => {
      this.#failed = codeOf(error) === 'EPIPE' ? undefined : unwritable(error)
      gone()
    })
  }

  line(text: string): void {
    this.#out.line(text)
  }

  /** To be called when all else is done. @throws OutputError where a line could not be written. */
  end(): void {
    if (this.#failed !== undefined) {
      throw this.#failed
    }
  }
}

function unwritable(error: unknown): OutputError {
  const reason = codeOf(error) === 'EBADF' ? 'standard output is closed' : fileReason(error)
  return new OutputError(`cannot write the report (${reason}): let standard output go elsewhere`, { cause: error })
}
