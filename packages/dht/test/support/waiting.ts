/** Waiting for what happens, never for time to pass. */
import { limits } from '@vicinity/kademlia'
import type { EventHandler } from 'main-event'

/**
 * How long anything may take on a machine that is busy with something else, in milliseconds: longer than a peer that failed its
 * first check rests before the next one.
 */
export const patience = 2 * limits.includeRetryAfter

interface Target {
  addEventListener(type: string, listener: EventHandler<Event>): void
  removeEventListener(type: string, listener: EventHandler<Event>): void
}

/** Resolves as soon as `condition` holds: looks now, and again whenever one of the events comes. */
export async function until(target: Target, types: string[], condition: () => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const look = (): void => {
    if (condition()) {
      resolve()
    }
  }
  // waits: gives up
  const timer = setTimeout(() => reject(new Error(`${condition.toString()} did not come true in ${patience} ms`)), patience)
  for (const type of types) {
    target.addEventListener(type, look)
  }

  try {
    look()
    await promise
  } finally {
    clearTimeout(timer)
    for (const type of types) {
      target.removeEventListener(type, look)
    }
  }
}

/** The same for what has no event: looks again with every turn of the event loop. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patience
  while (!(await condition())) {
    if (performance.now() > deadline) {
      throw new Error(`${condition.toString()} did not come true in ${patience} ms`)
    }

    await new Promise(resolve => {
      // waits: a turn, before the condition is looked at again
      setTimeout(resolve, 2)
    })
  }
}

/** The detail of the next event of a type. */
export async function next<Detail>(target: Target, type: string): Promise<Detail> {
  const { promise, resolve } = Promise.withResolvers<Detail>()
  const listener = (event: Event): void => resolve((event as CustomEvent<Detail>).detail)
  target.addEventListener(type, listener)
  try {
    return await promise
  } finally {
    target.removeEventListener(type, listener)
  }
}

export async function all<T>(source: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) {
    items.push(item)
  }

  return items
}
