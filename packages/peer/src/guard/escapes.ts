/**
 * Errors that escape a dependency: thrown from a timer, a microtask or an event listener, where nobody can catch them.
 *
 * Everything that a connection causes runs on behalf of it, also what it schedules. An error that escapes from there ends
 * that connection; one that no connection caused but a dependency threw ends nothing. Both are counted, and told once
 * for each message. An error of our own code outside any connection is for the caller.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** The connection that is at fault when an error escapes. */
export interface Culprit {
  readonly remoteAddr: { toString(): string }
  abort(error: Error): void
}

export interface Escape {
  readonly error: Error
  /** The address of the connection that was ended; `undefined` where no connection was at fault. */
  readonly address: string | undefined
  /** How many errors have escaped so far. */
  readonly count: number
}

/** Timers and promises keep it for as long as they live, so it lets go of a connection that has ended. */
interface Scope {
  connection: Culprit | undefined
}

const running = new AsyncLocalStorage<Scope>()
const scopes = new WeakMap<Culprit, Scope>()
const listeners = new Set<(escape: Escape) => void>()
/** Messages that were told. Bounded by `messagesMax`. */
const told = new Set<string>()
/** Messages of escaped errors that are told, each once. */
const messagesMax = 256
let count = 0

/** Runs `work`, and all that it schedules, on behalf of a connection. */
export function onBehalfOf<T>(connection: Culprit, work: () => T): T {
  const scope = scopes.get(connection) ?? { connection }
  scopes.set(connection, scope)
  return running.run(scope, work)
}

/** Lets go of a connection that has ended; an error that it causes later is still its own. */
export function release(connection: Culprit): void {
  const scope = scopes.get(connection)
  if (scope !== undefined) {
    scope.connection = undefined
  }
}

/** The connection on whose behalf this runs, while it lives. */
export function culprit(): Culprit | undefined {
  return running.getStore()?.connection
}

/** Calls the listener once for each message of an escaped error, until the function it gives is called. */
export function onEscape(listener: (escape: Escape) => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/** How many errors have escaped since the process started. */
export function escapes(): number {
  return count
}

/**
 * Ends what caused an uncaught error. To be called from the handlers of `uncaughtException` and `unhandledRejection`.
 *
 * @returns whether the process can go on: a connection was at fault, or a dependency alone.
 */
export function endEscaped(reason: unknown): boolean {
  const connection = culprit()
  const error = reason instanceof Error ? reason : new Error(String(reason))
  if (running.getStore() === undefined && !isOfDependency(error)) {
    return false
  }

  count++
  try {
    connection?.abort(error)
  } catch {
    // It has ended already.
  }

  tell({ error, address: connection?.remoteAddr.toString(), count })
  return true
}

function tell(escape: Escape): void {
  const message = `${escape.error.name}: ${escape.error.message}`
  if (told.has(message) || told.size >= messagesMax) {
    return
  }

  told.add(message)
  for (const listener of listeners) {
    listener(escape)
  }
}

/** Whether every frame of the stack that names a file is of an installed package or of Node.js, and one of a package. */
function isOfDependency({ stack = '' }: Error): boolean {
  const files = stack.split('\n').filter(line => /^\s+at .*(file:|\/|node:)/.test(line))
  return (
    files.some(line => line.includes('/node_modules/')) &&
    files.every(line => line.includes('/node_modules/') || line.includes('node:')) &&
    !files.some(line => line.includes('/node_modules/@vicinity/') || line.includes('/node_modules/vicinity/'))
  )
}
