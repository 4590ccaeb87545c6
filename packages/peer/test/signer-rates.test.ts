/** How much one signer may say: the rate, and the count of what was left out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { guardLimits } from '../src/guard/limits.ts'
import { SignerRates } from '../src/signer-rates.ts'

const { signerMessages, signerBytes } = guardLimits

function rates(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const told: Array<readonly [string | null, number]> = []
  const subject = new SignerRates((signer, count) => told.push([signer, count]))
  t.after(() => subject.stop())
  const pass = async (ms: number): Promise<void> => {
    now += ms
    t.mock.timers.tick(ms)
    await Promise.resolve()
  }
  const say = (signer: string | null, count: number, bytes = 1): number =>
    Array.from({ length: count }, () => subject.admits(signer, bytes)).filter(Boolean).length
  return { subject, told, pass, say }
}

test('a burst is admitted whole, then so many messages a second, of each signer by itself', async t => {
  const { pass, say } = rates(t)
  assert.equal(say('a', 100), signerMessages.burst)
  assert.equal(say('b', 100), signerMessages.burst)
  assert.equal(say(null, 100), signerMessages.burst)
  await pass(1_000)
  assert.equal(say('a', 100), signerMessages.perSecond)
})

test('large messages use up the bytes of their signer, and a message larger than the burst still passes once', async t => {
  const { pass, say } = rates(t)
  assert.equal(say('a', 10, signerBytes.burst / 4), 4)
  assert.equal(say('a', 1), 0)
  await pass(1_000)
  assert.equal(say('a', 1), 1)
  assert.equal(say('b', 2, 4 * signerBytes.burst), 1)
})

test('the messages that were left out are counted once a second, for each signer', async t => {
  const { told, pass, say } = rates(t)
  say('a', signerMessages.burst + 3)
  say(null, signerMessages.burst + 2)
  await pass(999)
  assert.deepEqual(told, [])
  await pass(1)
  assert.deepEqual(told, [
    ['a', 3],
    [null, 2]
  ])
  await pass(10_000)
  assert.equal(told.length, 2)
  say('a', signerMessages.burst + 1)
  await pass(1_000)
  assert.deepEqual(told[2], ['a', 1])
})

test('the counts of signers without end are bounded', async t => {
  const { told, pass, say } = rates(t)
  for (let number = 0; number < guardLimits.peersWatched + 10; number++) {
    say(`signer ${number}`, signerMessages.burst + 1)
  }
  say('signer 0', signerMessages.burst + 1)
  await pass(1_000)
  assert.equal(told.length, guardLimits.peersWatched)
  assert.deepEqual(told[0], ['signer 0', 2])
})

test('after the stop nothing is told', async t => {
  const { subject, told, pass, say } = rates(t)
  say('a', signerMessages.burst + 1)
  subject.stop()
  await pass(10_000)
  assert.deepEqual(told, [])
})
