/** What a node answers others. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limits, noAddresses } from '@vicinity/kademlia'
import type { Contact, Kademlia, KademliaOutput, PeerInfo, Request } from '@vicinity/kademlia'
import { contactOf, ids, nearest, peerOf, peersOf, targetOf } from './support/contacts.ts'
import { drain, only } from './support/drain.ts'
import { machineOf, tell } from './support/machine.ts'

const self = peerOf('self')
const asker = contactOf('asker')
const target = targetOf('target')

/** A server that knows these peers. */
function serverOf(peers: readonly PeerInfo[]): Kademlia {
  const machine = machineOf(self, { mode: 'server' })
  tell(machine, { type: 'restore', entries: peers.map(peer => ({ peer, heard: 0, roundTrip: 1 })) })
  return machine
}

function ask(machine: Kademlia, message: Request, from: Contact = asker): KademliaOutput {
  const outputs = tell(machine, { type: 'request', call: 7, from, message })
  assert.equal(outputs.length, 1)
  return outputs[0] as KademliaOutput
}

/** Whom it names. */
function named(machine: Kademlia, message: Request, from: Contact = asker): string[] {
  const output = ask(machine, message, from)
  assert(output.type === 'reply' && output.call === 7 && 'closer' in output.message)
  assert.equal(output.message.type, message.type)
  return ids(output.message.closer)
}

describe('FIND_NODE', () => {
  it('names the k nearest, without ourselves and the asker', () => {
    const peers = [peerOf(asker), ...peersOf('peer', 60)]
    const machine = serverOf(peers)
    const known = Array.from(machine.table.entries(), ({ peer }) => peer).filter(({ contact }) => contact.id !== 'asker')
    for (const key of [target, targetOf('another'), self.contact]) {
      const names = named(machine, { type: 'FIND_NODE', target: { bytes: key.bytes, key: key.key } })
      assert.deepEqual(names, ids(nearest(known, key.key, limits.k)))
      assert.equal(names.length, limits.k)
    }
  })

  it('names the target first, be it in the table, ourselves, the asker, or a client that is connected', () => {
    const machine = serverOf(peersOf('peer', 30))
    tell(machine, { type: 'self', addresses: self.addresses })
    tell(machine, { type: 'peer', peer: peerOf('client'), state: 'not-serving' })
    tell(machine, { type: 'peer', peer: peerOf(asker), state: 'connected' })
    for (const id of ['peer3', 'self', 'client', 'asker']) {
      const names = named(machine, { type: 'FIND_NODE', target: contactOf(id) })
      assert.equal(names[0], id)
      assert.equal(new Set(names).size, names.length, 'nobody twice')
      assert.equal(names.length, id === 'peer3' ? limits.k : limits.k + 1)
    }
  })

  it('names clients to nobody who does not look for them', () => {
    const machine = serverOf(peersOf('peer', 3))
    tell(machine, { type: 'peer', peer: peerOf('client'), state: 'connected' })
    const { bytes, key } = contactOf('client')
    assert(!named(machine, { type: 'FIND_NODE', target: { bytes, key } }).includes('client'))
    tell(machine, { type: 'peer', peer: peerOf('client'), state: 'disconnected' })
    assert(!named(machine, { type: 'FIND_NODE', target: contactOf('client') }).includes('client'))
  })

  it('names nobody without an address, be it the target or another', () => {
    const bare = (id: string): PeerInfo => ({ ...peerOf(id), addresses: noAddresses })
    const machine = serverOf([...peersOf('peer', 3), bare('bare')])
    tell(machine, { type: 'peer', peer: bare('caller'), state: 'connected' })
    for (const id of ['bare', 'caller', 'self', 'stranger']) {
      assert.deepEqual(named(machine, { type: 'FIND_NODE', target: contactOf(id) }).sort(), ['peer0', 'peer1', 'peer2'])
    }
  })

  it('names the target by the address of the table when its connection has none', () => {
    const machine = serverOf([peerOf(asker)])
    tell(machine, { type: 'peer', peer: { ...peerOf(asker), addresses: noAddresses }, state: 'connected' })
    assert.deepEqual(named(machine, { type: 'FIND_NODE', target: asker }), ['asker'])
  })
})

describe('the other requests', () => {
  const machine = serverOf(peersOf('peer', 30))
  const closer = named(machine, { type: 'FIND_NODE', target })

  it('for values and providers are sent on to closer peers', () => {
    assert.deepEqual(named(machine, { type: 'GET_VALUE', target }), closer)
    assert.deepEqual(named(machine, { type: 'GET_PROVIDERS', target }), closer)
    const answer = ask(machine, { type: 'GET_PROVIDERS', target })
    assert(answer.type === 'reply' && answer.message.type === 'GET_PROVIDERS')
    assert.deepEqual(answer.message.providers, [])
  })

  it('to keep a provider are read and never answered', () => {
    assert.deepEqual(ask(machine, { type: 'ADD_PROVIDER', target, providers: [] }), { type: 'silence', call: 7 })
  })

  it('to keep a value are refused: an echo would claim that it was kept', () => {
    const refused = ask(machine, { type: 'PUT_VALUE', target, record: undefined })
    assert.deepEqual(refused, { type: 'refuse', call: 7, reason: 'unsupported' })
  })

  it('are answered if they are pings', () => {
    assert.deepEqual(ask(machine, { type: 'PING' }), { type: 'reply', call: 7, message: { type: 'PING' } })
  })
})

describe('a node that does not serve', () => {
  it('refuses all: as a client, and when it has stopped', () => {
    const machine = serverOf(peersOf('peer', 3))
    tell(machine, { type: 'mode', mode: 'client' })
    assert.equal(machine.mode, 'client')
    assert.deepEqual(ask(machine, { type: 'PING' }), { type: 'refuse', call: 7, reason: 'client' })
    tell(machine, { type: 'mode', mode: 'server' })
    assert.equal(ask(machine, { type: 'PING' }).type, 'reply')
    tell(machine, { type: 'stop' })
    assert.deepEqual(ask(machine, { type: 'PING' }), { type: 'refuse', call: 7, reason: 'stopped' })
    assert.deepEqual(only(drain(machine), 'reply'), [])
  })
})
