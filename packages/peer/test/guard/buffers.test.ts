/** Bytes that wait in connections: the share of one, and of all. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import fc from 'fast-check'
import { Buffers } from '../../src/guard/buffers.ts'
import type { Buffering } from '../../src/guard/buffers.ts'

const limits = { connectionBufferBytes: 100, nodeBufferBytes: 250 } as never

class Held implements Buffering {
  readonly ended: string[] = []
  held: Array<{ readBufferLength: number; writeBufferLength: number }>

  constructor(...held: Array<{ readBufferLength: number; writeBufferLength: number }>) {
    this.held = held
  }

  static of(bytes: number): Held {
    return new Held({ readBufferLength: bytes, writeBufferLength: 0 })
  }

  get bytes(): number {
    return this.held.reduce((sum, part) => sum + part.readBufferLength + part.writeBufferLength, 0)
  }

  parts(): Held['held'] {
    return this.held
  }

  abort(error: Error): void {
    this.ended.push(error.message)
    this.held = []
  }
}

test('a connection that holds more than its share over all its parts, in both directions, is ended once', () => {
  const buffers = new Buffers(limits)
  const full = new Held({ readBufferLength: 30, writeBufferLength: 20 }, { readBufferLength: 0, writeBufferLength: 50 })
  buffers.add(full)
  buffers.check(full)
  assert.deepEqual(full.ended, [])

  full.held.push({ readBufferLength: 1, writeBufferLength: 0 })
  buffers.check(full)
  buffers.check(full)
  assert.deepEqual(full.ended, ['101 bytes wait in the connection'])
})

test('a connection that was removed is left alone', () => {
  const buffers = new Buffers(limits)
  const full = Held.of(1_000)
  buffers.add(full)
  buffers.remove(full)
  buffers.check(full)
  assert.deepEqual(full.ended, [])
})

function running(t: TestContext, held: readonly Held[]): { readonly buffers: Buffers; readonly round: () => void } {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const buffers = new Buffers(limits)
  for (const connection of held) {
    buffers.add(connection)
  }
  buffers.start()
  return { buffers, round: () => t.mock.timers.tick(250) }
}

test('the connections are looked at again and again without being asked, until the stop', async t => {
  const quiet = Held.of(100)
  const { buffers, round } = running(t, [quiet])
  round()
  await Promise.resolve()
  assert.deepEqual(quiet.ended, [])
  quiet.held.push({ readBufferLength: 1, writeBufferLength: 0 })
  round()
  assert.equal(quiet.ended.length, 1)

  await Promise.resolve()
  const late = Held.of(101)
  buffers.add(late)
  buffers.stop()
  round()
  assert.deepEqual(late.ended, [])
})

test('the connections that hold most are ended when all hold too much together, and no more than need be', t => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 12, size: 'max' }), sizes => {
      const connections = sizes.map(size => Held.of(size))
      const { buffers, round } = running(t, connections)
      round()
      buffers.stop()
      t.mock.timers.reset()

      const kept = connections.filter(({ ended }) => ended.length === 0).map(({ bytes }) => bytes)
      const total = kept.reduce((sum, bytes) => sum + bytes, 0)
      const gone = sizes.toSorted((a, b) => b - a).slice(0, sizes.length - kept.length)
      assert.ok(total <= 250)
      assert.ok(gone.every(bytes => kept.every(other => other <= bytes)))
      assert.ok(gone.length === 0 || total + Math.min(...gone) > 250)
    })
  )
})
