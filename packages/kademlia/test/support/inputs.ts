/** Arbitrary inputs of the root machine: one arbitrary for each member of each union, so that a new one does not compile without. */
import fc from 'fast-check'
import type {
  Addresses,
  Contact,
  KademliaInput,
  Operation,
  PeerInfo,
  Request,
  Response,
  SavedEntry,
  Target,
  ValueRecord
} from '@vicinity/kademlia'
import { contactOf, targetOf } from './contacts.ts'

type Arbitraries<Union extends { readonly type: string }> = {
  readonly [Type in Union['type']]: fc.Arbitrary<Extract<Union, { readonly type: Type }>>
}

function anyOf<Union extends { readonly type: string }>(arbitraries: Arbitraries<Union>): fc.Arbitrary<Union> {
  return fc.oneof(...Object.values<fc.Arbitrary<Union>>(arbitraries))
}

/** An object as our code makes them. */
function object<T>(fields: { [Name in keyof T]: fc.Arbitrary<T[Name]> }): fc.Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true })
}

/** The members' types, as a test needs them that wants to have seen them all. */
function typesOf<Union extends { readonly type: string }>(arbitraries: Arbitraries<Union>): Array<Union['type']> {
  return Object.keys(arbitraries)
}

// A few of each, so that they are named again and again; texts that a careless format would take for its own.
const contacts: readonly Contact[] = ['a', 'b', 'c', 'd', 'e', 'f', '*0', '**', '*Infinity', '__proto__'].map(contactOf)
const addressSets: readonly Addresses[] = [0, 1, 2, 3].map(count => ({ count }))
const targets: readonly Target[] = ['x', 'y', 'z'].map(targetOf)
const peers: readonly PeerInfo[] = contacts.flatMap((contact, i) =>
  addressSets.map(addresses => ({ contact, addresses, groups: addresses.count === 2 ? [i, 4_294_967_295] : [] }))
)

const id = fc.integer({ min: 1, max: 60 })
const time = fc.integer({ min: 0, max: 2_000_000_000_000 })
const contact = fc.constantFrom(...contacts)
const peer = fc.constantFrom(...peers)
const closer = fc.array(peer, { maxLength: 8 })
const target: fc.Arbitrary<Target> = fc.oneof(fc.constantFrom(...targets, ...contacts), fc.string({ minLength: 1 }).map(targetOf))
const bytes = fc.uint8Array({ maxLength: 40 })
const record: fc.Arbitrary<ValueRecord | undefined> = fc.option(
  object({ key: bytes, value: bytes, received: fc.option(time, { nil: undefined }) }),
  { nil: undefined }
)
const lookup = fc.record(
  {
    timeout: fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.constant(Infinity)),
    awaitPeers: fc.boolean(),
    disjointPaths: fc.integer({ min: 1, max: 20 })
  },
  { requiredKeys: [] }
)

const operations: Arbitraries<Operation> = {
  closest: fc.tuple(target, lookup).map(([sought, options]) => ({ type: 'closest', target: sought, ...options })),
  findPeer: fc.tuple(contact, lookup).map(([sought, options]) => ({ type: 'findPeer', contact: sought, ...options })),
  bootstrap: fc.constant({ type: 'bootstrap' }),
  refresh: fc.constant({ type: 'refresh' })
}

const requests: Arbitraries<Request> = {
  FIND_NODE: object({ type: fc.constant('FIND_NODE'), target }),
  GET_VALUE: object({ type: fc.constant('GET_VALUE'), target }),
  PUT_VALUE: object({ type: fc.constant('PUT_VALUE'), target, record }),
  GET_PROVIDERS: object({ type: fc.constant('GET_PROVIDERS'), target }),
  ADD_PROVIDER: object({ type: fc.constant('ADD_PROVIDER'), target, providers: closer }),
  PING: fc.constant({ type: 'PING' })
}

const responses: Arbitraries<Response> = {
  FIND_NODE: object({ type: fc.constant('FIND_NODE'), closer }),
  GET_VALUE: object({ type: fc.constant('GET_VALUE'), closer, record }),
  GET_PROVIDERS: object({ type: fc.constant('GET_PROVIDERS'), closer, providers: closer }),
  PUT_VALUE: object({ type: fc.constant('PUT_VALUE'), record }),
  PING: fc.constant({ type: 'PING' })
}

const saved: fc.Arbitrary<SavedEntry> = object({ peer, heard: time, roundTrip: fc.integer({ min: 0, max: 10_000 }) })

const inputs: Arbitraries<KademliaInput> = {
  tick: fc.constant({ type: 'tick' }),
  clock: object({ type: fc.constant('clock'), wallAtZero: time }),
  self: object({ type: fc.constant('self'), addresses: fc.constantFrom(...addressSets) }),
  mode: object({ type: fc.constant('mode'), mode: fc.constantFrom('client', 'server') }),
  restore: object({ type: fc.constant('restore'), entries: fc.array(saved, { maxLength: 5 }) }),
  stop: fc.constant({ type: 'stop' }),
  start: object({ type: fc.constant('start'), op: id, operation: anyOf(operations) }),
  cancel: object({ type: fc.constant('cancel'), op: id }),
  opened: object({ type: fc.constant('opened'), rpc: id }),
  response: object({ type: fc.constant('response'), rpc: id, message: anyOf(responses) }),
  failure: object({
    type: fc.constant('failure'),
    rpc: id,
    reason: fc.constantFrom('dial', 'unsupported', 'reset', 'malformed', 'local')
  }),
  request: object({ type: fc.constant('request'), call: id, from: contact, message: anyOf(requests) }),
  peer: object({
    type: fc.constant('peer'),
    peer,
    state: fc.constantFrom('connected', 'serving', 'not-serving', 'disconnected', 'readdressed')
  }),
  targeted: object({ type: fc.constant('targeted'), io: id, target })
}

export const inputTypes = typesOf(inputs)

/** Any input, of each type as likely as of the others. */
export const anyInput: fc.Arbitrary<KademliaInput> = anyOf(inputs)

export interface TimedInput {
  readonly now: number
  readonly input: KademliaInput
}

/** What a driver may tell one machine: time goes on, each operation starts once, and a stop is rare. */
export const anyLife: fc.Arbitrary<TimedInput[]> = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 20_000 }), anyInput, fc.integer({ min: 0, max: 20 })), {
    minLength: 1,
    maxLength: 80
  })
  .map(steps => {
    let now = 0
    let op = 0
    return steps.map(([pause, input, dice]) => {
      now += pause
      if (input.type === 'start') {
        op++
        return { now, input: { ...input, op } }
      }

      return { now, input: input.type === 'stop' && dice > 0 ? { type: 'tick' } : input }
    })
  })
