/** What a command's simulations came to, gathered as they end: every report, and all lookups together. */
import { LookupMeasures, mergeScenes, SearchMeasures } from '@vicinity/simulator'
import { commit } from '../commit.ts'
import { reproduce, reproduceBriefly } from './reproduce.ts'
import type { Finding, LookupReport, RunReport, SceneData, SimulationInit } from '@vicinity/simulator'
import type { JobEnd, Remark, Shrunk } from './jobs.ts'

/** One seed whose run found something wrong, or was none. */
export interface Failure {
  readonly seed: string
  readonly command: string
  readonly findings: readonly Finding[]
  /** Why it could not be run, if that is what is wrong. */
  readonly reason?: string
  /** If it was asked for. */
  readonly smallest?: Smallest
}

/** The smallest run that was found to fail in the same way. */
export interface Smallest {
  /** `interrupted`: the user ended the search, and this is the smallest until then. */
  readonly ended: 'completed' | 'interrupted'
  readonly command: string
  readonly findings: readonly Finding[]
  /** How many runs were tried to find it. */
  readonly tries: number
}

export class Results {
  readonly scenario: string
  readonly reports: RunReport[] = []
  readonly failures: Failure[] = []
  readonly lookups = new LookupMeasures('all lookups')
  readonly searches = new SearchMeasures()
  /** What is to be remarked, by what it is about: that of the first seed, for others' differ by numbers alone. */
  readonly remarks = new Map<Remark['about'], { readonly seed: string; readonly text: string }>()
  /** Whether the user ended it before all was run. */
  interrupted = false
  scene: SceneData | undefined
  readonly #commit = commit()

  constructor(scenario: string) {
    this.scenario = scenario
  }

  /** @returns the report of a run, if there is one. */
  add(init: SimulationInit, end: JobEnd): RunReport | undefined {
    const { seed } = init
    switch (end.type) {
      case 'skipped':
        this.interrupted = true
        return undefined
      case 'failed':
        this.failures.push({ seed, command: reproduce(init), findings: [], reason: end.reason })
        return undefined
      case 'done': {
        const { ended, findings, lookups, searches, remarks, scene, shrunk } = end.result
        const report = { ...end.result.report, ...this.version, command: reproduce(init) }
        this.reports.push(report)
        this.lookups.merge(lookups)
        this.searches.merge(searches)
        for (const { about, text } of remarks.filter(remark => !this.remarks.has(remark.about))) {
          this.remarks.set(about, { seed, text })
        }

        this.scene = mergeScenes([...(this.scene === undefined ? [] : [this.scene]), ...(scene === undefined ? [] : [scene])])
        this.interrupted ||= ended === 'interrupted'
        if (findings.length > 0) {
          this.failures.push({ seed, command: report.command, findings, ...(shrunk && { smallest: smallestOf(shrunk) }) })
        }

        return report
      }
    }
  }

  /** What all lookups came to. */
  get lookupReport(): LookupReport {
    return { ...this.lookups.report(), began: this.reports.reduce((sum, { lookups }) => sum + (lookups.began ?? 0), 0) }
  }

  /** The commit that ran, where it is known. */
  get version(): { readonly commit?: string } {
    return this.#commit === undefined ? {} : { commit: this.#commit }
  }
}

function smallestOf({ ended, init, findings, tries }: Shrunk): Smallest {
  return { ended, command: reproduceBriefly(init), findings, tries }
}
