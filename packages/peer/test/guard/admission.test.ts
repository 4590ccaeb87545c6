/** Admission: which connection makes room for another, with a clock of the test and small limits. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { PeerId } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { Admission } from '../../src/guard/admission.ts'
import type { Admitted, AdmissionLimits, Usefulness } from '../../src/guard/admission.ts'

/** A connection that its side can close and admission can end. */
class Arrival extends EventTarget implements Admitted {
  readonly remoteAddr: Multiaddr
  ended: string | undefined
  isOpen = true

  constructor(host: string) {
    super()
    this.remoteAddr = multiaddr(`/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/tcp/1`)
  }

  abort(error: Error): void {
    this.ended = error.message
    this.close()
  }

  close(): void {
    this.isOpen = false
    this.dispatchEvent(new Event('close'))
  }
}

const peerNamed = (name: string): PeerId => ({ toString: () => name }) as PeerId

const small: AdmissionLimits = {
  connections: 8,
  connectionsReserved: 3,
  handshakes: 4,
  connectionsPerPeer: 2,
  graceMs: 100,
  banMs: 1_000,
  bans: 3
} as never

/** Peers are as useful as the digit that their name ends with. */
class Door {
  now = 0
  readonly admission: Admission

  constructor(limits: Partial<AdmissionLimits> = {}) {
    this.admission = new Admission({
      usefulness: peer => Number(peer.at(-1)) as Usefulness,
      now: () => this.now,
      limits: { ...small, ...limits }
    })
  }

  arrive(host: string): Arrival {
    const arrival = new Arrival(host)
    this.admission.arrived(arrival)
    return arrival
  }

  /** A connection that has told its identity; `undefined` if it may not stay. */
  enter(name: string, host = '192.0.2.1'): Arrival | undefined {
    const arrival = this.arrive(host)
    return this.upgrade(arrival, name) ? arrival : undefined
  }

  upgrade(arrival: Arrival, name: string): boolean {
    const stays = this.admission.upgraded(peerNamed(name), arrival, 'inbound')
    if (!stays && arrival.isOpen) {
      arrival.abort(new Error('refused'))
    }
    return stays
  }

  /** A connection that we opened; it may be one too many. */
  dial(name: string, host: string): Arrival {
    const arrival = new Arrival(host)
    this.admission.upgraded(peerNamed(name), arrival, 'outbound')
    return arrival
  }

  dialled(name: string, host = '192.0.2.1'): Arrival {
    const arrival = new Arrival(host)
    assert.equal(this.admission.upgraded(peerNamed(name), arrival, 'outbound'), true)
    return arrival
  }
}

const open = (arrivals: ReadonlyArray<Arrival | undefined>): boolean[] => arrivals.map(arrival => arrival?.isOpen === true)

describe('a handshake', () => {
  test('makes room when there are too many: the oldest one of the most crowded host', () => {
    const door = new Door()
    const arrivals = ['192.0.2.1', '192.0.2.2', '192.0.2.2', '192.0.2.3'].map(host => door.arrive(host))
    assert.deepEqual(open(arrivals), [true, true, true, true])
    const late = door.arrive('192.0.2.4')
    assert.deepEqual(open([...arrivals, late]), [true, false, true, true, true])
    assert.equal(arrivals[1]?.ended, 'other handshakes wait')
  })

  test('is no longer one when it succeeded or was closed', () => {
    const door = new Door()
    const arrivals = ['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.3'].map(host => door.arrive(host))
    assert.equal(door.upgrade(arrivals[0] as Arrival, 'peer 0'), true)
    arrivals[1]?.close()
    assert.deepEqual(door.admission.sizes, { handshakes: 2, connections: 1, bans: 0 })
    const late = ['192.0.2.4', '192.0.2.5'].map(host => door.arrive(host))
    assert.deepEqual(open([arrivals[2], arrivals[3], ...late]), [true, true, true, true])
  })

  test('of an IPv6 host is one of its /64', () => {
    const door = new Door()
    const hosts = ['2001:db8:0:1::1', '2001:db8::1', '2001:db8:0:0:ffff::2', '192.0.2.1', '2001:db8:1::1']
    const arrivals = hosts.map(host => door.arrive(host))
    assert.deepEqual(open(arrivals), [true, false, true, true, true])
  })

  test('of one address never keeps out those of another', () => {
    const door = new Door()
    const honest = door.arrive('192.0.2.1')
    for (let flood = 0; flood < 100; flood++) {
      door.arrive('192.0.2.2')
    }
    assert.equal(honest.isOpen, true)
    assert.equal(door.upgrade(honest, 'peer 0'), true)
  })
})

describe('a connection', () => {
  test('of a peer with too many makes room: the oldest one', () => {
    const door = new Door()
    const own = [door.enter('peer 1'), door.enter('peer 1')]
    const other = door.enter('other 1')
    own.push(door.enter('peer 1'))
    assert.deepEqual(open([...own, other]), [false, true, true, true])
  })

  test('of a peer with too many stays if it is the newest, however long its handshake took', () => {
    const door = new Door()
    const slow = door.arrive('192.0.2.1')
    const own = [door.enter('peer 1'), door.enter('peer 1')]
    assert.equal(door.upgrade(slow, 'peer 1'), true)
    assert.deepEqual(open([slow, ...own]), [true, false, true])
  })

  test('that is among the least useful makes room, of a crowded host first, and then the newest', () => {
    const door = new Door()
    const known = ['a 2', 'b 2', 'c 3', 'd 3'].map(name => door.enter(name))
    const crowded = ['e 1', 'f 0', 'g 0'].map(name => {
      door.now++
      return door.enter(name)
    })
    door.now++
    const alone = door.enter('h 0', '192.0.2.2')
    door.now += small.graceMs
    const late = door.enter('i 1', '192.0.2.3')
    assert.deepEqual(open([...known, alone, late]), [true, true, true, true, true, true])
    assert.deepEqual(open(crowded), [true, true, false])
  })

  test('in its time of grace stays while an older one can go', () => {
    const door = new Door({ connections: 3, connectionsReserved: 0 } as never)
    const old = door.enter('old 1')
    door.now += small.graceMs
    const fresh = [door.enter('fresh 0'), door.enter('fresher 0'), door.enter('freshest 0')]
    assert.deepEqual(open([old, ...fresh]), [false, true, true, true])
  })

  test('of an unknown peer takes no place that is reserved for known ones', () => {
    const door = new Door()
    for (let number = 0; number < 20; number++) {
      door.enter(`${number} 0`)
      door.now += small.graceMs
    }
    assert.equal(door.admission.sizes.connections, 5)
    const known = ['a 2', 'b 2', 'c 3'].map(name => door.enter(name))
    assert.deepEqual(open(known), [true, true, true])
    assert.equal(door.admission.sizes.connections, 8)
  })

  test('that we dialled counts as useful', () => {
    const door = new Door({ connections: 2, connectionsReserved: 0 } as never)
    const dialled = door.dialled('dialled 0')
    const inbound = door.enter('inbound 1')
    door.now += small.graceMs
    const late = door.enter('late 1')
    assert.deepEqual(open([dialled, inbound, late]), [true, false, true])
  })
})

describe('a peer that was cut off', () => {
  test('loses its connections, and is refused until the ban ends', () => {
    const door = new Door()
    const both = [door.enter('bad 1'), door.enter('bad 1')]
    const other = door.enter('good 1')
    door.admission.ban('bad 1')
    assert.deepEqual(open([...both, other]), [false, false, true])

    door.now += small.banMs - 1
    assert.equal(door.admission.isBanned('bad 1'), true)
    assert.equal(door.enter('bad 1'), undefined)
    assert.notEqual(door.enter('good 1'), undefined)
    door.now += 1
    assert.equal(door.admission.isBanned('bad 1'), false)
    assert.notEqual(door.enter('bad 1'), undefined)
  })

  test('may still be dialled', () => {
    const door = new Door()
    door.admission.ban('bad 1')
    assert.equal(door.dialled('bad 1').isOpen, true)
  })

  test('is forgotten first if it was cut off longest ago, and again counts anew', () => {
    const door = new Door()
    for (const name of ['a', 'b', 'c', 'a', 'd']) {
      door.admission.ban(name)
    }
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map(name => door.admission.isBanned(name)),
      [true, false, true, true]
    )
  })
})

const hosts = fc.constantFrom('192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2', '2001:db8:0:1::1')
const names = fc
  .tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), fc.integer({ min: 0, max: 3 }))
  .map(parts => parts.join(' '))
const events = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant('arrive' as const), host: hosts }) },
    { weight: 6, arbitrary: fc.record({ type: fc.constant('upgrade' as const), at: fc.nat(), name: names }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('dial' as const), host: hosts, name: names }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('close' as const), at: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('ban' as const), name: names }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 200 }) }) }
  ),
  { maxLength: 150, size: 'max' }
)

test('no sequence of events brings more than the limits allow, or loses count of a connection', () => {
  fc.assert(
    fc.property(events, sequence => {
      const door = new Door()
      /** Every connection, with the peer of those that were upgraded. */
      const all = new Map<Arrival, string | undefined>()
      const openIn = (upgraded: boolean): Arrival[] =>
        [...all].filter(([arrival, name]) => arrival.isOpen && (name !== undefined) === upgraded).map(([arrival]) => arrival)

      for (const event of sequence) {
        switch (event.type) {
          case 'arrive':
            all.set(door.arrive(event.host), undefined)
            break
          case 'upgrade': {
            const waiting = openIn(false)
            const arrival = waiting[event.at % waiting.length]
            if (arrival !== undefined) {
              const isBanned = door.admission.isBanned(event.name)
              const stays = door.upgrade(arrival, event.name)
              assert.equal(stays, arrival.isOpen)
              assert.ok(!(stays && isBanned))
              all.set(arrival, event.name)
            }
            break
          }
          case 'dial':
            all.set(door.dial(event.name, event.host), event.name)
            break
          case 'close': {
            const connections = [...openIn(false), ...openIn(true)]
            connections[event.at % connections.length]?.close()
            break
          }
          case 'ban':
            door.admission.ban(event.name)
            assert.ok(openIn(true).every(arrival => all.get(arrival) !== event.name))
            break
          case 'pass':
            door.now += event.ms
        }

        const upgraded = openIn(true)
        const { bans, ...sizes } = door.admission.sizes
        assert.deepEqual(sizes, { handshakes: openIn(false).length, connections: upgraded.length })
        assert.ok(sizes.handshakes <= small.handshakes, `${sizes.handshakes} handshakes`)
        assert.ok(sizes.connections <= small.connections, `${sizes.connections} connections`)
        assert.ok(bans <= small.bans, `${bans} bans`)
        for (const own of Map.groupBy(upgraded, arrival => all.get(arrival)).values()) {
          assert.ok(own.length <= small.connectionsPerPeer, `${own.length} connections of one peer`)
        }
      }
    }),
    { numRuns: 300 }
  )
})

const flood = fc.array(fc.record({ host: hosts, use: fc.integer({ min: 0, max: 1 }), passMs: fc.integer({ min: 0, max: 60 }) }), {
  maxLength: 60,
  size: 'max'
})

test('useful peers survive any flood of useless ones, but for the few places that newcomers may take', () => {
  const shared = small.connections - small.connectionsReserved
  fc.assert(
    fc.property(fc.integer({ min: 1, max: small.connections }), flood, (count, arrivals) => {
      const door = new Door()
      const useful = Array.from({ length: count }, (_, number) => door.enter(`useful ${number} ${2 + (number % 2)}`))
      door.now += 10 * small.graceMs
      arrivals.forEach(({ host, use, passMs }, number) => {
        door.now += passMs
        door.enter(`useless ${number} ${use}`, host)
      })
      const kept = open(useful).filter(Boolean).length
      assert.ok(kept >= Math.min(count, shared), `${kept} of ${count}`)
    })
  )
})

test('a newcomer gets in though known peers have taken every place, and takes that of the least useful', () => {
  const door = new Door()
  const known = Array.from({ length: small.connections }, (_, number) => door.enter(`known ${number} ${number === 3 ? 2 : 3}`))
  door.now += small.graceMs
  assert.notEqual(door.enter('newcomer 0'), undefined)
  assert.deepEqual(
    open(known),
    known.map((_, number) => number !== 3)
  )
})
