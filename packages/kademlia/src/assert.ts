/** A broken promise inside this package: a programmer's error, never the network's. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/**
 * Throws when something that our own code guarantees does not hold.
 * Bad input from the network is never asserted: it is data (`failure`, `refuse`).
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) {
    throw new AssertionError(message)
  }
}

/** For the end of an exhaustive `switch`: compiles only when every case was handled. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`)
}
