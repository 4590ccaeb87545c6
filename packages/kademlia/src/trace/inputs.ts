/** The machine's inputs, as a trace gives them back: each type field by field, so that none can be forgotten. */
import type { KademliaInput, LookupOptions, Operation, SavedEntry } from '../io.ts'
import type { Request, Response, ValueRecord } from '../messages.ts'
import { Fields } from './fields.ts'

/** One reader for each member of a union; a member without one does not compile. */
type Readers<Union extends { readonly type: string }> = {
  readonly [Type in Union['type']]: (fields: Fields) => Extract<Union, { readonly type: Type }>
}

/** Throws SyntaxError for what is no input. */
export function readInput(value: unknown): KademliaInput {
  return readMember(value, inputs, 'an input')
}

function readMember<Union extends { readonly type: string }>(value: unknown, readers: Readers<Union>, what: string): Union {
  const type = new Fields(value, what).text('type')
  if (!Object.hasOwn(readers, type)) {
    throw new SyntaxError(`there is no ${what.replace(/^an? /, '')} of the type "${type}"`)
  }

  const read = (readers as Readonly<Record<string, (fields: Fields) => Union>>)[type]
  const fields = new Fields(value, `${what} of the type "${type}"`)
  fields.take('type')
  return fields.end((read as (fields: Fields) => Union)(fields))
}

const inputs: Readers<KademliaInput> = {
  tick: () => ({ type: 'tick' }),
  clock: fields => ({ type: 'clock', wallAtZero: fields.number('wallAtZero') }),
  self: fields => ({ type: 'self', addresses: fields.addresses('addresses') }),
  mode: fields => ({ type: 'mode', mode: fields.oneOf('mode', ['client', 'server']) }),
  restore: fields => ({ type: 'restore', entries: fields.list('entries', readSaved) }),
  stop: () => ({ type: 'stop' }),
  start: fields => ({
    type: 'start',
    op: fields.whole('op', 1),
    operation: readMember(fields.take('operation'), operations, 'an operation')
  }),
  cancel: fields => ({ type: 'cancel', op: fields.whole('op', 1) }),
  opened: fields => ({ type: 'opened', rpc: fields.whole('rpc', 1) }),
  response: fields => ({
    type: 'response',
    rpc: fields.whole('rpc', 1),
    message: readMember(fields.take('message'), responses, 'a response')
  }),
  failure: fields => ({
    type: 'failure',
    rpc: fields.whole('rpc', 1),
    reason: fields.oneOf('reason', ['dial', 'unsupported', 'reset', 'malformed', 'local'])
  }),
  request: fields => ({
    type: 'request',
    call: fields.whole('call', 1),
    from: fields.contact('from'),
    message: readMember(fields.take('message'), requests, 'a request')
  }),
  peer: fields => ({
    type: 'peer',
    peer: fields.peer('peer'),
    state: fields.oneOf('state', ['connected', 'serving', 'not-serving', 'disconnected', 'readdressed'])
  }),
  targeted: fields => ({ type: 'targeted', io: fields.whole('io', 1), target: fields.target('target') })
}

const operations: Readers<Operation> = {
  closest: fields => ({ type: 'closest', target: fields.target('target'), ...readLookup(fields) }),
  findPeer: fields => ({ type: 'findPeer', contact: fields.contact('contact'), ...readLookup(fields) }),
  bootstrap: () => ({ type: 'bootstrap' }),
  refresh: () => ({ type: 'refresh' })
}

const requests: Readers<Request> = {
  FIND_NODE: fields => ({ type: 'FIND_NODE', target: fields.target('target') }),
  GET_VALUE: fields => ({ type: 'GET_VALUE', target: fields.target('target') }),
  PUT_VALUE: fields => ({ type: 'PUT_VALUE', target: fields.target('target'), record: readRecord(fields) }),
  GET_PROVIDERS: fields => ({ type: 'GET_PROVIDERS', target: fields.target('target') }),
  ADD_PROVIDER: fields => ({ type: 'ADD_PROVIDER', target: fields.target('target'), providers: fields.peers('providers') }),
  PING: () => ({ type: 'PING' })
}

const responses: Readers<Response> = {
  FIND_NODE: fields => ({ type: 'FIND_NODE', closer: fields.peers('closer') }),
  GET_VALUE: fields => ({ type: 'GET_VALUE', closer: fields.peers('closer'), record: readRecord(fields) }),
  GET_PROVIDERS: fields => ({ type: 'GET_PROVIDERS', closer: fields.peers('closer'), providers: fields.peers('providers') }),
  PUT_VALUE: fields => ({ type: 'PUT_VALUE', record: readRecord(fields) }),
  PING: () => ({ type: 'PING' })
}

function readLookup(fields: Fields): LookupOptions {
  return {
    ...(fields.has('timeout') ? { timeout: fields.number('timeout') } : {}),
    ...(fields.has('awaitPeers') ? { awaitPeers: fields.flag('awaitPeers') } : {}),
    ...(fields.has('disjointPaths') ? { disjointPaths: fields.whole('disjointPaths', 1) } : {})
  }
}

function readRecord(fields: Fields): ValueRecord | undefined {
  if (!fields.has('record')) {
    return undefined
  }

  const record = new Fields(fields.take('record'), 'a record')
  return record.end({
    key: record.bytes('key'),
    value: record.bytes('value'),
    received: record.has('received') ? record.number('received') : undefined
  })
}

function readSaved(item: unknown): SavedEntry {
  const saved = new Fields(item, 'a saved entry')
  return saved.end({ peer: saved.peer('peer'), heard: saved.number('heard'), roundTrip: saved.number('roundTrip') })
}
