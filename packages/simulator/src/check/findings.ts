import type { Millis } from '@vicinity/kademlia'
import type { Violation } from './checker.ts'

/** What a checker has found: how often it looked, what was wrong, and the first few of those in words. */
export class Findings {
  checked = 0
  count = 0
  // bounded by firstFew
  readonly violations: Violation[] = []

  /** Looks once: whatever must be true is, or it is put down. The words are made only where they are needed. */
  expect(holds: boolean, at: Millis, node: number | undefined, message: () => string): boolean {
    this.checked++
    if (!holds) {
      this.add(at, node, message())
    }

    return holds
  }

  add(at: Millis, node: number | undefined, message: string): void {
    this.count++
    if (this.violations.length < firstFew) {
      this.violations.push({ at, node, message })
    }
  }
}

const firstFew = 10
