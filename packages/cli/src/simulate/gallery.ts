/** The pictures that stand in the documentation: one of each kind, with the run that it is of. */
import { scenarioOptions } from '@vicinity/simulator'
import { argumentsOf } from './knobs.ts'
import type { PictureName, ScenarioName, Settings, SimulationInit } from '@vicinity/simulator'

export interface GalleryRun {
  readonly scenario: ScenarioName
  readonly set: Settings
  /** What can be seen in each picture that is shown of it. */
  readonly shown: Partial<Record<PictureName, string>>
}

export const gallery: readonly GalleryRun[] = [
  {
    scenario: 'baseline',
    set: { nodes: 2_000 },
    shown: {
      walk: 'A lookup as a walk: time to the right, nearness to the target upwards, a line for every request from its sending to its answer. The first requests go to peers of the own table; each answer names peers that are nearer; the last ones make sure of the nearest.'
    }
  },
  {
    scenario: 'partition',
    set: {},
    shown: {
      latency:
        'How long lookups take, as a cumulative distribution, by when they began: while the network is cut, they wait for peers that nobody reaches any more, and some end by their deadline.',
      course: 'What lookups find, over virtual time, with the times of the faults shaded.'
    }
  },
  {
    scenario: 'baseline',
    set: { nodes: 2_000, clustered: 0.3, clusterBits: 4 },
    shown: {
      heat: 'Where in the keyspace requests go: a third of the servers crowd among the keys that begin with the same four bits. Together they get many more requests than others, for there are many of them; each of them gets fewer.'
    }
  }
]

export const gallerySeed = '1'

export function galleryInit({ scenario, set }: GalleryRun): SimulationInit {
  return { scenario, seed: gallerySeed, options: scenarioOptions(scenario, set) }
}

/** What writes such pictures, and the others of the same run. */
export function galleryCommand({ scenario, set }: GalleryRun): string {
  return ['vicinity simulate', scenario, '--seed', gallerySeed, ...argumentsOf(set), '--out', 'pictures'].join(' ')
}

/** A picture's file below `docs/simulator`. */
export function galleryFile(scenario: string, name: string): string {
  return `${scenario}-${name}.svg`
}
