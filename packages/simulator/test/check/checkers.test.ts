/** Every rule of every checker, broken by hand: a checker that cannot fail checks nothing. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LookupResult, PeerInfo } from '@vicinity/kademlia'
import { AnswersChecker } from '../../src/check/answers.ts'
import type { Checker } from '../../src/check/checker.ts'
import { DeadlinesChecker } from '../../src/check/deadlines.ts'
import { HealingChecker } from '../../src/check/healing.ts'
import type { HealingRules } from '../../src/check/healing.ts'
import { LeaksChecker } from '../../src/check/leaks.ts'
import { isCalm, RecallChecker } from '../../src/check/recall.ts'
import { RequestsChecker } from '../../src/check/requests.ts'
import { TablesChecker } from '../../src/check/tables.ts'
import { UpkeepChecker } from '../../src/check/upkeep.ts'
import type { NetworkOptions } from '../../src/network/network.ts'
import { defaultOptions } from '../../src/options.ts'
import type { Node } from '../../src/world/node.ts'
import type { World } from '../../src/world/world.ts'
import { Forger } from './forger.ts'

interface Case {
  readonly rule: string
  readonly found: RegExp
  readonly others?: number
  readonly forge: (forger: Forger) => void
}

function breaks(make: (world: World) => Checker, cases: readonly Case[]): void {
  for (const { rule, found, others, forge } of cases) {
    it(`finds that ${rule}`, () => {
      const forger = new Forger(make, others)
      forge(forger)
      assert.equal(forger.found.length, 1, forger.found.join('; '))
      assert.match(forger.found[0] ?? '', found)
      assert.equal(forger.checker.count, 1)
    })
  }
}

function start(forger: Forger, op = 1, target = forger.target()): PeerInfo['contact'] | ReturnType<Forger['target']> {
  forger.input({ type: 'start', op, operation: { type: 'closest', target } })
  return target
}

function ended(closest: readonly PeerInfo[], requests: number, answers: number): LookupResult {
  return { reason: 'converged', closest, found: undefined, requests, answers, hops: 1 }
}

describe('the checker of requests', () => {
  breaks(
    world => new RequestsChecker(world, 20),
    [
      { rule: 'one goes to ourselves', found: /to ourselves/, forge: f => f.send(1, f.node.info) },
      { rule: 'an id is used twice', found: /used before/, forge: f => f.send(1).answer(1).send(1) },
      { rule: 'one is for an operation that does not run', found: /does not run/, forge: f => f.send(1, f.other(), 7) },
      {
        rule: 'one is abandoned that had ended',
        found: /not in flight/,
        forge: f => f.send(1).answer(1).output({ type: 'abandon', rpc: 1 })
      },
      {
        rule: 'one is abandoned too late',
        found: /had no ending/,
        forge: f => f.rest().send(1).wait(10_001).output({ type: 'abandon', rpc: 1 })
      },
      { rule: 'one never ends', found: /had no ending/, forge: f => f.rest().send(1).wait(10_001).rest() },
      { rule: 'the engine has lost count', found: /counts 0 requests in flight, but 1 are/, forge: f => f.send(1).rest() },
      { rule: 'one is open at the stop', found: /had no ending when/, forge: f => f.send(1).stop() },
      {
        rule: 'an operation is open at the stop',
        found: /had not finished/,
        forge: f => {
          start(f)
          f.stop()
        }
      },
      {
        rule: 'an operation finishes twice',
        found: /does not run/,
        forge: f => {
          start(f)
          const outcome = { type: 'lookup', result: ended([], 0, 0) } as const
          f.output({ type: 'finished', op: 1, outcome }).output({ type: 'finished', op: 1, outcome })
        }
      },
      {
        rule: 'more checks are in flight than there are places',
        others: 73,
        found: /73 checks/,
        forge: f => {
          f.rest()
          for (let rpc = 1; rpc <= 73; rpc++) {
            f.send(rpc, f.other(rpc - 1))
          }
          f.rest()
        }
      }
    ]
  )
})

describe('the checker of tables', () => {
  const entryOf = (peer: PeerInfo): unknown => ({ peer, heard: 0, tried: 0, roundTrip: 0, failures: 0 })
  const holding = (...peers: PeerInfo[]): { size: number; table: unknown } => ({
    size: peers.length,
    table: { entries: () => peers.map(entryOf) }
  })
  const enter = (f: Forger, ...indexes: number[]): Forger => {
    for (const index of indexes) {
      f.send(index + 1, f.other(index))
        .answer(index + 1)
        .output({ type: 'table', change: 'added', peer: f.other(index) })
    }
    return f
  }
  const removed = (f: Forger, index = 0): Forger => f.output({ type: 'table', change: 'removed', peer: f.other(index) })
  breaks(
    world => new TablesChecker(world, 1, false),
    [
      {
        rule: 'somebody enters unasked',
        found: /has not answered/,
        forge: f => f.output({ type: 'table', change: 'added', peer: f.other() })
      },
      {
        rule: 'the node itself enters',
        found: /in its own table/,
        forge: f => f.send(1, f.node.info).answer(1).output({ type: 'table', change: 'added', peer: f.node.info })
      },
      { rule: 'somebody enters twice', found: /added twice/, forge: f => enter(enter(f, 0), 0) },
      {
        rule: 'somebody leaves who was not there',
        found: /was not in the table/,
        forge: f => removed(f.send(1).fail(1).wait(1).send(2).fail(2).send(3, f.other(1)).answer(3))
      },
      { rule: 'somebody leaves who never failed', found: /after 0 failures/, forge: f => removed(enter(f, 0)) },
      { rule: 'somebody leaves who failed once', found: /after 1 failures/, forge: f => removed(enter(f, 0).send(11).fail(11)) },
      {
        rule: 'two failures of one moment are taken for two',
        found: /after 2 failures, of which no two/,
        forge: f => removed(enter(f, 0).wait(1).send(11).send(12).wait(1).fail(11).fail(12).send(13, f.other(1)).answer(13))
      },
      {
        rule: 'somebody leaves while nobody answers',
        found: /after 2 failures, of which no two/,
        forge: f => removed(enter(f, 0).wait(1).send(11).fail(11).wait(1).send(12).fail(12))
      }
    ]
  )

  it('finds that the table holds other peers than have entered, one twice, or too many for a bucket', () => {
    const f = enter(new Forger(world => new TablesChecker(world, 1, false), 40), 0)
    f.rest(holding(f.other(0), f.other(1)))
    assert.match(f.found.join('\n'), /n2 is in the table, but was never added/)
    const twice = enter(new Forger(world => new TablesChecker(world, 20, false)), 0)
    twice.rest(holding(twice.other(0), twice.other(0)))
    assert.match(twice.found.join('\n'), /n1 is in the table twice/)
    const crowd = new Forger(world => new TablesChecker(world, 1, false), 8)
    const all = crowd.others.map((_, index) => index)
    enter(crowd, ...all).rest(holding(...crowd.others.map(({ info }) => info)))
    assert.match(crowd.found.join('\n'), /a bucket holds \d peers, and 1 may/)
  })

  it('finds crowds of one address group', () => {
    const f = enter(new Forger(world => new TablesChecker(world, 20, true), 7), 0, 1, 2, 3, 4, 5, 6)
    f.rest(holding(...f.others.map(({ info }) => ({ ...info, groups: [7] }))))
    assert.match(f.found.join('\n'), /holds 7 peers of group 7/)
    assert.match(f.found.join('\n'), /peers of group 7 in bucket \d/)
  })

  it('lets those go who say that they do not serve', () => {
    const f = enter(new Forger(world => new TablesChecker(world, 20, false)), 0)
    f.input({ type: 'peer', peer: f.other(0), state: 'not-serving' })
    assert.deepEqual(removed(f).found, [])
  })
})

describe('the checker of answers', () => {
  const make = (world: World): Checker => new AnswersChecker(world, 2)
  const asked = (f: Forger, named: (nearest: PeerInfo[]) => PeerInfo[]): void => {
    const { node, world } = f
    node.machine?.handle(world.now, { type: 'clock', wallAtZero: 0 })
    node.machine?.handle(world.now, {
      type: 'restore',
      entries: f.others.map(({ info }) => ({ peer: info, heard: 0, roundTrip: 1 }))
    })
    const target = f.target()
    const [asker] = f.others
    assert(asker !== undefined && node.machine !== undefined)
    const closer = named(node.machine.table.closest(target.key, 2, asker.contact))
    f.checker.served?.(asker, node, { type: 'FIND_NODE', target }, { type: 'FIND_NODE', closer })
  }
  breaks(make, [
    { rule: 'one is in no order', others: 5, found: /names \[/, forge: f => asked(f, nearest => nearest.toReversed()) },
    { rule: 'one names too few', others: 5, found: /names \[/, forge: f => asked(f, nearest => nearest.slice(1)) },
    { rule: 'one names the asker', others: 5, found: /names \[/, forge: f => asked(f, nearest => [...nearest, f.other(0)]) },
    {
      rule: 'one names the node itself',
      others: 5,
      found: /names \[/,
      forge: f => asked(f, nearest => [f.node.info, ...nearest])
    }
  ])

  it('finds nothing wrong with the k nearest', () => {
    const f = new Forger(make, 5)
    asked(f, nearest => nearest)
    assert.equal(f.checker.count, 0)
    assert(f.checker.checked > 0)
  })
})

describe('the checker of deadlines', () => {
  breaks(
    world => new DeadlinesChecker(world, 60_000),
    [
      {
        rule: 'a lookup outlives its time',
        found: /was to have ended/,
        forge: f => {
          start(f)
          f.wait(60_001).rest()
        }
      },
      {
        rule: 'a lookup ends after its time',
        found: /was to have ended/,
        forge: f => {
          start(f)
          const outcome = { type: 'lookup', result: ended([], 0, 0) } as const
          f.wait(60_001).output({ type: 'finished', op: 1, outcome })
        }
      },
      {
        rule: 'a timer is wanted for the past',
        found: /not in the future/,
        forge: f => f.input({ type: 'tick' }).rest({ deadline: 0 })
      },
      {
        rule: 'a timer rings without end',
        found: /rang 4 times/,
        forge: f => [1, 2, 3, 4].forEach(() => f.input({ type: 'tick' }))
      }
    ]
  )
})

describe('the checker of upkeep', () => {
  const table = { depth: 1, bucketCount: () => 1 }
  breaks(
    world => new UpkeepChecker(world, { refreshInterval: 600_000, bootstrapInterval: Infinity, queryTimeout: 60_000 }),
    [
      {
        rule: 'a bucket is not looked up',
        found: /bucket 0 has not been looked up/,
        forge: f => f.wait(40_000).rest({ size: 1, table }).wait(800_000).rest({ size: 1, table })
      },
      {
        rule: 'a bootstrap has no end',
        found: /has run for/,
        forge: f => {
          f.wait(40_000).rest({ size: 1, table: { ...table, depth: 0 } })
          f.output({ type: 'upkeep', kind: 'bootstrap', phase: 'began', contacts: 1 })
          f.wait(300_000).rest({ size: 1, table: { ...table, depth: 0 } })
        }
      },
      {
        rule: 'a bootstrap ends that did not begin',
        found: /has not begun/,
        forge: f => f.output({ type: 'upkeep', kind: 'bootstrap', phase: 'ended', contacts: 1 })
      }
    ]
  )
  breaks(
    world => new UpkeepChecker(world, { refreshInterval: Infinity, bootstrapInterval: 300_000, queryTimeout: 60_000 }),
    [
      {
        rule: 'the node does not look itself up',
        found: /not looked itself up/,
        forge: f => f.wait(40_000).rest({ size: 1, table }).wait(340_000).rest({ size: 1, table })
      }
    ]
  )
})

describe('the checker of leaks', () => {
  breaks(
    world => new LeaksChecker(world),
    [
      {
        rule: 'a stopped engine holds something',
        found: /holds 2 checking/,
        forge: f => f.stop({ ...refusing(), sizes: { checking: 2, queue: 0 } })
      },
      { rule: 'a stopped engine wants a timer', found: /wants a timer/, forge: f => f.stop({ ...refusing(), deadline: 5 }) }
    ]
  )

  it('finds that a stopped engine goes on', () => {
    const f = new Forger(world => new LeaksChecker(world))
    f.node.machine?.handle(0, { type: 'tick' })
    f.stop({ handle: () => undefined, poll: () => undefined })
    assert.match(f.found.join('\n'), /after its stop, request led to \[\]/)
  })
})

/** What a stopped engine says. */
function refusing(): { handle: (now: number, input: { type: string }) => void; poll: () => unknown } {
  const out: unknown[] = []
  return {
    handle: (_now, { type }) => {
      if (type === 'request') {
        out.push({ type: 'refuse' })
      } else if (type === 'start') {
        out.push({ type: 'finished' })
      }
    },
    poll: () => out.shift()
  }
}

describe('the checker of recall', () => {
  const calm = { ...defaultOptions, latency: 'uniform', reorder: 0 } as const
  const found = (f: Forger, closest: readonly PeerInfo[], recall: number): void => {
    const lookup = { node: f.node, target: f.target(), began: 0, ended: 9, truth: [...f.others], recall }
    f.checker.lookup?.({ ...lookup, result: ended(closest, 1, 1) })
  }
  breaks(
    () => new RecallChecker(calm),
    [
      {
        rule: 'somebody is missed where nothing goes wrong',
        found: /without \[n2 n3\]/,
        forge: f => found(f, [f.other(0)], 1 / 3)
      },
      { rule: 'a node finds itself', found: /found its own node/, forge: f => found(f, [f.node.info], 1) }
    ]
  )

  it('asks for all of them only where that can be asked', () => {
    assert(isCalm(calm))
    for (const trouble of [
      { loss: 0.1 },
      { sessionMedian: 5 },
      { silent: 0.1 },
      { partition: 0.2 },
      { rttMax: 2_000 },
      { tables: 'join' }
    ] as const) {
      assert(!isCalm({ ...calm, ...trouble }), Object.keys(trouble).join())
    }
  })
})

describe('the checker of healing', () => {
  const rules = { patient: true, heard: true, lingering: 0, limited: false }
  const make = (world: World): Checker => new HealingChecker(world, 20, rules)
  it('finds nothing wrong with a network whose nodes know each other', () => {
    const f = new Forger(make)
    restored(f)
    f.checker.healed?.(f.world.now)
    assert.deepEqual(f.found, [])
    assert(f.checker.checked > 0)
  })

  it('finds nodes that nobody knows, and that know nobody', () => {
    const f = new Forger(make)
    f.checker.healed?.(f.world.now)
    assert.match(f.found.join('\n'), /its table holds 0 of 3 servers/)
    assert.match(f.found.join('\n'), /it serves, and nobody knows it/)
  })

  it('expects nobody in tables that hold enough of its address group', () => {
    const limited = (count: number): string[] => {
      const f = new Forger(world => new HealingChecker(world, 20, { ...rules, limited: true }), 0)
      const group = Array.from({ length: count }, () => f.world.add(f.target().key, { ...f.node.init, groups: [7] }))
      for (const node of group) {
        f.world.start(node)
      }

      // each holds the node without a group, and all of the group but itself and the last
      for (const { machine, contact } of f.world.nodes) {
        const known = [f.node, ...group.slice(0, -1)].filter(node => node.contact !== contact)
        machine?.handle(0, { type: 'clock', wallAtZero: 0 })
        machine?.handle(0, { type: 'restore', entries: known.map(({ info }) => ({ peer: info, heard: 0, roundTrip: 1 })) })
      }
      f.checker.healed?.(f.world.now)
      return f.found.filter(found => found.includes('nobody knows it'))
    }
    assert.deepEqual(limited(5), [])
    assert.equal(limited(2).length, 1)
  })

  it('finds the dead in tables', () => {
    const f = new Forger(make)
    f.world.observe(f.checker)
    restored(f)
    const [dead] = f.others
    assert(dead !== undefined)
    f.world.crash(dead)
    f.checker.healed?.(f.world.now + 20 * 60_000 + 1)
    assert.match(f.found.join('\n'), /its table holds \[n1\], who are long gone/)
  })

  it('finds lookups that miss', () => {
    assert.match(missing({}, (_f, [first]) => [first]).join(), /a recall of 0.9[0-9]+ on average/)
    // with limits or without, who is in no group is not kept out
    assert.equal(missing({ limited: true }, (_f, [first]) => [first]).length, 1)
  })

  it('does not expect who answers late, by the round trip between the two or by a dial', () => {
    const slow = (f: Forger, factor: number): Node[] =>
      f.others.filter(other => f.world.network.roundTrip(f.node, other) * factor >= 1_000)
    const network = { roundTrip: [100, 900] as const, jitter: 1 }
    const late = missing({}, f => slow(f, 2), network)
    assert.deepEqual(late, [])
    assert.equal(
      missing({}, f => [...slow(f, 2), ...f.others.filter(other => !slow(f, 2).includes(other)).slice(0, 1)], network).length,
      1
    )
    assert.deepEqual(
      missing({}, f => slow(f, 2), { ...network, jitter: 0, dialRoundTrips: 10 }),
      []
    )
    assert.equal(missing({}, f => slow(f, 2), { ...network, jitter: 0 }).length, 1, 'nobody is late')
  })

  it('says nothing where everybody is late', () => {
    assert.deepEqual(
      missing({}, f => f.others, { roundTrip: [1_000, 1_000] }),
      []
    )
  })
})

/** What is said of a healed network in which a lookup finds all others but some. */
function missing(
  rules: Partial<HealingRules>,
  who: (f: Forger, others: readonly Node[]) => ReadonlyArray<Node | undefined>,
  network: Partial<NetworkOptions> = {}
): string[] {
  const make = (world: World): Checker =>
    new HealingChecker(world, 20, { patient: true, heard: true, lingering: 0, limited: false, ...rules })
  const f = new Forger(make, 19, network)
  restored(f)
  f.checker.healed?.(0)
  const missed = new Set(who(f, f.others))
  const found = f.others.filter(other => !missed.has(other)).map(({ info }) => info)
  const lookup = { node: f.node, target: f.target(), began: 1, ended: 9, recall: 0.5 }
  f.checker.lookup?.({ ...lookup, truth: [...f.others], result: ended(found, 3, 3) })
  f.checker.over?.(10)
  return f.found
}

function restored(f: Forger): void {
  for (const { machine } of f.world.nodes) {
    machine?.handle(f.world.now, { type: 'clock', wallAtZero: 0 })
    machine?.handle(f.world.now, {
      type: 'restore',
      entries: f.world.nodes
        .filter(({ machine: other }) => other !== machine)
        .map(({ info }) => ({ peer: info, heard: 0, roundTrip: 1 }))
    })
  }
}
