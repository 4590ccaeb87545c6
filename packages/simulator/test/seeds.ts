/**
 * Runs that failed once: what was found in each, why, and what mended it, the engine, the simulator or a checker. They run with the
 * tests, so that none fails again. The options are those that differ from the defaults; a seed alone means something else as soon
 * as the swarm draws from other values.
 */
import type { SimulationOptions } from '../src/options.ts'

export interface RegressionSeed {
  readonly seed: string
  readonly options: Partial<SimulationOptions>
  readonly found: string
  readonly cause: string
  /** The subject of the commit that mended it. */
  readonly mended: string
}

export const regressionSeeds: readonly RegressionSeed[] = [
  {
    seed: '1',
    options: {
      nodes: 40,
      clients: 0.5,
      clusterBits: 16,
      tables: 'join',
      limitGroups: true,
      rttMax: 100,
      dialRoundTrips: 0,
      dialTimeout: 1,
      refused: 1,
      connectionIdle: 10,
      duration: 300,
      lookups: 1,
      sessions: 'measured',
      stable: 0.5,
      silent: 0.1,
      slowDelay: 1500,
      selfish: 0.1,
      foreign: 0.3,
      faultStart: 30,
      faultEnd: 100,
      asymmetric: true,
      bridges: 0.3,
      clockJump: -1,
      faultLoss: 0.2,
      heal: 1300
    },
    found: 'a live peer leaves the table after one failure',
    cause: 'two requests to it were in flight together, failed of one cause, and were counted as two in a row',
    mended: 'Count failures in a row that follow each other, and restore in peace'
  },
  {
    seed: '2',
    options: {
      nodes: 30,
      clients: 0.2,
      undialable: 0.3,
      k: 8,
      disjointPaths: 4,
      queryTimeout: 5,
      rttMin: 10,
      rttMax: 100,
      jitter: 1,
      bandwidth: 64,
      dialRoundTrips: 3,
      dialTimeout: 15,
      refused: 1,
      connectionIdle: 10,
      duration: 120,
      lookups: 0.2,
      sessionMedian: 5,
      crash: 1,
      slowDelay: 1500,
      sybilsAround: 'node',
      faultStart: 30,
      faultEnd: 100,
      partition: 0.5,
      asymmetric: true,
      bridges: 0.3,
      moved: 0.3,
      flips: 0.3,
      resets: 0.2,
      heal: 1300
    },
    found: 'a lookup over disjoint paths asks a peer again where it was not',
    cause: 'only the last place was remembered at which some path had found nobody',
    mended: 'Ask a peer once more where somebody else says it is, if nobody was where the first said'
  },
  {
    seed: '992413530',
    options: {
      nodes: 30,
      clients: 0.5,
      groupSize: 5,
      tables: 'join',
      alpha: 3,
      beta: 1,
      rttMax: 100,
      jitter: 0,
      loss: 0.05,
      dialTimeout: 1,
      duration: 300,
      lookups: 0.2,
      sessionMedian: 5,
      sessions: 'measured',
      crash: 1,
      silent: 0.2,
      slowDelay: 6000,
      sybilsAround: 'node',
      sybilGroups: 2,
      faultStart: 30,
      faultEnd: 60,
      bridges: 0.3,
      suspended: 0.3,
      flips: 0.3,
      heal: 1300
    },
    found: 'three nodes are an island for good',
    cause: 'all whom they had been told of when they came had left, and the simulator never told them of others',
    mended:
      'Judge healing by what can heal: not those whom full address groups shut out, nor those who were told only of nodes long gone'
  },
  {
    seed: '992413577',
    options: {
      nodes: 20,
      clients: 0.5,
      clusterBits: 3,
      alpha: 3,
      latency: 'uniform',
      loss: 0.05,
      reorder: 0.1,
      dialTimeout: 15,
      refused: 0,
      wire: true,
      duration: 300,
      lookups: 1,
      stable: 0.5,
      crash: 0,
      silent: 0.2,
      slowDelay: 12000,
      flooders: 0.05,
      sybilsAround: 'node',
      sybilGroups: 2,
      foreign: 0.3,
      faultStart: 30,
      faultEnd: 60,
      partition: 0.5,
      asymmetric: true,
      clockJump: 72,
      suspended: 0.3,
      heal: 1300
    },
    found: 'a peer seems to be removed while nobody answers',
    cause: 'the checker took the failure of a third request for the one that counted; the engine was right',
    mended: 'Judge who leaves a table by two failures that others could have answered, whatever else was in flight'
  },
  {
    seed: '992413569',
    options: {
      nodes: 30,
      clustered: 0.3,
      clusterBits: 16,
      groupSize: 5,
      tables: 'join',
      alpha: 3,
      beta: 8,
      rttMin: 100,
      rttMax: 100,
      reorder: 0.1,
      dialTimeout: 15,
      refused: 1,
      duration: 300,
      lookups: 0.2,
      sessionMedian: 15,
      stable: 0.5,
      silent: 0.2,
      slowDelay: 1500,
      flooders: 0.05,
      sybilGroups: 2,
      faultStart: 30,
      faultEnd: 60,
      asymmetric: true,
      merge: 0.5,
      clockJump: -1,
      suspended: 0.3,
      slowdown: 5,
      heal: 1300
    },
    found: 'lookups miss some of the nearest after the network has healed',
    cause:
      'three requests at a time cannot wait for the forty strangers that a flooder names within a minute; the checker expected it',
    mended: 'Judge who leaves a table by two failures that others could have answered, whatever else was in flight'
  },
  {
    seed: '992413667',
    options: {
      nodes: 40,
      undialable: 0.1,
      clusterBits: 3,
      groupSize: 5,
      tables: 'join',
      alpha: 3,
      queryTimeout: 5,
      limitGroups: true,
      latency: 'uniform',
      rttMin: 10,
      rttMax: 100,
      jitter: 0,
      reorder: 0.1,
      bandwidth: 64,
      refused: 0,
      duration: 120,
      lookups: 0.2,
      stable: 0.5,
      crash: 1,
      slowDelay: 12000,
      selfish: 0.1,
      liars: 0.05,
      faultStart: 30,
      faultEnd: 100,
      asymmetric: true,
      outage: 0.3,
      bridges: 0.3,
      clockJump: -1,
      slowdown: 5,
      heal: 1300
    },
    found: 'a server is known to nobody after the network has healed',
    cause: 'every table held its share of the address group that it is in, as it should; the checker expected it',
    mended:
      'Judge healing by what can heal: not those whom full address groups shut out, nor those who were told only of nodes long gone'
  }
]
