import { keyBits } from './key.ts'
import { limits } from './limits.ts'
import type { Millis } from './time.ts'

export type Mode = 'client' | 'server'

export interface KademliaConfig {
  /** Bucket size, and how many peers a lookup ends with and an answer holds. */
  readonly k: number
  /** Requests in flight for one lookup. */
  readonly alpha: number
  /** How many of the nearest must have answered before a lookup's follow-up; at most k. */
  readonly beta: number
  /** Over how many disjoint paths a lookup of the driver's goes; they share alpha. 1 for a plain lookup. */
  readonly disjointPaths: number
  /** When a lookup ends with what it has. */
  readonly queryTimeout: Millis
  /** How often each bucket is refreshed; `Infinity` for never. */
  readonly refreshInterval: Millis
  /** How often the node looks itself up; `Infinity` for only while its table is low. */
  readonly bootstrapInterval: Millis
  /** Whether the limits on peers of one address group apply: on the public network. */
  readonly limitGroups: boolean
  /**
   * How little the peers around a key may look like those of an honest network (their divergence, 0 or more) before a
   * `closest` is widened to the region in which the honest ones are; `Infinity` for never.
   */
  readonly sybilThreshold: number
  /** A server answers requests; it may be told otherwise later (`mode`). */
  readonly mode: Mode
}

export const defaultConfig: KademliaConfig = {
  k: limits.k,
  alpha: limits.alpha,
  beta: limits.beta,
  disjointPaths: 1,
  queryTimeout: limits.queryTimeout,
  refreshInterval: limits.refreshInterval,
  bootstrapInterval: limits.bootstrapInterval,
  limitGroups: false,
  sybilThreshold: limits.sybilThreshold,
  mode: 'client'
}

/** @throws RangeError naming the setting, its value and the range. */
export function validateConfig(config: KademliaConfig): void {
  wholeNumber('k', config.k, 1, limits.closerPeersRead)
  wholeNumber('alpha', config.alpha, 1, keyBits)
  wholeNumber('beta', config.beta, 1, config.k)
  validatePaths(config.disjointPaths)
  positive('queryTimeout', config.queryTimeout)
  positive('refreshInterval', config.refreshInterval)
  positive('bootstrapInterval', config.bootstrapInterval)
  if (!(config.sybilThreshold > 0)) {
    throw new RangeError(`kademlia: sybilThreshold is a positive number or Infinity, not ${config.sybilThreshold}`)
  }
}

/** @throws RangeError */
export function validatePaths(paths: number): void {
  wholeNumber('disjointPaths', paths, 1, limits.disjointPaths)
}

function wholeNumber(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`kademlia: ${name} is a whole number from ${min} to ${max}, not ${value}`)
  }
}

function positive(name: string, value: number): void {
  if (!(value > 0)) {
    throw new RangeError(`kademlia: ${name} is a positive number of milliseconds or Infinity, not ${value}`)
  }
}
