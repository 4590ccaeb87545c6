/**
 * Every knob of a simulation, in one table: what it means, its unit, range and default, and which values swarm testing draws
 * it from. The command line, the reports, the validation and the swarm are all fed from here.
 *
 * Shares are from 0 to 1; times are in the unit that the option names, and 0 where that says so is "never".
 */
import { limits } from '@vicinity/kademlia'

interface Spec {
  readonly help: string
  /** What swarm testing draws from, each value as likely as the others. An option without keeps its default there. */
  readonly swarm?: readonly (number | string | boolean)[]
}

interface NumberSpec extends Spec {
  readonly type: 'number'
  readonly default: number
  readonly min: number
  readonly max: number
  readonly whole: boolean
  /** Empty for a count. */
  readonly unit: string
}

interface ChoiceSpec<Choice extends string> extends Spec {
  readonly type: 'choice'
  readonly default: Choice
  readonly choices: readonly Choice[]
}

interface FlagSpec extends Spec {
  readonly type: 'flag'
  readonly default: boolean
}

export type OptionSpec = NumberSpec | ChoiceSpec<string> | FlagSpec

/** Options in the order in which help and reports list them, by the heading that they stand under. */
export const optionGroups = {
  network: {
    nodes: count(1_000, 2, 1_000_000, 'servers and clients together', [20, 20, 30, 30, 40, 60, 100, 200]),
    clients: share(0, 'nodes that ask and do not answer', [0, 0, 0.2, 0.5], 0.95),
    undialable: share(0, 'servers that tell an address at which nobody reaches them', [0, 0, 0.1, 0.3]),
    clustered: share(0, 'servers whose keys crowd in one part of the keyspace', [0, 0, 0.3]),
    clusterBits: count(8, 1, 64, 'length of the prefix that crowded keys share', [3, 8, 16]),
    groupSize: count(0, 0, 100_000, 'servers in one address group (a /16); 0: none is in any', [0, 0, 5]),
    tables: choice('converged', ['converged', 'join'], 'begin with full routing tables, or let every node join by itself', [
      'converged',
      'join'
    ])
  },
  engine: {
    k: count(20, 1, 40, 'bucket size, and how many peers a lookup ends with', [20, 20, 8]),
    alpha: count(10, 1, 256, 'requests in flight for one lookup', [10, 10, 3]),
    beta: count(3, 1, 40, 'nearest peers that must have answered before the follow-up', [3, 3, 1, 8]),
    disjointPaths: count(1, 1, 20, 'paths of a lookup that share no peer', [1, 1, 1, 4]),
    queryTimeout: time(60, 's', 0.1, 3_600, 'when a lookup ends with what it has', [60, 60, 5]),
    refreshInterval: time(600, 's', 0, 86_400, 'how often each bucket is refreshed; 0: never'),
    bootstrapInterval: time(300, 's', 0, 86_400, 'how often a node looks itself up; 0: only while its table is low'),
    sybilThreshold: number(
      limits.sybilThreshold,
      0,
      100,
      false,
      '',
      'how unlike an honest network the peers around a key may look before a lookup is widened; 0: it never is',
      [limits.sybilThreshold, limits.sybilThreshold, 0]
    ),
    limitGroups: flag('hold address groups to their limits, as on the public network', [false, false, true])
  },
  links: {
    latency: choice('world', ['world', 'uniform'], 'nodes all over the world, or a range of round trips', ['world', 'uniform']),
    rttMin: time(50, 'ms', 0, 60_000, 'shortest round trip, if uniform', [10, 50, 100]),
    rttMax: time(250, 'ms', 0, 60_000, 'longest round trip, if uniform', [100, 250, 1_000]),
    jitter: share(0.1, 'how much longer than usual a message may take', [0, 0.1, 1], 10),
    loss: share(0, 'messages that never arrive', [0, 0, 0.01, 0.05], 0.9),
    reorder: share(0, 'messages held up until others overtake them', [0, 0.1]),
    bandwidth: count(0, 0, 10_000_000, 'KiB a second that a node can send; 0: without limit', [0, 0, 64]),
    dialRoundTrips: count(2, 0, 10, 'round trips of a dial', [0, 2, 3]),
    dialTimeout: time(5, 's', 0.1, 60, 'how long a dial of somebody gone takes to fail', [1, 5, 15]),
    refused: share(0.5, 'dials of somebody gone that fail at once', [0, 0.5, 1]),
    connectionIdle: time(60, 's', 1, 3_600, 'after how long without use a connection is closed', [10, 60]),
    connections: on('nodes connect before they talk, and so learn who serves; without, only tables tell', [
      true,
      true,
      true,
      false
    ]),
    redial: time(60, 's', 0, 3_600, 'how often a node dials those it began with, if it is not connected; 0: never', [60]),
    wire: flag('let messages cross as bytes', [false, false, false, true])
  },
  work: {
    duration: time(60, 's', 0, 864_000, 'virtual time to simulate, before the phase in which the network must heal', [120, 300]),
    lookups: rate(10, 0, 100_000, 'lookups a second in the whole network', [0.2, 1, 3]),
    findPeers: share(0, 'lookups that are for the addresses of a server rather than for a key', [0, 0, 0.5])
  },
  churn: {
    sessionMedian: time(0, 'min', 0, 100_000, 'half of all sessions are shorter; 0: nobody leaves', [0, 0, 5, 15]),
    sessions: choice('exponential', ['exponential', 'measured'], 'how their lengths are distributed', [
      'exponential',
      'measured'
    ]),
    stable: share(0, 'servers that never leave', [0, 0.5]),
    crash: share(0.5, 'departures without a word', [0, 0.5, 1])
  },
  adversaries: {
    silent: share(0, 'servers that take requests and say nothing', [0, 0, 0.1, 0.2]),
    slow: share(0, 'servers that answer late', [0, 0, 0.2]),
    slowDelay: time(3_000, 'ms', 0, 60_000, 'how late', [1_500, 6_000, 12_000]),
    flooders: share(0, 'servers that answer with 10,000 peers', [0, 0, 0.05]),
    selfish: share(0, 'servers that name themselves, the asker and the target first', [0, 0, 0.1]),
    liars: share(0, 'servers that name only each other', [0, 0, 0, 0.05]),
    sybils: count(0, 0, 10_000, 'servers made for one key, nearer to it than any honest one', [0, 0, 0, 10]),
    sybilsAround: choice('key', ['key', 'node'], 'what the sybils crowd around: a random key, or a node', ['key', 'node']),
    sybilGroups: count(0, 0, 10_000, 'address groups that the sybils are spread over; 0: they are in none', [0, 0, 2]),
    sybilLookups: share(0.5, 'lookups that are for what the sybils crowd around'),
    foreign: share(
      0,
      'servers, on top, of another network on the same protocol, long gone, who stand in full tables as if they were of this one',
      [0, 0, 0.3],
      2
    )
  },
  faults: {
    faultStart: time(20, 's', 0, 864_000, 'when the faults begin', [30]),
    faultEnd: time(40, 's', 0, 864_000, 'when they end', [60, 100]),
    partition: share(0, 'servers cut off from the others meanwhile', [0, 0, 0.3, 0.5]),
    asymmetric: flag('cut only what they send', [false, true]),
    outage: share(0, 'servers that are down meanwhile', [0, 0, 0.3]),
    merge: share(0, 'nodes that are a network of their own, until the faults end and the two meet', [0, 0, 0, 0.5]),
    bridges: share(1, 'servers of the one network that are told of some of the other when they meet', [0.3, 1]),
    clockJump: time(0, 'h', -240, 240, 'by how much all wall clocks are wrong meanwhile', [0, 0, 72, -1]),
    suspended: share(0, 'nodes that sleep meanwhile', [0, 0, 0, 0.3]),
    moved: share(0, 'servers whose addresses change when the faults begin', [0, 0, 0, 0.3]),
    flips: share(0, 'servers that are clients meanwhile', [0, 0, 0, 0.3]),
    faultLoss: share(0, 'messages that are lost meanwhile', [0, 0, 0.2], 0.9),
    slowdown: number(1, 1, 1_000, false, '', 'how many times as long messages take meanwhile', [1, 1, 5]),
    resets: share(0, 'connections that are reset meanwhile, every 5 seconds', [0, 0, 0.2])
  },
  judging: {
    heal: time(0, 's', 0, 864_000, 'how long the network has to heal after all faults have ended', [1_300]),
    checks: choice('some', ['none', 'some', 'all'], 'how much is checked: all of it costs as much as the run itself', ['all'])
  }
} as const

type Groups = typeof optionGroups
type Table = { [Group in keyof Groups]: Groups[Group] }[keyof Groups]
type Flattened<Union> = (Union extends unknown ? (from: Union) => void : never) extends (from: infer All) => void ? All : never
type Specs = Flattened<Table>
type ValueOf<S> = S extends ChoiceSpec<infer Choice> ? Choice : S extends FlagSpec ? boolean : number

/** What a simulation is run with: a value for every option. */
export type SimulationOptions = { readonly [Name in keyof Specs]: ValueOf<Specs[Name]> }
export type OptionName = keyof SimulationOptions

/** All options by name. */
export const optionSpecs: Readonly<Record<OptionName, OptionSpec>> = Object.assign({}, ...Object.values(optionGroups)) as Record<
  OptionName,
  OptionSpec
>

export const optionNames = Object.keys(optionSpecs) as OptionName[]

export const defaultOptions = Object.fromEntries(
  Object.entries(optionSpecs).map(([name, spec]) => [name, spec.default])
) as unknown as SimulationOptions

/** How whoever shows an error calls an option: a flag, say. */
export type OptionNaming = (name: OptionName) => string

/** A value that cannot be, or values that cannot be together. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError'
  readonly code = 'ERR_SIMULATION_OPTIONS'
  /** The message, with the options called as somebody else calls them. */
  readonly worded: (naming: OptionNaming) => string

  constructor(worded: (naming: OptionNaming) => string) {
    super(worded(name => name))
    this.worded = worded
  }
}

/** @throws OptionsError naming the options, their values and what they may be. */
export function validateOptions(options: SimulationOptions): void {
  for (const name of optionNames) {
    const problem = problemWith(optionSpecs[name], options[name])
    if (problem !== undefined) {
      throw new OptionsError(naming => `${naming(name)} is ${problem}, not ${String(options[name])}`)
    }
  }

  const { nodes, clients, faultStart, faultEnd, rttMin, rttMax, sybils, beta, k } = options
  const together = troublemakers.reduce((sum, name) => sum + options[name], 0)
  if (together > 1) {
    throw new OptionsError(
      naming =>
        `${listed(troublemakers.map(naming))} are shares of all servers: together at most 1, not ${Number(together.toPrecision(12))}`
    )
  }

  if (rttMin > rttMax) {
    throw new OptionsError(naming => `${naming('rttMin')} is at most ${naming('rttMax')} (${rttMax} ms), not ${rttMin}`)
  }

  if (faultStart > faultEnd) {
    throw new OptionsError(
      naming => `${naming('faultStart')} is at most ${naming('faultEnd')} (${faultEnd} s), not ${faultStart}`
    )
  }

  if (beta > k) {
    throw new OptionsError(naming => `${naming('beta')} is at most ${naming('k')} (${k}), not ${beta}`)
  }

  const servers = nodes - Math.round(nodes * clients)
  if (servers < 2) {
    throw new OptionsError(
      naming => `of ${naming('nodes')} ${nodes} with ${naming('clients')} ${clients} only ${servers} serve: it takes two`
    )
  }

  if (sybils > nodes) {
    throw new OptionsError(naming => `${naming('sybils')} is at most ${naming('nodes')} (${nodes}), not ${sybils}`)
  }
}

/** A server is one of these at most. */
const troublemakers = ['silent', 'slow', 'flooders', 'selfish', 'liars'] as const satisfies readonly OptionName[]

function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`
}

function problemWith(spec: OptionSpec, value: unknown): string | undefined {
  return allows(spec, value) ? undefined : describeValues(spec)
}

function allows(spec: OptionSpec, value: unknown): boolean {
  switch (spec.type) {
    case 'number':
      return typeof value === 'number' && value >= spec.min && value <= spec.max && (!spec.whole || Number.isInteger(value))
    case 'choice':
      return spec.choices.includes(String(value))
    case 'flag':
      return typeof value === 'boolean'
  }
}

/** What an option may be, as in "a whole number from 1 to 40". */
export function describeValues(spec: OptionSpec): string {
  switch (spec.type) {
    case 'number':
      return `a ${spec.whole ? 'whole ' : ''}number from ${spec.min} to ${spec.max}${spec.unit && ` ${spec.unit}`}`
    case 'choice':
      return `one of ${spec.choices.join(', ')}`
    case 'flag':
      return 'true or false'
  }
}

function count(byDefault: number, min: number, max: number, help: string, swarm?: readonly number[]): NumberSpec {
  return number(byDefault, min, max, true, '', help, swarm)
}

function share(byDefault: number, help: string, swarm?: readonly number[], max = 1): NumberSpec {
  return number(byDefault, 0, max, false, '', `share of ${help}`, swarm)
}

function rate(byDefault: number, min: number, max: number, help: string, swarm?: readonly number[]): NumberSpec {
  return number(byDefault, min, max, false, '/s', help, swarm)
}

function time(byDefault: number, unit: string, min: number, max: number, help: string, swarm?: readonly number[]): NumberSpec {
  return number(byDefault, min, max, false, unit, help, swarm)
}

function number(
  byDefault: number,
  min: number,
  max: number,
  whole: boolean,
  unit: string,
  help: string,
  swarm: readonly number[] | undefined
): NumberSpec {
  return { type: 'number', default: byDefault, min, max, whole, unit, help, ...(swarm && { swarm }) }
}

function choice<Choice extends string>(
  byDefault: Choice,
  choices: readonly Choice[],
  help: string,
  swarm?: readonly Choice[]
): ChoiceSpec<Choice> {
  return { type: 'choice', default: byDefault, choices, help, ...(swarm && { swarm }) }
}

/** A flag that is set unless it is unset. */
function on(help: string, swarm?: readonly boolean[]): FlagSpec {
  return { type: 'flag', default: true, help, ...(swarm && { swarm }) }
}

function flag(help: string, swarm?: readonly boolean[]): FlagSpec {
  return { type: 'flag', default: false, help, ...(swarm && { swarm }) }
}
