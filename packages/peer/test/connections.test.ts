import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection } from '@libp2p/interface'
import { Connections } from '../src/connections.ts'

/** As much of a connection as is read. */
const connection = (id: string, peer: string): Connection =>
  ({ id, remotePeer: { toString: () => peer } }) as unknown as Connection

test('a peer is connected from its first connection to the end of its last, and told of once', () => {
  const told: string[] = []
  const connections = new Connections({
    connected: ({ id }) => void told.push(`connected by ${id}`),
    closed: peer => void told.push(`closed ${peer}`)
  })

  connections.opened(connection('1', 'a'))
  connections.opened(connection('2', 'a'))
  connections.closed(connection('1', 'a'))
  assert.equal(connections.has('a'), true)
  assert.deepEqual(told, ['connected by 1'])

  connections.closed(connection('2', 'a'))
  assert.equal(connections.has('a'), false)
  assert.equal(connections.size, 0)
  // A close may be told twice, and of a connection that was never opened.
  connections.closed(connection('2', 'a'))
  connections.closed(connection('3', 'b'))
  assert.deepEqual(told, ['connected by 1', 'closed a'])

  connections.opened(connection('4', 'a'))
  assert.deepEqual([...connections.peers()], ['a'])
  assert.deepEqual(told, ['connected by 1', 'closed a', 'connected by 4'])
})
