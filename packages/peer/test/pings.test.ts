/** Pings: each second, one at a time for each peer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { Pings } from '../src/pings.ts'
import { settle } from './support.ts'

function pings(t: TestContext, targets: readonly string[]) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const flying: Array<{ peer: string; answer: (ms: number) => void; fail: (error: Error) => void; signal: AbortSignal }> = []
  const told: string[] = []
  const subject = new Pings({
    targets: () => targets,
    ping: async (peer, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<number>()
      flying.push({ peer, answer: resolve, fail: reject, signal })
      return promise
    },
    answered: (peer, ms) => void told.push(`${peer} ${ms}`),
    failed: (peer, error) => void told.push(`${peer} ${String(error)}`)
  })
  const pass = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms)
    await settle()
  }

  t.after(() => subject.stop())
  subject.start()
  return { subject, flying, told, pass }
}

test('each peer is pinged every second, but never while a ping of its own is under way', async t => {
  const { flying, told, pass } = pings(t, ['a', 'b'])
  await pass(999)
  assert.equal(flying.length, 0)
  await pass(1)
  assert.deepEqual(
    flying.map(({ peer }) => peer),
    ['a', 'b']
  )

  flying[0]?.answer(7)
  await settle()
  await pass(1_000)
  assert.deepEqual(
    flying.map(({ peer }) => peer),
    ['a', 'b', 'a']
  )

  flying[1]?.fail(new Error('late'))
  await settle()
  await pass(1_000)
  assert.deepEqual(
    flying.map(({ peer }) => peer),
    ['a', 'b', 'a', 'b']
  )
  assert.deepEqual(told, ['a 7', 'b Error: late'])
})

test('the stop gives up what is under way, silently', async t => {
  const { subject, flying, told, pass } = pings(t, ['a'])
  await pass(1_000)
  subject.stop()
  assert.equal(flying[0]?.signal.aborted, true)
  flying[0]?.fail(new Error('aborted'))
  await pass(60_000)
  assert.equal(flying.length, 1)
  assert.deepEqual(told, [])
})
