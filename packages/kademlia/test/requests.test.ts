/** The two clocks of a request, and the timeout that adapts. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limits } from '@vicinity/kademlia'
import type { Rpc } from '@vicinity/kademlia'
import * as fc from 'fast-check'
import { Requests } from '../src/requests.ts'
import { AdaptiveTimeout } from '../src/timeout.ts'
import { peerOf } from './support/contacts.ts'
import { drain } from './support/drain.ts'

const peer = peerOf('peer')

/** Ticks at every deadline up to a time; when each thing happened. */
function history(requests: Requests<string>, until: number): Array<[at: number, what: string, rpc: Rpc]> {
  const events: Array<[number, string, Rpc]> = []
  while (requests.deadline <= until) {
    const now = requests.deadline
    requests.handle(now, { type: 'tick' })
    events.push(...drain(requests).map(({ type, request }): [number, string, Rpc] => [now, type, request.rpc]))
    assert(requests.deadline > now, 'what was due has been done')
  }

  return events
}

describe('a request', () => {
  it('that does not open is late after the open timeout, and abandoned later', () => {
    const requests = new Requests<string>()
    const rpc = requests.send(100, peer, 'me')
    assert.deepEqual(history(requests, 1e9), [
      [100 + limits.openTimeout, 'late', rpc],
      [100 + limits.abandonAfter, 'abandoned', rpc]
    ])
    assert.deepEqual([requests.size, requests.deadline], [0, Infinity])
  })

  it('that opens is late after the adaptive timeout from there, and abandoned by the clock of its sending', () => {
    const requests = new Requests<string>()
    requests.timeout.measured(400)
    const rpc = requests.send(0, peer, 'me')
    requests.handle(3_000, { type: 'opened', rpc })
    assert.equal(requests.timeout.value, 1_200)
    assert.deepEqual(history(requests, 1e9), [
      [4_200, 'late', rpc],
      [limits.abandonAfter, 'abandoned', rpc]
    ])
  })

  it('that opens just in time never waits past the end of all waiting', () => {
    const requests = new Requests<string>()
    requests.timeout.measured(9_000)
    const rpc = requests.send(0, peer, 'me')
    requests.handle(4_999, { type: 'opened', rpc })
    assert.deepEqual(history(requests, 1e9), [[limits.abandonAfter, 'abandoned', rpc]])
  })

  it('that opens when it is late is late once, and only its round trip begins anew', () => {
    const requests = new Requests<string>()
    const rpc = requests.send(0, peer, 'me')
    assert.equal(history(requests, limits.openTimeout).length, 1)
    requests.handle(limits.openTimeout + 10, { type: 'opened', rpc })
    assert.deepEqual(history(requests, limits.abandonAfter - 1), [])
    const ended = requests.end(rpc)
    assert.deepEqual([ended?.opened, ended?.late], [limits.openTimeout + 10, true])
  })

  it('opens once', () => {
    const requests = new Requests<string>()
    const rpc = requests.send(0, peer, 'me')
    requests.handle(10, { type: 'opened', rpc })
    requests.handle(4_000, { type: 'opened', rpc })
    assert.equal(history(requests, 1e9)[0]?.[0], 10 + limits.requestTimeoutUnmeasured)
  })

  it('ends once', () => {
    const requests = new Requests<string>()
    const rpc = requests.send(5, peer, 'me')
    assert.deepEqual(
      { ...requests.end(rpc) },
      { rpc, to: peer, purpose: 'me', sent: 5, opened: undefined, late: false, deadline: 5 + limits.openTimeout }
    )
    assert.equal(requests.end(rpc), undefined)
    requests.handle(6, { type: 'opened', rpc })
    assert.deepEqual(history(requests, 1e9), [])
  })

  it('can be dropped by its purpose', () => {
    const requests = new Requests<string>()
    const rpcs = ['a', 'b', 'a'].map(purpose => requests.send(0, peer, purpose))
    const dropped = requests.drop(({ purpose }) => purpose === 'a')
    assert.deepEqual(
      dropped.map(({ rpc }) => rpc),
      [rpcs[0], rpcs[2]]
    )
    assert.equal(requests.size, 1)
  })
})

const actions = fc.array(
  fc.record({ wait: fc.nat(4_000), action: fc.constantFrom('send', 'open', 'end', 'nothing'), which: fc.nat(30) }),
  { maxLength: 60 }
)

describe('requests, in any order', () => {
  it('have a deadline that is never late, and an early tick changes nothing', () => {
    fc.assert(
      fc.property(actions, steps => {
        const requests = new Requests<string>()
        const due = new Map<Rpc, number>()
        let now = 0
        const expire = (until: number): void => {
          for (const [at, what, rpc] of history(requests, until)) {
            assert.equal(at, due.get(rpc), `${what} in its time`)
            due.set(rpc, (sent.get(rpc) ?? 0) + limits.abandonAfter)
            if (what === 'abandoned') {
              due.delete(rpc)
            }
          }
        }
        const sent = new Map<Rpc, number>()
        const opened = new Set<Rpc>()
        for (const { wait, action, which } of steps) {
          expire((now += wait))
          if (requests.deadline > now) {
            requests.handle(now, { type: 'tick' })
            assert.deepEqual(drain(requests), [])
          }
          if (action === 'send') {
            const rpc = requests.send(now, peer, 'me')
            sent.set(rpc, now)
            due.set(rpc, now + limits.openTimeout)
          } else if (action === 'open') {
            requests.handle(now, { type: 'opened', rpc: which })
            const late = (due.get(which) ?? 0) === (sent.get(which) ?? 0) + limits.abandonAfter
            if (due.has(which) && !opened.has(which) && !late) {
              due.set(which, Math.min(now + requests.timeout.value, (sent.get(which) ?? 0) + limits.abandonAfter))
            }
            if (sent.has(which)) {
              opened.add(which)
            }
          } else if (action === 'end') {
            assert.equal(requests.end(which)?.rpc, due.has(which) ? which : undefined)
            due.delete(which)
          }
          assert(requests.deadline <= Math.min(Infinity, ...due.values()), 'never late')
          assert.equal(requests.size, due.size)
        }
        expire(1e9)
        assert.deepEqual([requests.size, due.size, requests.deadline], [0, 0, Infinity])
      })
    )
  })
})

describe('the adaptive timeout', () => {
  it('is the mean plus four deviations, smoothed as TCP does', () => {
    const timeout = new AdaptiveTimeout()
    assert.equal(timeout.value, limits.requestTimeoutUnmeasured)
    timeout.measured(800)
    assert.equal(timeout.value, 800 + 4 * 400)
    timeout.measured(1_600)
    // deviation 400 + (800 - 400) / 4 from the old mean, then the mean 800 + 800 / 8
    assert.equal(timeout.value, 900 + 4 * 500)
  })

  it('falls to its least where answers are quick, and rises to its most', () => {
    const timeout = new AdaptiveTimeout()
    for (let i = 0; i < 50; i++) {
      timeout.measured(20)
    }
    assert.equal(timeout.value, limits.requestTimeoutMin)
    for (let i = 0; i < 50; i++) {
      timeout.measured(60_000)
    }
    assert.equal(timeout.value, limits.requestTimeoutMax)
  })

  it('is always a whole number within its range', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20_000), { minLength: 1 }), roundTrips => {
        const timeout = new AdaptiveTimeout()
        for (const roundTrip of roundTrips) {
          timeout.measured(roundTrip)
          assert(Number.isInteger(timeout.value))
          assert(timeout.value >= limits.requestTimeoutMin && timeout.value <= limits.requestTimeoutMax)
        }
      })
    )
  })
})
