/** What a long command is at, on standard error: one line that changes on a terminal, now and then a line elsewhere. */
import { talk } from '../output.ts'

/** On a terminal, so that it moves and does not flicker. */
const redrawMs = 100

/** Elsewhere, in a log: often enough to see that it lives. */
const lineMs = 30_000

export class StatusLine {
  readonly #line: (width: number) => string
  readonly #terminal = process.stderr.isTTY
  #shownAt = performance.now()
  #drawn = false

  /** @param line - what to show now, in at most `width` columns. */
  constructor(line: (width: number) => string) {
    this.#line = line
  }

  /** Shows it now where it would be the first thing seen: on a terminal. */
  begin(): void {
    if (this.#terminal) {
      this.#draw()
    }
  }

  /** Shows it again, if that is due. */
  update(): void {
    const now = performance.now()
    if (now - this.#shownAt >= (this.#terminal ? redrawMs : lineMs)) {
      this.#shownAt = now
      this.#draw()
    }
  }

  /** Lets somebody write lines of their own, and goes on below. */
  between(write: () => void): void {
    this.clear()
    write()
    this.begin()
  }

  /** Leaves the line to whoever writes next. */
  clear(): void {
    if (this.#drawn) {
      this.#drawn = false
      talk.text('\r\u001b[2K')
    }
  }

  #draw(): void {
    const line = this.#line(Math.max(20, (process.stderr.columns ?? 80) - 1))
    if (this.#terminal) {
      this.#drawn = true
      talk.text(`\r\u001b[2K${line}`)
    } else {
      talk.line(line)
    }
  }
}
