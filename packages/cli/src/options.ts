import type { KeyType, NetworkScope, PayloadFormat, UnsignedPolicy } from '@vicinity/peer'

/**
 * Every option of the command, once. The parser, `--help` and `docs/options.md` are all made from this table.
 *
 * A flag overrides the environment variable beside it. Addresses are multiaddrs; a flag that takes them may be given
 * several times, and both flag and variable take several separated by commas.
 */

interface Common {
  /** What it does, for `--help` and the docs: no full stop, no line ends. */
  readonly help: string
  /** Environment variables that give the same, in the order in which they are looked at. */
  readonly env: readonly string[]
  /** A whole argument list that shows it in use. */
  readonly example: string
  /** What happens without it, where a value does not say it. */
  readonly otherwise?: string
}

/** There or not there. */
interface Flag extends Common {
  readonly type: 'flag'
}

/** A list of multiaddrs. */
interface Addresses extends Common {
  readonly type: 'addresses'
}

/** Any text; `placeholder` is what help calls it. */
interface Text extends Common {
  readonly type: 'text'
  readonly placeholder: string
  readonly default?: string
  readonly form?: TextForm
}

/** What a text has to look like, and the same in words. */
export interface TextForm {
  readonly pattern: RegExp
  readonly words: string
}

/** One of a few words; `placeholder` is what help calls it. */
interface Choice extends Common {
  readonly type: 'choice'
  readonly placeholder: string
  readonly choices: readonly string[]
  readonly default?: string
}

export type OptionSpec = Flag | Addresses | Text | Choice
export type OptionTable = Readonly<Record<string, OptionSpec>>

const keyType = {
  type: 'choice',
  placeholder: 'type',
  choices: ['ed25519', 'secp256k1'] satisfies KeyType[],
  env: ['VICINITY_KEY_TYPE'],
  help: 'the kind of identity: ids of ed25519 begin 12D3KooW, those of secp256k1 16Uiu2; one of a file has to be of it',
  otherwise: 'that of the key file; ed25519 for a new identity',
  example: 'vicinity node --key-type secp256k1'
} as const satisfies Choice

const json = {
  type: 'flag',
  env: ['VICINITY_JSON'],
  help: 'one JSON object a line on standard output',
  example: 'vicinity node --json'
} as const satisfies Flag

/** The words that lead the help of `vicinity node`, by the options whose examples they are. */
export const nodeExamples = ['bootstrap', 'listen', 'key-file', 'json'] as const satisfies readonly (keyof typeof nodeOptions)[]

/** `vicinity node` */
export const nodeOptions = {
  listen: {
    type: 'addresses',
    env: ['LISTEN_ADDRS'],
    help: 'addresses to listen on',
    otherwise: '/ip4/127.0.0.1/tcp/0, a free port on this machine only',
    example: 'vicinity node --listen /ip4/0.0.0.0/tcp/4001 --listen /ip4/0.0.0.0/udp/4001/quic-v1'
  },
  bootstrap: {
    type: 'addresses',
    env: ['BOOTSTRAP_PEERS'],
    help: 'peers to join the network through; tried again with growing pauses while the node runs',
    otherwise: 'none: others join through us',
    example: 'vicinity node --bootstrap /ip4/127.0.0.1/tcp/4001/p2p/12D3KooW…'
  },
  dial: {
    type: 'addresses',
    env: ['REMOTE_PEERS', 'REMOTE_PEER'],
    help: 'peers to connect to besides; of REMOTE_PEERS, those that are ours to listen on are listened on',
    otherwise: 'none',
    example: 'vicinity node --dial /ip4/127.0.0.1/udp/9091/quic-v1'
  },
  'key-type': keyType,
  'key-file': {
    type: 'text',
    placeholder: 'file',
    env: ['VICINITY_KEY_FILE'],
    help: 'the identity to run with (vicinity id create makes one)',
    otherwise: 'a new identity at every start',
    example: 'vicinity node --key-file me.key'
  },
  payload: {
    type: 'choice',
    placeholder: 'format',
    choices: ['flat', 'text', 'oneof', 'json', 'pipe'] satisfies PayloadFormat[],
    default: 'flat',
    env: ['VICINITY_PAYLOAD'],
    help: "the format of the messages we send: flat is the workshop's protobuf, text is what the applications send; all are read",
    example: 'vicinity node --payload text'
  },
  protocol: {
    type: 'text',
    placeholder: 'id',
    default: '/ipfs/kad/1.0.0',
    form: { pattern: /^\/[!-~]+$/, words: 'it has to begin with / and to hold no blanks' },
    env: ['VICINITY_PROTOCOL'],
    help: 'protocol id of the Kademlia network to take part in',
    example: 'vicinity node --protocol /my-network/kad/1.0.0'
  },
  network: {
    type: 'choice',
    placeholder: 'scope',
    choices: ['auto', 'local', 'public'] satisfies NetworkScope[],
    default: 'auto',
    env: ['VICINITY_NETWORK'],
    help: 'which addresses the DHT believes: private and loopback ones only on a local network; auto is local while all bootstrap and announced addresses are private or loopback',
    example:
      'vicinity node --network public --bootstrap /dnsaddr/bootstrap.libp2p.io/p2p/QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN'
  },
  unsigned: {
    type: 'choice',
    placeholder: 'what',
    choices: ['refuse', 'accept'] satisfies UnsignedPolicy[],
    default: 'refuse',
    env: ['VICINITY_UNSIGNED'],
    help: 'what to do with messages that nobody signed (the Python application sends such)',
    example: 'vicinity node --unsigned accept'
  },
  mdns: {
    type: 'flag',
    env: ['VICINITY_MDNS'],
    help: 'look for peers on the local network by multicast DNS',
    example: 'vicinity node --mdns --listen /ip4/0.0.0.0/tcp/0'
  },
  record: {
    type: 'text',
    placeholder: 'file',
    env: ['VICINITY_RECORD'],
    help: 'write a trace of all that the DHT is told and decides to a new file, for vicinity simulate replay; it names the peers that are met, with their addresses, and what is looked for',
    otherwise: 'no trace',
    example: 'vicinity node --record trace.jsonl'
  },
  log: {
    type: 'text',
    placeholder: 'names',
    env: ['DEBUG'],
    help: "libp2p's own logs on standard error, by name",
    otherwise: 'none',
    example: "vicinity node --log 'libp2p:tcp*,vicinity:*'"
  },
  json: json
} as const satisfies OptionTable

const identityFile = {
  type: 'text',
  placeholder: 'file',
  default: 'vicinity.key',
  env: ['VICINITY_KEY_FILE'],
  help: 'where the identity is kept',
  example: 'vicinity id create --key-file me.key'
} as const satisfies Text

/** `vicinity id create` */
export const idCreateOptions = {
  'key-file': identityFile,
  'key-type': {
    ...keyType,
    help: 'the kind of identity: ids of ed25519 begin 12D3KooW, those of secp256k1 16Uiu2',
    otherwise: 'ed25519',
    example: 'vicinity id create --key-type secp256k1'
  },
  json: { ...json, example: 'vicinity id create --json' }
} as const satisfies OptionTable

/** `vicinity id show` */
export const idShowOptions = {
  'key-file': { ...identityFile, example: 'vicinity id show --key-file me.key' },
  json: { ...json, example: 'vicinity id show --json' }
} as const satisfies OptionTable

/** `vicinity simulate <scenario>`, besides what is simulated. Only the command line decides that, or a run could not be had again. */
export const simulateOptions = {
  seed: {
    type: 'text',
    placeholder: 'text',
    form: { pattern: /^[\w.:/+-]{1,64}$/, words: 'it has to be up to 64 letters, digits or any of . : / + _ -' },
    env: [],
    help: 'everything random follows from it: the same seed and flags give the same run, and the same hash',
    otherwise: 'a random number, which is printed',
    example: 'vicinity simulate baseline --seed 1'
  },
  seeds: {
    type: 'text',
    placeholder: 'count',
    default: '1',
    form: { pattern: /^\d{1,9}$/, words: 'it has to be a whole number from 1 to 100000' },
    env: [],
    help: 'run so many seeds on all cores: where --seed is a number of up to 15 digits, it and those that follow; where it is another text, text/1, text/2 and so on',
    example: 'vicinity simulate swarm --seeds 1000'
  },
  threads: {
    type: 'text',
    placeholder: 'count',
    form: { pattern: /^\d{1,9}$/, words: 'it has to be a whole number from 1 to 1024' },
    env: [],
    help: 'how many seeds run at a time',
    otherwise: 'as many as there are cores',
    example: 'vicinity simulate baseline --nodes 50000 --seeds 4 --threads 1'
  },
  out: {
    type: 'text',
    placeholder: 'folder',
    env: [],
    help: 'write the report as JSON and its pictures as SVG into a folder; no file that exists is touched; of several seeds of swarm, whose networks differ, only the report',
    otherwise: 'none',
    example: 'vicinity simulate partition --seed 1 --out partition'
  },
  shrink: {
    type: 'flag',
    env: [],
    help: 'make a run that fails as small as it can be while it fails in the same way, and print its command',
    example: 'vicinity simulate swarm --seed 17 --shrink'
  },
  json: {
    ...json,
    help: 'the report as one JSON document on standard output',
    example: 'vicinity simulate churn --seed 1 --json'
  },
  'only-faults': {
    type: 'text',
    placeholder: 'numbers',
    form: { pattern: /^(none|\d{1,9}(,\d{1,9})*)$/, words: 'it has to be numbers with commas between them, or none' },
    env: [],
    help: 'of the faults only those with these numbers, from 0; for runs that were shrunk',
    otherwise: 'all',
    example: 'vicinity simulate partition --seed 1 --only-faults none'
  },
  'only-lookups': {
    type: 'text',
    placeholder: 'numbers',
    form: { pattern: /^(none|\d{1,9}(,\d{1,9})*)$/, words: 'it has to be numbers with commas between them, or none' },
    env: [],
    help: 'of the lookups only those with these numbers, from 0; for runs that were shrunk',
    otherwise: 'all',
    example: 'vicinity simulate baseline --seed 1 --only-lookups 0,5'
  }
} as const satisfies OptionTable

/** `vicinity simulate paper` */
export const simulatePaperOptions = {
  full: {
    type: 'flag',
    env: [],
    help: 'at full size, which takes an hour and a half of two cores; without, small networks and wide tolerances',
    example: 'vicinity simulate paper --full'
  },
  tables: {
    type: 'text',
    placeholder: 'ids',
    env: [],
    help: 'only these of T1, T2, T3, T4, T5, T6, T7, T10 and T13, separated by commas',
    otherwise: 'all of them',
    example: 'vicinity simulate paper --tables T2,T10'
  },
  seed: {
    ...simulateOptions.seed,
    default: 'paper',
    otherwise: 'paper',
    help: 'everything random follows from it: the same seed gives the same figures',
    example: 'vicinity simulate paper --seed 1'
  },
  threads: { ...simulateOptions.threads, help: 'how many parts run at a time', example: 'vicinity simulate paper --threads 1' },
  out: {
    type: 'text',
    placeholder: 'folder',
    env: [],
    help: 'write paper.md and its pictures (paper/*.svg) into this folder, over those of an earlier run',
    otherwise: 'none',
    example: 'vicinity simulate paper --full --out docs'
  },
  resume: {
    type: 'text',
    placeholder: 'file',
    env: [],
    help: 'keep what is measured in this file, and measure nothing again that it holds',
    otherwise: 'none',
    example: 'vicinity simulate paper --full --resume parts.jsonl'
  },
  json: { ...json, help: 'every figure, in one JSON object', example: 'vicinity simulate paper --json' }
} as const satisfies OptionTable

/** `vicinity simulate replay <file>` */
export const simulateReplayOptions = {
  partial: {
    type: 'flag',
    env: ['VICINITY_PARTIAL'],
    help: 'replay a trace that was cut off (the node was killed, or still runs) as far as it goes',
    example: 'vicinity simulate replay --partial trace.jsonl'
  },
  json: { ...json, help: 'the report as one JSON object', example: 'vicinity simulate replay --json trace.jsonl' }
} as const satisfies OptionTable

type ValueOf<Spec extends OptionSpec> = Spec extends Flag
  ? boolean
  : Spec extends Addresses
    ? readonly Setting[]
    : (Spec extends Choice ? Spec['choices'][number] : string) | (Spec extends { readonly default: string } ? never : undefined)

/** The values of a table, by option name. */
export type Values<Table extends OptionTable> = { readonly [Name in keyof Table]: ValueOf<Table[Name]> }

/** Text that may turn out to be wrong later on, with where it came from, so that an error can name it. */
export interface Setting {
  readonly text: string
  /** `--listen`, `BOOTSTRAP_PEERS` */
  readonly source: string
}
