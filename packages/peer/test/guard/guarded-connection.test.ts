/** One connection under guard: when it is looked at, and on whose behalf it runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MultiaddrConnection } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { Buffers } from '../../src/guard/buffers.ts'
import { culprit } from '../../src/guard/escapes.ts'
import { GuardedConnection } from '../../src/guard/guarded-connection.ts'
import { guardLimits } from '../../src/guard/limits.ts'
import { ended } from './strangers.ts'

function receive(connection: MultiaddrConnection, bytes: number): void {
  ;(connection as unknown as { onData(bytes: Uint8Array): void }).onData(new Uint8Array(bytes))
}

test('a connection that holds too much is ended by the bytes that come, before any timer', async () => {
  const [, connection] = multiaddrConnectionPair({ delay: 0 })
  const buffers = new Buffers({
    connectionBufferBytes: 2 * guardLimits.bufferStepBytes,
    nodeBufferBytes: Number.MAX_SAFE_INTEGER
  })
  const guarded = new GuardedConnection(connection, buffers)
  const end = ended(connection)
  connection.pause()
  receive(connection, guardLimits.bufferStepBytes)
  receive(connection, guardLimits.bufferStepBytes)
  assert.deepEqual(
    [...guarded.parts()].map(({ readBufferLength }) => readBufferLength),
    [2 * guardLimits.bufferStepBytes]
  )
  assert.equal(connection.status, 'open')
  receive(connection, guardLimits.bufferStepBytes)
  assert.match(await end, /bytes wait in the connection/)
})

test('what comes is handled on behalf of the connection', () => {
  const [, connection] = multiaddrConnectionPair({ delay: 0 })
  const guarded = new GuardedConnection(connection, new Buffers())
  const seen: unknown[] = []
  connection.addEventListener('message', () => seen.push(culprit()))
  receive(connection, 1)
  assert.deepEqual(seen, [connection])
  guarded.abort(new Error('enough'))
  assert.equal(connection.status, 'aborted')
})
