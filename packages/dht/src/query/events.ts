import type { PeerId, PeerInfo } from '@libp2p/interface'
import type { ProgressEvent } from 'progress-events'

/** The kinds of events that a query yields, numbered as `@libp2p/kad-dht` numbers them. */
export const EventTypes = {
  SEND_QUERY: 0,
  PEER_RESPONSE: 1,
  FINAL_PEER: 2,
  QUERY_ERROR: 3,
  PROVIDER: 4,
  VALUE: 5,
  ADD_PEER: 6,
  DIAL_PEER: 7,
  PATH_ENDED: 8
} as const
export type EventTypes = (typeof EventTypes)[keyof typeof EventTypes]

/** The messages of the protocol. */
export const MessageType = {
  PUT_VALUE: 'PUT_VALUE',
  GET_VALUE: 'GET_VALUE',
  ADD_PROVIDER: 'ADD_PROVIDER',
  GET_PROVIDERS: 'GET_PROVIDERS',
  FIND_NODE: 'FIND_NODE',
  PING: 'PING'
} as const
export type MessageType = keyof typeof MessageType
export type MessageName = MessageType

/** Where a query stands. `index` is -1 for what is known without asking anybody; candidates: not asked yet, asked, all. */
export interface DisjointPath {
  index: number
  queued: number
  running: number
  total: number
}

interface Event<Name extends keyof typeof EventTypes> {
  name: Name
  type: (typeof EventTypes)[Name]
  path: DisjointPath
}

export interface DHTRecord {
  key: Uint8Array
  value: Uint8Array
  timeReceived?: Date
}

/** A request goes out. */
export interface SendQueryEvent extends Event<'SEND_QUERY'> {
  to: PeerId
  messageName: MessageName
  messageType: MessageType
}

/** It was answered. */
export interface PeerResponseEvent extends Event<'PEER_RESPONSE'> {
  from: PeerId
  messageName: MessageName
  messageType: MessageType
  closer: PeerInfo[]
  providers: PeerInfo[]
  record?: DHTRecord
}

/** A result: the peer looked for, or one of the closest. */
export interface FinalPeerEvent extends Event<'FINAL_PEER'> {
  from: PeerId
  peer: PeerInfo
}

/** A request failed. */
export interface QueryErrorEvent extends Event<'QUERY_ERROR'> {
  from: PeerId
  error: Error
}

export interface ProviderEvent extends Event<'PROVIDER'> {
  from: PeerId
  providers: PeerInfo[]
}

export interface ValueEvent extends Event<'VALUE'> {
  from: PeerId
  value: Uint8Array
}

export interface AddPeerEvent extends Event<'ADD_PEER'> {
  peer: PeerId
}

/** A connection must be made before the request can go out. */
export interface DialPeerEvent extends Event<'DIAL_PEER'> {
  peer: PeerId
}

/** The query asks nobody any more. */
export type PathEndedEvent = Event<'PATH_ENDED'>

export type QueryEvent =
  | SendQueryEvent
  | PeerResponseEvent
  | FinalPeerEvent
  | QueryErrorEvent
  | ProviderEvent
  | ValueEvent
  | AddPeerEvent
  | DialPeerEvent
  | PathEndedEvent

export type DHTProgressEvents =
  | ProgressEvent<'kad-dht:query:send-query', SendQueryEvent>
  | ProgressEvent<'kad-dht:query:peer-response', PeerResponseEvent>
  | ProgressEvent<'kad-dht:query:final-peer', FinalPeerEvent>
  | ProgressEvent<'kad-dht:query:query-error', QueryErrorEvent>
  | ProgressEvent<'kad-dht:query:provider', ProviderEvent>
  | ProgressEvent<'kad-dht:query:value', ValueEvent>
  | ProgressEvent<'kad-dht:query:add-peer', AddPeerEvent>
  | ProgressEvent<'kad-dht:query:dial-peer', DialPeerEvent>
  | ProgressEvent<'kad-dht:query:path-ended', PathEndedEvent>

/** The `onProgress` name of an event: `kad-dht:query:` and its name in kebab case. */
export function progressName(event: QueryEvent): DHTProgressEvents['type'] {
  return `kad-dht:query:${event.name.toLowerCase().replaceAll('_', '-')}` as DHTProgressEvents['type']
}

/** The path of what is known without asking anybody. */
export const localPath: DisjointPath = Object.freeze({ index: -1, queued: 0, running: 0, total: 0 })
