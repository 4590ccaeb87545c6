/** Greetings: one for each peer and run, at most one a second, again until the peer was reached. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { Greeter } from '../src/greeting.ts'
import { settle } from './support.ts'

/** A greeter whose timers are moved by hand, and what it did. */
function greeter(t: TestContext, reach: (attempt: number) => readonly string[] | Error) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const greeted: string[] = []
  let published = 0

  const subject = new Greeter({
    publish: async () => {
      published++
      const reached = reach(published)
      if (reached instanceof Error) {
        throw reached
      }
      return reached
    },
    greeted: peers => void greeted.push(...peers)
  })
  const pass = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms)
    await settle()
  }

  t.after(() => subject.stop())
  return { subject, greeted, pass, published: () => published }
}

test('one greeting serves all who subscribed at about the same time', async t => {
  const { subject, greeted, pass, published } = greeter(t, () => ['a', 'b'])
  subject.subscribed('a')
  subject.subscribed('b')
  assert.equal(published(), 0)
  await pass(200)
  assert.equal(published(), 1)
  assert.deepEqual(greeted, ['a', 'b'])
})

test('a peer is greeted once, however often it subscribes', async t => {
  const { subject, pass, published } = greeter(t, () => ['a'])
  subject.subscribed('a')
  await pass(200)
  subject.gone('a')
  subject.subscribed('a')
  await pass(60_000)
  assert.equal(published(), 1)
})

test('whoever got another’s greeting needs none of its own', async t => {
  const { subject, greeted, pass, published } = greeter(t, () => ['a', 'b'])
  subject.subscribed('a')
  await pass(200)
  subject.subscribed('b')
  await pass(60_000)
  assert.equal(published(), 1)
  assert.deepEqual(greeted, ['a'])
})

test('it is said again, once a second, until the peer was reached', async t => {
  const { subject, greeted, pass, published } = greeter(t, attempt =>
    attempt === 1 ? [] : attempt === 2 ? new Error('closed') : ['a']
  )
  subject.subscribed('a')
  await pass(200)
  assert.equal(published(), 1)
  await pass(900)
  assert.equal(published(), 1)
  await pass(100)
  assert.equal(published(), 2)
  await pass(1_000)
  assert.equal(published(), 3)
  assert.deepEqual(greeted, ['a'])
  await pass(60_000)
  assert.equal(published(), 3)
})

test('a peer that can never be reached does not make us talk to the room for ever', async t => {
  const { subject, greeted, pass, published } = greeter(t, () => ['somebody else'])
  subject.subscribed('a')
  for (let second = 0; second < 60; second++) {
    await pass(1_000)
  }
  assert.equal(published(), 10)
  assert.deepEqual(greeted, [])

  subject.gone('a')
  subject.subscribed('a')
  await pass(60_000)
  assert.equal(published(), 10)
})

test('there is at most one a second, for any number of peers', async t => {
  let peer = 0
  const { subject, pass, published } = greeter(t, () => [String(peer)])
  for (let ms = 0; ms < 10_000; ms += 100) {
    peer++
    subject.subscribed(String(peer))
    await pass(100)
  }
  assert.ok(published() >= 9 && published() <= 10, String(published()))
})

test('a peer that is gone is not waited for, and after the stop nothing is said', async t => {
  const { subject, pass, published } = greeter(t, () => [])
  subject.subscribed('a')
  subject.gone('a')
  await pass(60_000)
  assert.equal(published(), 0)

  subject.subscribed('b')
  subject.stop()
  subject.subscribed('c')
  await pass(60_000)
  assert.equal(published(), 0)
})
