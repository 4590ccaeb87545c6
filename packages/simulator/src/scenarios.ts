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
    options: { nodes: 250, duration: 3_600, lookups: 1, sessionMedian: 30 }
  },
  sybil: {
    summary: 'one key is surrounded by servers made for it',
    options: { nodes: 1_000, sybils: 20, duration: 300, lookups: 2 }
  },
  eclipse: {
    summary: 'one node is surrounded by servers that are made for it and name only each other',
    options: { nodes: 1_000, sybils: 40, sybilsAround: 'node', duration: 300, lookups: 2 }
  },
  partition: {
    summary: 'the network is cut in two for ten minutes, and heals',
    options: { nodes: 300, partition: 0.4, faultStart: 300, faultEnd: 900, duration: 2_700, lookups: 2 }
  },
  merge: {
    summary: 'two networks that never met become one, when those of the one are told of a few of the other',
    options: { nodes: 400, merge: 0.5, faultStart: 0, faultEnd: 300, duration: 2_100, lookups: 2 }
  },
  foreign: {
    summary: 'the tables are full of servers of another network that are long gone',
    options: { nodes: 500, foreign: 0.3, duration: 2_400, lookups: 2 }
  }
} as const satisfies Record<string, Scenario>

export type ScenarioName = keyof typeof scenarios

export const scenarioNames = Object.keys(scenarios) as ScenarioName[]

/** The options of a scenario, with some of them set otherwise. */
export function scenarioOptions(name: ScenarioName, set: Partial<SimulationOptions> = {}): SimulationOptions {
  return { ...defaultOptions, ...scenarios[name].options, ...set }
}
