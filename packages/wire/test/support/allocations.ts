/** What a piece of code that should not depend on timing or on the garbage collector allocates in byte arrays. */
export interface Allocations<T> {
  readonly result: T
  /** Byte arrays made, views of existing buffers included. */
  readonly arrays: number
  /** Bytes of those that have a new buffer. */
  readonly bytes: number
}

/** Runs `run` with a global Uint8Array that counts. Synchronous code only. */
export function countAllocations<T>(run: () => T): Allocations<T> {
  const original = globalThis.Uint8Array
  let arrays = 0
  let bytes = 0
  const counting = new Proxy(original, {
    construct(target, args: readonly unknown[]): object {
      arrays++
      bytes += typeof args[0] === 'number' ? args[0] : 0
      return Reflect.construct(target, args)
    }
  })

  globalThis.Uint8Array = counting
  try {
    return { result: run(), arrays, bytes }
  } finally {
    globalThis.Uint8Array = original
  }
}
