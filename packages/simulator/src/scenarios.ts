/** The named scenarios: what each is about, and which options it sets. Everything else is as by default, or as flags say. */
import { defaultOptions } from './options.ts'
import type { SimulationOptions } from './options.ts'

export interface Scenario {
  readonly summary: string
  readonly options: Partial<SimulationOptions>
}

export const scenarios = {
  baseline: {
    summary: 'lookups in a network that is well',
    options: { nodes: 1_000, duration: 60, lookups: 20 }
  },
  churn: {
    summary: 'nodes come and go, half of them within half an hour',
    options: { nodes: 1_000, duration: 3_600, lookups: 1, sessionMedian: 30, heal: 1_200 }
  },
  sybil: {
    summary: 'one key is surrounded by servers made for it',
    options: { nodes: 2_000, sybils: 20, duration: 300, lookups: 2 }
  },
  eclipse: {
    summary: 'a fifth of all servers name only each other',
    options: { nodes: 1_000, liars: 0.2, duration: 300, lookups: 2 }
  },
  partition: {
    summary: 'the network is cut in two for ten minutes, and heals',
    options: { nodes: 500, partition: 0.4, faultStart: 300, faultEnd: 900, duration: 1_800, lookups: 2, heal: 1_800 }
  },
  merge: {
    summary: 'two networks that never met are joined by a few who know both',
    options: {
      nodes: 500,
      partition: 0.5,
      faultStart: 0,
      faultEnd: 300,
      tables: 'join',
      duration: 1_800,
      lookups: 2,
      heal: 1_800
    }
  },
  foreign: {
    summary: 'the tables are full of servers of another network that are long gone',
    options: { nodes: 1_000, foreign: 0.3, duration: 1_800, lookups: 2, heal: 1_800 }
  }
} as const satisfies Record<string, Scenario>

export type ScenarioName = keyof typeof scenarios

export const scenarioNames = Object.keys(scenarios) as ScenarioName[]

/** The options of a scenario, with some of them set otherwise. */
export function scenarioOptions(name: ScenarioName, set: Partial<SimulationOptions> = {}): SimulationOptions {
  return { ...defaultOptions, ...scenarios[name].options, ...set }
}
