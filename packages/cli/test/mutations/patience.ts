/** Waiting for a stranger's reaction, which may never come. */

/** Resolves with the promise, or after `ms` without it. */
export async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<void>(resolve => {
    // waits: for the reaction, or gives up
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise, patience]).finally(() => {
    clearTimeout(timer)
  })
}

/** A count that others wait for. */
export class Counter {
  #value = 0
  #isClosed = false
  readonly #waiters = new Set<() => void>()

  get value(): number {
    return this.#value
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  add(): void {
    this.#value++
    this.#wake()
  }

  /** It counts no further: nobody waits any more. */
  close(): void {
    this.#isClosed = true
    this.#wake()
  }

  /** Resolves when the count is reached or closed, or after `ms`. */
  async reach(value: number, ms: number): Promise<void> {
    if (this.#value >= value || this.#isClosed) {
      return
    }

    const reached = new Promise<void>(resolve => {
      const check = (): void => {
        if (this.#value >= value || this.#isClosed) {
          this.#waiters.delete(check)
          resolve()
        }
      }
      this.#waiters.add(check)
    })
    await within(ms, reached)
  }

  /** Resolves when nothing was counted for `ms`, or the counter closed. */
  async quiet(ms: number): Promise<void> {
    for (let before = -1; before !== this.#value && !this.#isClosed; ) {
      before = this.#value
      await this.reach(before + 1, ms)
    }
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) {
      waiter()
    }
  }
}
