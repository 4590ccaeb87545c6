/** Help for tests of what works by timers. */
import { setImmediate } from 'node:timers/promises'

/** Lets everything that waits for nothing but its turn run to its end. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await setImmediate()
  }
}
