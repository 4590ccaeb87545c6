import { second } from '@vicinity/kademlia'
import type { KademliaConfig } from '@vicinity/kademlia'
import type { NetworkOptions } from '../network/network.ts'
import type { SimulationOptions } from '../options.ts'

/**
 * What the options say of every engine. Whole numbers are made small integers: V8 keeps those of options, some of which are
 * fractions, as objects, and would keep so all that engines work out from them, down to where each bucket begins.
 */
export function engineConfig(options: SimulationOptions): Partial<KademliaConfig> {
  return {
    k: options.k | 0,
    alpha: options.alpha | 0,
    beta: options.beta | 0,
    disjointPaths: options.disjointPaths | 0,
    queryTimeout: options.queryTimeout * second,
    refreshInterval: interval(options.refreshInterval),
    bootstrapInterval: interval(options.bootstrapInterval),
    sybilThreshold: options.sybilThreshold === 0 ? Infinity : options.sybilThreshold,
    limitGroups: options.limitGroups
  }
}

/** What the options say of what lies between the nodes. */
export function networkOptions(options: SimulationOptions): NetworkOptions {
  return {
    roundTrip: options.latency === 'world' ? undefined : [options.rttMin, options.rttMax],
    jitter: options.jitter,
    loss: options.loss,
    reorder: options.reorder,
    bandwidth: options.bandwidth === 0 ? Infinity : options.bandwidth * 1_024,
    connections: options.connections,
    dialRoundTrips: options.dialRoundTrips,
    dialTimeout: options.dialTimeout * second,
    refused: options.refused,
    connectionIdle: options.connectionIdle * second,
    resets: options.resets > 0,
    wire: options.wire
  }
}

/** 0 seconds stand for never. */
function interval(seconds: number): number {
  return seconds === 0 ? Infinity : seconds * second
}
