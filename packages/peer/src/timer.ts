/**
 * A timer for work that must not overlap itself: each run says when the next one is due, if any, and only then is it
 * armed again. Once stopped it never runs again.
 */
export class Timer {
  readonly #work: () => Due | Promise<Due>
  #handle: ReturnType<typeof setTimeout> | undefined
  #busy = false
  #stopped = false

  /** `work` gives the milliseconds until its next run, or `undefined` for none. It must not throw. */
  constructor(work: () => Due | Promise<Due>) {
    this.#work = work
  }

  /** Runs the work after `delayMs`; changes nothing when it is due already, or running, for then it decides itself. */
  start(delayMs: number): void {
    if (this.#stopped || this.#busy || this.#handle !== undefined) {
      return
    }

    this.#handle = setTimeout(() => void this.#run(), delayMs)
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#handle)
    this.#handle = undefined
  }

  async #run(): Promise<void> {
    this.#handle = undefined
    this.#busy = true
    const due = await this.#work()
    this.#busy = false

    if (due !== undefined) {
      this.start(due)
    }
  }
}

export type Due = number | undefined
