export { assert, AssertionError, unreachable } from './assert.ts'
export { defaultConfig } from './config.ts'
export type { KademliaConfig, Mode } from './config.ts'
export { isContact, newerAddresses, noAddresses } from './contact.ts'
export type { Addresses, Contact, PeerInfo, Target } from './contact.ts'
export { divergence } from './estimate/divergence.ts'
export type { NetworkSize } from './estimate/network-size.ts'
export type {
  Call,
  FailureReason,
  Io,
  KademliaInput,
  KademliaOutput,
  LookupOptions,
  Operation,
  Outcome,
  PathCounts,
  PeerState,
  ProgressEvent,
  SavedEntry
} from './io.ts'
export { Kademlia } from './kademlia.ts'
export {
  commonPrefixLength,
  compareDistance,
  keyBit,
  keyBits,
  keyBytes,
  keyEquals,
  keyFromBytes,
  keyHead,
  keyToBytes,
  keyWords,
  leadingDistance
} from './key.ts'
export type { Key } from './key.ts'
export { limits } from './limits.ts'
export type { PeerPhase } from './lookup/candidates.ts'
export { DisjointLookup } from './lookup/disjoint.ts'
export { Lookup } from './lookup/lookup.ts'
export type { LookupConfig, LookupInput, LookupOutput, LookupResult, SybilAlarm } from './lookup/lookup.ts'
export type { Op } from './lookup/pool.ts'
export type { Machine } from './machine.ts'
export { exp, log, log2 } from './math.ts'
export type { Request, Response, ValueRecord } from './messages.ts'
export type { Rpc } from './requests.ts'
export { Rng } from './rng.ts'
export type { Entry } from './table/entry.ts'
export { Table } from './table/table.ts'
export { hour, minute, second } from './time.ts'
export type { Millis, WallMillis } from './time.ts'
export type { Json } from './trace/encoder.ts'
export { TraceEncoder } from './trace/encoder.ts'
export { traceVersion } from './trace/format.ts'
export type { TraceEntry, TraceHeader, TraceLine, TraceProblem, TraceSink } from './trace/format.ts'
export { LineSplitter } from './trace/lines.ts'
export type { TextLine } from './trace/lines.ts'
export { TraceReader } from './trace/reader.ts'
export { TraceRecorder } from './trace/recorder.ts'
export type { Prefix } from './upkeep/refresh.ts'
