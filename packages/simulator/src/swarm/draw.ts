/**
 * The options of a swarm run, drawn from its seed: every option that has values to draw from takes one of them, so that the
 * combinations are tried that nobody thought of. What is given is left as it is, and shifts no other draw.
 */
import { Rng } from '@vicinity/kademlia'
import { defaultOptions, optionNames, optionSpecs, validateOptions } from '../options.ts'
import type { OptionName, SimulationOptions } from '../options.ts'

export type Settings = Partial<SimulationOptions>

/** @throws OptionsError for given values that cannot be. */
export function drawOptions(seed: string, given: Settings = {}): SimulationOptions {
  const rng = new Rng(seed).split('options')
  const drawn: Partial<Record<OptionName, number | string | boolean>> = {}
  for (const name of optionNames) {
    const { swarm } = optionSpecs[name]
    if (swarm !== undefined) {
      drawn[name] = swarm[rng.split(name).below(swarm.length)] as number | string | boolean
    }
  }

  const options = { ...fitting({ ...defaultOptions, ...(drawn as Settings) }), ...given }
  validateOptions(options)
  return options
}

/** Draws are independent of each other; some of them do not go together. */
function fitting(options: SimulationOptions): SimulationOptions {
  return {
    ...options,
    ...fewer(options),
    ...(options.connections ? {} : nobodyNew),
    sybils: options.tables === 'join' ? 0 : Math.min(options.sybils, Math.floor(options.nodes * mostSybils)),
    rttMax: Math.max(options.rttMin, options.rttMax),
    beta: Math.min(options.beta, options.k)
  }
}

/** Where nodes do not connect, nobody hears of those who come, or come again. */
const nobodyNew = {
  tables: 'converged',
  sessionMedian: 0,
  partition: 0,
  outage: 0,
  merge: 0,
  suspended: 0,
  moved: 0,
  flips: 0
} as const

/** A small world with many kinds of troublemakers would have no honest neighbourhoods left: the later ones stay away. */
function fewer(options: SimulationOptions): Settings {
  let left = mostTrouble
  const kept: Partial<Record<(typeof troubles)[number], number>> = {}
  for (const name of troubles) {
    const share = options[name] <= left ? options[name] : 0
    kept[name] = share
    left -= share
  }

  return kept
}

const troubles = ['undialable', 'silent', 'slow', 'flooders', 'selfish', 'liars'] as const

/** For each node: of more, or of those who are there before all others, some who join hear nothing else. */
const mostSybils = 0.1

/** Of all servers. */
const mostTrouble = 0.3
