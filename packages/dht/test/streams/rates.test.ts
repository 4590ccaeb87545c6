import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import * as fc from 'fast-check'
import { Budgets } from '../../src/streams/budgets.ts'
import { originOf } from '../../src/streams/origin.ts'
import type { StreamServer } from '../../src/streams/index.ts'
import { framed, ManualClock, openRaw, protocol, serve, startNode, until } from './support.ts'
import type { Node, RawStream } from './support.ts'

const publicAddress = multiaddr('/ip4/8.8.4.4/tcp/4001')
const limits = {
  requests: { perSecond: 20, burst: 10 },
  provides: { perSecond: 50, burst: 30 },
  throttle: 10_000
}

test('a peer above its rate is answered at its rate', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  const clock = new ManualClock()
  const served = await serve(t, server, { clock, limits, from: publicAddress })
  const raw = await openRaw(client, server)
  await askTimes(raw, 15)

  await until(() => served.counters.throttled === 1)
  assert.equal(served.counters.answers, 10)
  clock.advance(50)
  assert.equal(served.counters.answers, 11)
  clock.advance(100)
  assert.equal(served.counters.answers, 13)
  clock.advance(100)
  await until(() => answersIn(raw) === 15)

  // caught up, so that what it did is forgiven
  clock.advance(60_000 / 10)
  await askTimes(raw, 10)
  await until(() => answersIn(raw) === 25)
  assert.equal(served.counters.resets.throttled, 0)
  await raw.stream.close()
  await until(() => served.counters.streams === 0)

  // the account outlives the stream by as long as it is owed for, and then nothing is left
  assert.ok(served.budgets > 0)
  assert.ok(served.waiting)
  clock.advance(5_000)
  assert.equal(served.budgets, 0)
  assert.equal(served.waiting, false)
  assert.equal(clock.timers, 0)
})

test('a peer that was above its rate and caught up may be so again', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  const clock = new ManualClock()
  const served = await serve(t, server, { clock, limits, from: publicAddress })
  const raw = await openRaw(client, server)
  await askTimes(raw, 11)
  await until(() => served.counters.throttled === 1)
  clock.advance(8_000)
  await askTimes(raw, 1)
  await until(() => answersIn(raw) === 12)
  clock.advance(8_000)
  await askTimes(raw, 50)
  await until(() => served.counters.throttled === 2)
  for (let elapsed = 0; elapsed < 2_500; elapsed += 50) {
    clock.advance(50)
    await until(() => answersIn(raw) === served.counters.answers)
  }

  await until(() => answersIn(raw) === 62)
  assert.equal(served.counters.resets.throttled, 0)
})

test('a peer that stays above its rate is reset', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  const clock = new ManualClock()
  const served = await serve(t, server, { clock, limits, from: publicAddress })
  const raw = await openRaw(client, server)
  await askTimes(raw, 400)
  await until(() => served.counters.throttled === 1)

  // what was sent ahead has to arrive between the steps, as it does when time passes by itself
  const step = async (): Promise<void> => {
    clock.advance(250)
    await until(
      () => served.counters.resets.throttled > 0 || raw.received().length >= served.counters.answers * framed('re: x').length
    )
  }
  for (let elapsed = 0; elapsed < 9_000; elapsed += 250) {
    await step()
  }

  assert.equal(served.counters.resets.throttled, 0)
  for (let elapsed = 0; elapsed < 2_000; elapsed += 250) {
    await step()
  }

  assert.equal(await raw.closed, 'reset')
  assert.equal(served.counters.resets.throttled, 1)
  assert.ok(served.counters.answers <= 10 + 12 * 20, `${served.counters.answers} answers`)
  assert.equal(served.counters.streams, 0)
})

test('a new stream or connection does not fill the account', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  const clock = new ManualClock()
  const served = await serve(t, server, { clock, limits, from: publicAddress })
  const first = await openRaw(client, server)
  await askTimes(first, 10)
  await until(() => answersIn(first) === 10)
  await first.stream.close()
  await client.libp2p.hangUp(server.peer)
  await until(() => served.counters.streams === 0)

  const second = await openRaw(client, server)
  await askTimes(second, 1)
  await until(() => served.counters.throttled === 1)
  clock.advance(50)
  await until(() => answersIn(second) === 1)
})

test('ADD_PROVIDER has a rate of its own', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  const clock = new ManualClock()
  const served = await serve(t, server, { clock, limits, from: publicAddress })
  const raw = await openRaw(client, server)
  for (let i = 0; i < 30; i++) {
    raw.stream.send(framed('+'))
  }

  await askTimes(raw, 10)
  await until(() => answersIn(raw) === 10)
  assert.equal(served.counters.requests, 40)
  assert.equal(served.counters.throttled, 0)
  raw.stream.send(framed('+'))
  await until(() => served.counters.throttled === 1)
  clock.advance(20)
  assert.equal(served.counters.requests, 41)
})

test('peers of one address group share four times what one has, on public addresses only', async t => {
  const server = await startNode(t)
  const clients = await Promise.all(Array.from({ length: 5 }, async () => startNode(t)))
  const clock = new ManualClock()

  await t.test('public', async step => {
    const served = await serve(step, server, { clock, limits, from: publicAddress })
    await askAll(server, clients, served, 40)
    await until(() => served.counters.throttled === 1)
    assert.equal(served.counters.answers, 40)
    clock.advance(1_000)
    await until(() => served.counters.answers === 50)
    served.stop()
    await server.libp2p.unhandle(protocol)
  })
  await t.test('private', async step => {
    const served = await serve(step, server, { clock, limits, from: multiaddr('/ip4/192.168.1.1/tcp/4001') })
    await askAll(server, clients, served, 50)
    assert.equal(served.counters.throttled, 0)
    served.stop()
    await server.libp2p.unhandle(protocol)
  })
  await t.test('our own machine is not rated at all', async step => {
    const served = await serve(step, server, { clock, limits })
    const raw = await openRaw(clients[0] ?? server, server)
    await askTimes(raw, 500)
    await until(() => answersIn(raw) === 500)
    assert.equal(served.counters.throttled, 0)
  })
})

test('what is sent ahead of the rate is bounded', async t => {
  for (const over of ['tcp', 'quic'] as const) {
    await t.test(over, async step => {
      const [server, client] = await Promise.all([startNode(step, over), startNode(step, over)])
      const clock = new ManualClock()
      const served = await serve(step, server, { clock, limits, from: publicAddress })
      const raw = await openRaw(client, server)
      await askTimes(raw, 11)
      await until(() => served.counters.throttled === 1)
      try {
        for (let i = 0; i < 500; i++) {
          raw.stream.send(framed('x'.repeat(1_000)))
        }
      } catch {
        // reset while sending
      }

      // over QUIC, js-libp2p takes a reset for an end
      await until(() => raw.stream.remoteWriteStatus === 'closed')
      assert.equal(served.counters.resets.flooded, 1)
      assert.equal(served.counters.streams, 0)
    })
  }
})

test('a budget never gives more than its burst and its rate', () => {
  const rates = { request: { perSecond: 20, burst: 10 }, provide: { perSecond: 50, burst: 30 } }
  fc.assert(
    fc.property(
      fc.array(fc.record({ wait: fc.integer({ min: 0, max: 400 }), draws: fc.integer({ min: 0, max: 20 }) }), { maxLength: 50 }),
      steps => {
        const budgets = new Budgets<string>(rates, 10)
        const budget = budgets.open('peer', 0)
        let now = 0
        let drawn = 0
        for (const step of steps) {
          now += step.wait
          for (let i = 0; i < step.draws; i++) {
            if (budgets.wait(budget, 'request', now) === 0) {
              budgets.draw(budget, 'request')
              drawn++
            }
          }

          assert.ok(drawn <= 10 + (now / 1_000) * 20 + 1e-6)
        }

        const wait = budgets.wait(budget, 'request', now)
        assert.equal(budgets.wait(budget, 'request', now + wait + 1e-6), 0)
        budgets.close('peer', budget, now)
        budgets.sweep(now + 60_000)
        assert.equal(budgets.size, 0)
      }
    )
  )
})

test('budgets are bounded, and those in use stay', () => {
  const budgets = new Budgets<number>({ request: { perSecond: 1, burst: 2 }, provide: { perSecond: 1, burst: 2 } }, 4)
  const used = budgets.open(0, 0)
  for (let name = 1; name < 100; name++) {
    const budget = budgets.open(name, 0)
    budgets.draw(budget, 'request')
    budgets.close(name, budget, 0)
    assert.ok(budgets.size <= 4)
  }

  assert.equal(budgets.open(0, 0), used)
})

test('where a connection comes from', () => {
  const origins: Array<[string, boolean, number | undefined]> = [
    ['/ip4/127.0.0.1/tcp/1', true, undefined],
    ['/ip6/::1/tcp/1', true, undefined],
    ['/memory/x', true, undefined],
    ['/ip4/192.168.1.1/tcp/1', false, undefined],
    ['/ip6/fe80::1/tcp/1', false, undefined],
    ['/ip4/8.8.4.4/tcp/1', false, 8 * 256 + 8],
    ['/ip6/2001:4860:4860::8888/tcp/1', false, 2 ** 32 + 0x20014860],
    ['/ip4/127.0.0.1/tcp/1/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5/p2p-circuit', false, undefined],
    ['/ip4/8.8.4.4/tcp/1/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5/p2p-circuit', false, undefined]
  ]
  for (const [address, local, group] of origins) {
    assert.deepEqual(originOf(multiaddr(address)), { local, group }, address)
  }
})

async function askTimes(raw: RawStream, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    raw.stream.send(framed('x'))
  }
}

function answersIn(raw: RawStream): number {
  return raw.received().length / framed('re: x').length
}

async function askAll(server: Node, clients: Node[], served: StreamServer<string>, expected: number): Promise<void> {
  for (const client of clients) {
    const raw = await openRaw(client, server)
    await askTimes(raw, 10)
  }

  await until(() => served.counters.answers === expected)
}
