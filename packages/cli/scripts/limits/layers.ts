/** Where the node's bounds stand in the sources, the layer that each belongs to, and the options that change them. */
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { KadDHTInit } from '@vicinity/dht'
import type { PeerOptions } from '@vicinity/peer'
import type { nodeOptions } from '../../src/options.ts'
import { boundsIn } from './bounds.ts'
import type { Bound } from './bounds.ts'
import { Sources } from './sources.ts'
import type { ReadSource } from './sources.ts'

/** In the order of the table. */
export const layers = [
  'Connections',
  'Bytes that wait',
  'Streams',
  'Muxer',
  'Transports',
  'Gossip',
  'Identify',
  'DHT streams',
  'DHT engine',
  'Records and addresses',
  'Command'
] as const

export type Layer = (typeof layers)[number]

interface SourceFile {
  readonly layer?: Layer
  /** Other layers, by how the heading above a bound begins, or by a constant's name. */
  readonly except?: Readonly<Record<string, Layer>>
  /** Bounds whose names do not tell that they are. */
  readonly also?: readonly string[]
  /** Constants that are named like bounds and are none. */
  readonly none?: readonly string[]
}

const files: Readonly<Record<string, SourceFile>> = {
  'packages/peer/src/guard/limits.ts': {
    except: {
      Connections: 'Connections',
      Bytes: 'Bytes that wait',
      Streams: 'Streams',
      Muxer: 'Muxer',
      Gossip: 'Gossip',
      Transports: 'Transports'
    }
  },
  'packages/peer/src/contacts.ts': { layer: 'Connections' },
  'packages/peer/src/discovered.ts': { layer: 'Connections' },
  'packages/peer/src/composed-peer.ts': { layer: 'Connections' },
  'packages/peer/src/joining.ts': { layer: 'Connections' },
  'packages/peer/src/guard/buffers.ts': { layer: 'Bytes that wait' },
  'packages/peer/src/compose.ts': { layer: 'Streams', except: { addressAgeMs: 'Records and addresses' } },
  'packages/peer/src/echo.ts': { layer: 'Streams' },
  'packages/peer/src/pings.ts': { layer: 'Streams' },
  'packages/peer/src/guard/muxer.ts': { layer: 'Muxer', none: ['headerBytes'] },
  'packages/peer/src/multicast-dns.ts': { layer: 'Transports' },
  'packages/peer/src/guard/frames.ts': { layer: 'Gossip' },
  'packages/peer/src/signer-rates.ts': { layer: 'Gossip' },
  'packages/peer/src/duplicates.ts': { layer: 'Gossip' },
  'packages/peer/src/greeting.ts': { layer: 'Gossip' },
  'packages/peer/src/payload/claims.ts': { layer: 'Gossip' },
  'packages/peer/src/payload/json.ts': { layer: 'Gossip' },
  'packages/peer/src/payload/protobuf.ts': { layer: 'Gossip' },
  'packages/peer/src/payload/sniff.ts': { layer: 'Gossip' },
  'packages/peer/src/identify.ts': { layer: 'Identify' },
  'packages/peer/src/identify-message.ts': { layer: 'Identify' },
  'packages/dht/src/streams/limits.ts': { layer: 'DHT streams' },
  'packages/dht/src/streams/pool.ts': { layer: 'DHT streams', also: ['strikesToOneShot'] },
  'packages/dht/src/messages.ts': { none: ['otherFieldsBytes'] },
  'packages/dht/src/preimage.ts': { layer: 'DHT engine', also: ['batch'] },
  'packages/kademlia/src/limits.ts': {
    layer: 'DHT engine',
    except: { 'What a peer id': 'Records and addresses', Traces: 'Command' }
  },
  'packages/kademlia/src/key.ts': { none: ['keyBytes'] },
  'packages/kademlia/src/math.ts': { none: ['expMax', 'expMin'] },
  'packages/wire/src/limits.ts': { layer: 'Records and addresses' },
  'packages/peer/src/multiaddr-limits.ts': { layer: 'Records and addresses' },
  'packages/peer/src/addresses.ts': { layer: 'Command' },
  'packages/peer/src/identity.ts': { layer: 'Command' },
  'packages/peer/src/key-bytes.ts': { layer: 'Command' },
  'packages/peer/src/checkpoint.ts': { layer: 'Command' },
  'packages/peer/src/reasons.ts': { layer: 'Command' },
  'packages/peer/src/guard/escapes.ts': { layer: 'Command' },
  'packages/cli/src/memory.ts': { layer: 'Command' },
  'packages/cli/src/output.ts': { layer: 'Command' },
  'packages/cli/src/trace-file.ts': { layer: 'Command' }
}

/** The options that set a bound, or switch it off. */
export interface Switches {
  readonly command?: readonly (keyof typeof nodeOptions)[]
  readonly peer?: readonly (keyof PeerOptions)[]
  readonly dht?: readonly (keyof KadDHTInit)[]
}

const groups: Switches = { command: ['network'], peer: ['network'], dht: ['limitAddressGroups'] }

const switches: Readonly<Record<string, Switches>> = {
  'limits.k': { dht: ['kBucketSize'] },
  'limits.alpha': { dht: ['alpha'] },
  'limits.bootstrapInterval': { dht: ['querySelfInterval'] },
  'limits.groupsPerPeer': groups,
  'limits.groupPerBucket': groups,
  'limits.groupPerTable': groups,
  'limits.groupPerReply': groups,
  'serverLimits.idle': { dht: ['incomingMessageTimeout', 'serverLimits'] },
  'serverLimits.streamsPerPeer': { dht: ['maxInboundStreams', 'serverLimits'] },
  'poolLimits.streamsPerPeer': { dht: ['maxOutboundStreams'] }
}

export interface PlacedBound extends Bound {
  readonly layer: Layer
  readonly switches: Switches
}

/** Every bound of the node, in the order of the layers and of the files above. */
export function boundsOfNode(read: ReadSource): PlacedBound[] {
  const sources = new Sources(read)
  const all = Object.keys(files).flatMap(path => boundsOfFile(sources, path))
  return layers.flatMap(layer => all.filter(bound => bound.layer === layer))
}

function boundsOfFile(sources: Sources, path: string): PlacedBound[] {
  const { layer, except = {}, also = [], none = [] } = files[path] ?? {}
  return boundsIn(sources, path, also).flatMap(bound => {
    if (none.includes(bound.name)) {
      return []
    }
    const [, other] = Object.entries(except).find(([key]) => bound.section.startsWith(key) || bound.name === key) ?? []
    const place = other ?? layer
    if (place === undefined) {
      throw new Error(`${path}: ${bound.name} has no layer; scripts/limits/layers.ts gives it one`)
    }
    return [{ ...bound, layer: place, switches: switchesOf(bound.name) }]
  })
}

function switchesOf(name: string): Switches {
  return switches[name] ?? (name.startsWith('serverLimits.') ? { dht: ['serverLimits'] } : {})
}

/** Names in `switches` that no bound has. */
export function unusedSwitches(bounds: readonly Bound[]): string[] {
  return Object.keys(switches).filter(name => !bounds.some(bound => bound.name === name))
}

/** Source files with bounds that the table above does not list. The simulator is no part of the node. */
export function unlistedFiles(read: ReadSource): string[] {
  const sources = new Sources(read)
  const cwd = fileURLToPath(new URL('../../../../', import.meta.url))
  return globSync('packages/{kademlia,wire,dht,peer,cli}/src/**/*.ts', { cwd })
    .map(path => path.replaceAll('\\', '/'))
    .filter(path => !/\/simulate|\/testnet\.ts$/.test(path) && files[path] === undefined)
    .filter(path => boundsIn(sources, path).length > 0)
    .sort()
}
