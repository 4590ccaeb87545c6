/**
 * Memory that a burst of work leaves behind goes back to the system.
 *
 * V8 keeps the pages of a heap that has shrunk for as long as nothing else wants them: after an attack a node that was idle
 * held twice what it needs, for hours. A full collection that V8 itself runs only when memory is short returns them, in
 * some 50 ms.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const mib = 1024 * 1024

/** Time between two looks at the memory in use, in milliseconds. */
const lookEveryMs = 10_000
/** Growth of the resident set since the last collection that makes another worth its time. */
const growthBytes = 16 * mib
/** Time between two collections at least: they may take 0.3 % of the node's time. */
const collectEveryMs = 20_000

type Collect = (options: { readonly type: 'major'; readonly execution: 'sync'; readonly flavor: 'last-resort' }) => void

/** Keeps the process's memory near what it needs, until the function it gives is called. */
export function trimMemory(): () => void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as Collect
  // A burst makes the young generation grow to 64 MB, which no collection gives back. After the start it has its size.
  setFlagsFromString('--semi-space-growth-factor=1')

  let collectedAt = performance.now()
  let leastBytes = process.memoryUsage.rss()
  /** A collection that freed much may have come before the burst was over, so another follows. */
  let isRepeated = false
  const timer = setInterval(() => {
    const bytes = process.memoryUsage.rss()
    leastBytes = Math.min(leastBytes, bytes)
    if ((isRepeated || bytes - leastBytes >= growthBytes) && performance.now() - collectedAt >= collectEveryMs) {
      collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
      collectedAt = performance.now()
      // The process needs all that it still holds now.
      leastBytes = process.memoryUsage.rss()
      isRepeated = bytes - leastBytes >= growthBytes / 2
    }
  }, lookEveryMs)
  timer.unref()
  return () => {
    clearInterval(timer)
  }
}
