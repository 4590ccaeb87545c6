/** The peers named to us: dialled at once, again with back-off, and not pestered. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { Contacts } from '../src/contacts.ts'
import type { ContactKind } from '../src/contacts.ts'
import { settle } from './support.ts'

const addressOf = (port: number): string => `/ip4/198.51.100.1/tcp/${port}`

/** A network of which the test decides who is there; `connected` are the peers that we are connected to, by port. */
function contacts(t: TestContext, named: ReadonlyArray<readonly [ContactKind, number]>, there: Set<number>) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const dialled: number[] = []
  const failures: Array<{ port: number; attempt: number; retryMs: number }> = []
  const connected = new Set<string>()
  const reached: number[] = []
  const portOf = (address: { toString(): string }): number => Number(address.toString().split('/').at(-1))

  const subject = new Contacts(
    named.map(([kind, port]) => ({ kind, address: multiaddr(addressOf(port)) })),
    {
      dial: async address => {
        const port = portOf(address)
        dialled.push(port)
        if (!there.has(port)) {
          throw new Error('nobody there')
        }
        connected.add(`peer${port}`)
        return `peer${port}`
      },
      isConnected: peer => connected.has(peer),
      isIsolated: () => connected.size === 0,
      reached: ({ address }) => void reached.push(portOf(address)),
      failed: ({ address }, _error, attempt, retryMs) => void failures.push({ port: portOf(address), attempt, retryMs })
    }
  )
  const pass = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms)
    await settle()
  }
  const hangUp = async (port: number): Promise<void> => {
    connected.delete(`peer${port}`)
    subject.closed(`peer${port}`)
    await settle()
  }

  t.after(() => subject.stop())
  return { subject, dialled, failures, reached, pass, hangUp, connected }
}

test('all are dialled at once, and the begin ends when the bootstrap peers were tried', async t => {
  const { subject, dialled, failures, reached } = contacts(
    t,
    [
      ['bootstrap', 1],
      ['dial', 2],
      ['bootstrap', 3]
    ],
    new Set([1, 2])
  )
  await subject.begin()
  assert.deepEqual(dialled, [1, 2, 3])
  assert.deepEqual(new Set(reached), new Set([1, 2]))
  assert.deepEqual(failures, [{ port: 3, attempt: 1, retryMs: 1_000 }])
  assert.equal(subject.isBootstrap('peer1'), true)
  assert.equal(subject.isBootstrap('peer2'), false)
})

test('a peer that is away is dialled again, each time after twice as long, five minutes at most', async t => {
  const there = new Set<number>()
  const { subject, dialled, failures, reached, pass } = contacts(t, [['bootstrap', 1]], there)
  await subject.begin()

  for (const seconds of [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]) {
    const before = dialled.length
    await pass(seconds * 1_000 - 1)
    assert.equal(dialled.length, before)
    await pass(1)
    assert.equal(dialled.length, before + 1)
  }
  assert.deepEqual(failures.at(-1), { port: 1, attempt: 12, retryMs: 300_000 })

  there.add(1)
  await pass(300_000)
  assert.deepEqual(reached, [1])
  await pass(3_600_000)
  assert.equal(dialled.length, 13)
})

test('a bootstrap peer that hangs up is dialled again only when nobody else is left', async t => {
  const { subject, dialled, pass, hangUp } = contacts(
    t,
    [
      ['bootstrap', 1],
      ['bootstrap', 2]
    ],
    new Set([1, 2])
  )
  await subject.begin()
  await hangUp(1)
  assert.equal(subject.isBootstrap('peer1'), false)
  await pass(3_600_000)
  assert.deepEqual(dialled, [1, 2])

  await hangUp(2)
  await pass(1_000)
  // The first to be reached is enough.
  assert.deepEqual(dialled, [1, 2, 1])
  await pass(3_600_000)
  assert.deepEqual(dialled, [1, 2, 1])
})

test('one that hangs up again and again is dialled ever more rarely', async t => {
  const { subject, dialled, pass, hangUp } = contacts(t, [['bootstrap', 1]], new Set([1]))
  await subject.begin()
  for (const seconds of [1, 2, 4, 8]) {
    await hangUp(1)
    const before = dialled.length
    await pass(seconds * 1_000 - 1)
    assert.equal(dialled.length, before)
    await pass(1)
    assert.equal(dialled.length, before + 1)
  }
})

test('any other peer that hangs up is left alone', async t => {
  const { subject, dialled, pass, hangUp } = contacts(t, [['dial', 1]], new Set([1]))
  await subject.begin()
  await settle()
  await hangUp(1)
  await pass(3_600_000)
  assert.deepEqual(dialled, [1])
})

test('after the stop nobody is dialled', async t => {
  const { subject, dialled, failures, pass } = contacts(t, [['bootstrap', 1]], new Set())
  await subject.begin()
  subject.stop()
  await pass(3_600_000)
  assert.deepEqual(dialled, [1])
  assert.equal(failures.length, 1)
})
