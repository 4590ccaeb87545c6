import { minute } from '@vicinity/kademlia'
import type { Millis } from '@vicinity/kademlia'
import { formatDuration, formatShare } from '../report/index.ts'
import type { ReportTable } from '../report/index.ts'
import type { FinishedLookup } from '../workload/lookups.ts'
import type { Story } from './story.ts'

/** How long it takes after the faults until lookups find again what they should: NUMBERS, section 3, wants it within 30 minutes. */
export class Recovery implements Story {
  readonly tables: readonly ReportTable[] = []
  readonly #from: Millis
  // bounded by the minutes of a run: lookups that began in each since the faults ended, and the sum of their recalls
  readonly #minutes: Array<{ count: number; recall: number }> = []
  #now: Millis = 0

  constructor(from: Millis) {
    this.#from = from
  }

  lookup({ began, recall }: FinishedLookup): void {
    if (began >= this.#from) {
      const at = Math.floor((began - this.#from) / minute)
      while (this.#minutes.length <= at) {
        this.#minutes.push({ count: 0, recall: 0 })
      }

      const within = this.#minutes[at]
      if (within !== undefined) {
        within.count++
        within.recall += recall
      }
    }
  }

  turn(now: Millis): void {
    this.#now = now
  }

  get notes(): readonly string[] {
    const recalls = this.#minutes.map(({ count, recall }) => (count === 0 ? 1 : recall / count))
    const last = recalls.findLastIndex(recall => recall < healed)
    const worst = Math.min(...recalls)
    if (recalls.length === 0) {
      return []
    }

    if (last === -1) {
      return [`From the minute in which the faults ended lookups had a recall of ${formatShare(healed)} and more.`]
    }

    return last === recalls.length - 1
      ? [
          `${formatDuration(this.#now - this.#from)} after the faults had ended recall was still below ${formatShare(healed)}: ${formatShare(worst)} in the worst minute, ${formatShare(recalls[last] ?? 0)} in the last.`
        ]
      : [
          `Recall was ${formatShare(worst)} in the worst minute after the faults, and ${formatShare(healed)} and more in every minute from ${formatDuration((last + 1) * minute)} after they had ended.`
        ]
  }
}

/** The mean recall of a minute's lookups in a network that has healed. */
const healed = 0.99
