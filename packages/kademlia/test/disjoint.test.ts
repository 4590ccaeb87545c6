/** Lookups over disjoint paths: what holds whatever peers answer, and what a liar can do to them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DisjointLookup, limits, Lookup, Rng } from '@vicinity/kademlia'
import type {
  Contact,
  KademliaConfig,
  LookupConfig,
  LookupInput,
  LookupOptions,
  LookupOutput,
  LookupResult,
  PeerInfo
} from '@vicinity/kademlia'
import * as fc from 'fast-check'
import { contactAt, contactOf, ids, keyNear, nearest, peerOf, peersOf, randomKey, targetOf } from './support/contacts.ts'
import { drain, only } from './support/drain.ts'
import { machineOf, tell } from './support/machine.ts'

const self = peerOf('self')
const target = targetOf('target')
const population = [self, ...peersOf('peer', 79)]
const base: LookupConfig = {
  target,
  self: self.contact,
  k: 20,
  alpha: 10,
  beta: 3,
  deadline: limits.queryTimeout,
  awaitPeers: false
}

const networks = fc.record({
  paths: fc.integer({ min: 1, max: 12 }),
  alpha: fc.integer({ min: 1, max: 25 }),
  k: fc.integer({ min: 3, max: 20 }),
  seeds: fc.uniqueArray(fc.nat(population.length - 1), { maxLength: 40 }),
  /** Whom each names, and what becomes of a request to it. */
  names: fc.array(fc.array(fc.nat(population.length - 1), { maxLength: 40 }), { minLength: 80, maxLength: 80 }),
  does: fc.array(fc.constantFrom('answer', 'answer', 'fail', 'late, then answer', 'late, then fail'), {
    minLength: 80,
    maxLength: 80
  }),
  order: fc.infiniteStream(fc.nat(1_000))
})
type AnyNetwork = typeof networks extends fc.Arbitrary<infer N> ? N : never

interface Played {
  readonly asked: string[]
  readonly answered: PeerInfo[]
  readonly result: LookupResult
  /** What it said to each input. */
  readonly outputs: LookupOutput[][]
}

function named(indices: readonly number[]): PeerInfo[] {
  return indices.map(index => population[index] as PeerInfo)
}

/** Lets the network answer in its order until the lookup ends, and holds it to what must be true at every step. */
function play(lookup: Lookup | DisjointLookup, network: AnyNetwork, width: number): Played {
  const waiting = new Map<string, PeerInfo>()
  const late = new Map<string, PeerInfo>()
  const played = { asked: [] as string[], answered: [] as PeerInfo[], outputs: [] as LookupOutput[][] }
  const order = network.order[Symbol.iterator]()
  let input: LookupInput = { type: 'seeds', peers: nearest(named(network.seeds), target.key, 40) }
  for (;;) {
    lookup.handle(1, input)
    const outputs = drain(lookup)
    played.outputs.push(outputs)
    for (const output of outputs) {
      if (output.type === 'finished') {
        assert.equal(output, outputs.at(-1), 'nothing comes after the end')
        return { ...played, result: output.result }
      }
      const { id } = output.peer.contact
      assert(!played.asked.includes(id), `${id} is asked once over all paths`)
      assert.notEqual(id, self.contact.id)
      played.asked.push(id)
      waiting.set(id, output.peer)
    }
    assert(waiting.size <= width, `${waiting.size} in flight, and ${width} is the most`)
    assert.equal(lookup.counts.running, waiting.size)

    const pending = [...waiting.values(), ...late.values()]
    const peer = pending[order.next().value % pending.length]
    assert(peer !== undefined, 'what has not ended waits for somebody')
    const { contact } = peer
    const index = population.indexOf(peer)
    const does = network.does[index] ?? 'answer'
    if (does.startsWith('late') && waiting.delete(contact.id)) {
      late.set(contact.id, peer)
      input = { type: 'late', contact }
      continue
    }
    waiting.delete(contact.id)
    late.delete(contact.id)
    if (does.endsWith('answer')) {
      played.answered.push(peer)
      input = { type: 'answered', contact, closer: named(network.names[index] ?? []) }
    } else {
      input = { type: 'failed', contact, nobodyAt: [] }
    }
  }
}

/** How far everybody is from the seeds at least, by those that answered. */
function distances({ seeds, names }: AnyNetwork, answered: readonly PeerInfo[]): Map<string, number> {
  const distance = new Map(named(seeds).map(({ contact }) => [contact.id, 1]))
  // whoever is found is added behind those who are, and so comes in its turn
  for (const [id, hops] of distance) {
    const index = population.findIndex(({ contact }) => contact.id === id)
    const closer = answered.some(({ contact }) => contact.id === id) ? named(names[index] ?? []) : []
    for (const { contact } of closer) {
      if (!distance.has(contact.id)) {
        distance.set(contact.id, hops + 1)
      }
    }
  }

  return distance
}

describe('a lookup over disjoint paths, in any network', () => {
  it('ends by itself, asks nobody twice, shares its width, and lists the nearest that answered', () => {
    fc.assert(
      fc.property(networks, network => {
        const { paths, k, alpha } = network
        const width = paths === 1 ? Math.max(alpha, k) : Math.max(paths, alpha)
        const { result, asked, answered } = play(new DisjointLookup({ ...base, k, alpha }, paths), network, width)
        assert.equal(result.reason, 'converged')
        assert.deepEqual(ids(result.closest), ids(nearest(answered, target.key, k)))
        assert.deepEqual([result.requests, result.answers], [asked.length, answered.length])
        const [shortest, known] = [distances(network, answered), result.closest.map(({ contact }) => contact.id)]
        assert(result.hops >= Math.max(0, ...known.map(id => shortest.get(id) ?? NaN)), 'no way is shorter than the shortest')
        if (known.length > 0 && known.every(id => shortest.get(id) === 1)) {
          assert.equal(result.hops, 1, 'all stand in our table, whichever path has asked them')
        }
        assert.equal(result.paths?.length, paths)
        for (const path of result.paths) {
          assert(path.every(peer => answered.includes(peer)))
          assert.deepEqual(ids(path), ids(nearest(path, target.key, k)))
        }
      }),
      { numRuns: 1_000 }
    )
  })

  it('with one path is the plain lookup', () => {
    fc.assert(
      fc.property(networks, network => {
        const config = { ...base, k: network.k, alpha: network.alpha }
        // both are given the same numbers to choose by
        const numbers = [...network.order.take(2_000)]
        const replayed = (): AnyNetwork => ({ ...network, order: fc.stream(numbers.values()) })
        const plain = play(new Lookup(config), replayed(), Infinity)
        const one = play(new DisjointLookup(config, 1), replayed(), Infinity)
        const { paths, ...result } = one.result
        assert.deepEqual(result, plain.result)
        assert.deepEqual(paths, [result.closest])
        assert.deepEqual(one.asked, plain.asked)
        assert.deepEqual(
          one.outputs.map(outputs => outputs.length),
          plain.outputs.map(outputs => outputs.length)
        )
      }),
      { numRuns: 300 }
    )
  })
})

describe('disjoint paths', () => {
  const rng = new Rng('disjoint')
  const seeds = nearest(peersOf('seed', 40), target.key, 40)

  function make(paths: number, config: Partial<LookupConfig> = {}): DisjointLookup {
    const lookup = new DisjointLookup({ ...base, ...config }, paths)
    lookup.handle(0, { type: 'seeds', peers: seeds })
    return lookup
  }

  function asks(lookup: DisjointLookup): string[] {
    return drain(lookup).flatMap(output => (output.type === 'ask' ? [output.peer.contact.id] : []))
  }

  function answer(lookup: DisjointLookup, contact: Contact, closer: readonly PeerInfo[]): string[] {
    lookup.handle(1, { type: 'answered', contact, closer })
    return asks(lookup)
  }

  it('begin with the nearest seeds, dealt round, and share α', () => {
    assert.deepEqual(asks(make(4)).sort(), ids(seeds.slice(0, 8)).sort(), 'two each')
    assert.deepEqual(asks(make(8)).sort(), ids(seeds.slice(0, 8)).sort(), 'one each: 10 / 8 is 1')
    assert.deepEqual(asks(make(4, { alpha: 3 })), ids(seeds.slice(0, 4)), 'one each, even so')
  })

  it('are told nothing by a liar that another has asked', () => {
    const lookup = make(2, { alpha: 2 })
    const [liar, honest] = asks(lookup).map(id => seeds.find(({ contact }) => contact.id === id)) as [PeerInfo, PeerInfo]
    const fakes = Array.from({ length: 20 }, () => peerOf(contactAt(keyNear(target.key, 60, rng))))
    const truth = peerOf(contactAt(keyNear(target.key, 30, rng)))
    assert.deepEqual(answer(lookup, liar.contact, fakes), ids(nearest(fakes, target.key, 1)))
    assert.deepEqual(answer(lookup, honest.contact, [liar, truth]), [truth.contact.id], 'the liar was asked and answered')
    assert.deepEqual(answer(lookup, truth.contact, []), [seeds[3]?.contact.id], 'no fake is asked by the honest path')
  })

  it('wait for the peer that another is asking, and for who is nearer than all else', () => {
    const lookup = make(2, { alpha: 2, k: 3 })
    const [one, two] = asks(lookup).map(id => seeds.find(({ contact }) => contact.id === id)) as [PeerInfo, PeerInfo]
    const shared = peerOf(contactAt(keyNear(target.key, 40, rng)))
    assert.deepEqual(answer(lookup, one.contact, [shared]), [shared.contact.id])
    const others = answer(lookup, two.contact, [shared])
    assert(!others.includes(shared.contact.id))
    const next = answer(lookup, shared.contact, [])
    assert(next.length > 0 && !next.includes(shared.contact.id), 'both paths go on')
    for (let pending = [...others, ...next]; pending.length > 0; ) {
      const id = pending.shift()
      const peer = seeds.find(({ contact }) => contact.id === id) as PeerInfo
      lookup.handle(1, { type: 'answered', contact: peer.contact, closer: [] })
      for (const output of drain(lookup)) {
        if (output.type === 'ask') {
          pending.push(output.peer.contact.id)
        } else {
          const first = output.result.paths?.map(path => path[0]?.contact.id)
          assert.deepEqual(first, [shared.contact.id, shared.contact.id], 'both have heard that it answered')
          pending = []
        }
      }
    }
    assert.equal(lookup.deadline, Infinity)
  })

  it('end all when one finds the wanted peer', () => {
    const wanted = contactOf('wanted')
    // whichever path it is: those that are polled before it end with it, too
    for (const [asked] of asks(make(4, { wanted })).entries()) {
      const lookup = make(4, { wanted })
      const contact = contactOf(asks(lookup)[asked] ?? '')
      lookup.handle(1, { type: 'answered', contact, closer: [peerOf(wanted)] })
      const [end] = drain(lookup)
      assert(end?.type === 'finished' && end.result.reason === 'found')
      assert.equal(end.result.found?.contact.id, wanted.id)
      assert.deepEqual([end.result.requests, end.result.answers], [8, 1])
    }
  })

  it('end all, too, when one who was late names the wanted peer to a path that has ended', () => {
    const wanted = contactOf('wanted')
    const lookup = new DisjointLookup({ ...base, wanted, alpha: 2 }, 2)
    lookup.handle(0, { type: 'seeds', peers: seeds.slice(0, 3) })
    // the first and the third are one path's, the second is the other's
    const [late, other, third] = seeds.map(({ contact }) => contact) as [Contact, Contact, Contact]
    assert.deepEqual(asks(lookup), [late.id, other.id])
    lookup.handle(1, { type: 'late', contact: late })
    assert.deepEqual(asks(lookup), [third.id])
    assert.deepEqual(answer(lookup, third, []), [])
    lookup.handle(2, { type: 'answered', contact: late, closer: [peerOf(wanted)] })
    const [end] = drain(lookup)
    assert(end?.type === 'finished' && end.result.reason === 'found')
    assert.equal(end.result.found?.contact.id, wanted.id)
    assert.deepEqual([end.result.requests, end.result.answers], [3, 2])
  })

  it('have walked as far as the path that went farthest for those it ends with, by the shortest of their ways', () => {
    const lookup = make(2, { alpha: 2, k: 1, beta: 1 })
    const [one, two] = asks(lookup).map(id => seeds.find(({ contact }) => contact.id === id)) as [PeerInfo, PeerInfo]
    const near = [30, 35, 40, 60].map(bits => peerOf(contactAt(keyNear(target.key, bits, rng))))
    const [a, b, c, last] = near as [PeerInfo, PeerInfo, PeerInfo, PeerInfo]
    // one path goes four hops far for somebody whom the other has found with two
    assert.deepEqual(answer(lookup, one.contact, [a]), ids([a]))
    assert.deepEqual(answer(lookup, a.contact, [b]), ids([b]))
    assert.deepEqual(answer(lookup, b.contact, [last]), ids([last]))
    answer(lookup, two.contact, [c, last])
    lookup.handle(1, { type: 'answered', contact: last.contact, closer: [] })
    const finished = drain(lookup).find(({ type }) => type === 'finished')
    assert(finished?.type === 'finished')
    assert.deepEqual([ids(finished.result.closest), finished.result.hops], [ids([last]), 2])
  })

  it('end at the deadline and when they are told to, with what all of them have', () => {
    for (const end of ['timeout', 'cancelled', 'stopped'] as const) {
      const lookup = make(4)
      const [id] = asks(lookup)
      answer(lookup, contactOf(id ?? ''), [])
      assert.equal(lookup.deadline, base.deadline)
      lookup.handle(base.deadline - 1, { type: 'tick' })
      assert.deepEqual(drain(lookup), [])
      lookup.handle(base.deadline, end === 'timeout' ? { type: 'tick' } : { type: 'stop', reason: end })
      const [finished] = drain(lookup)
      assert(finished?.type === 'finished' && finished.result.reason === end)
      assert.deepEqual(ids(finished.result.closest), [id])
      assert.equal(lookup.deadline, Infinity)
    }
  })

  it('wait for a first peer where they are to, and until then for the deadline', () => {
    const nobody = { ...base, awaitPeers: true }
    const lookup = new DisjointLookup(nobody, 3)
    lookup.handle(0, { type: 'seeds', peers: [] })
    assert.deepEqual([drain(lookup), lookup.empty], [[], true])
    lookup.handle(1, { type: 'seeds', peers: seeds.slice(0, 1) })
    assert.deepEqual([asks(lookup), lookup.empty], [[seeds[0]?.contact.id], false])

    for (const end of [{ type: 'tick' }, { type: 'stop', reason: 'cancelled' }] as const) {
      const alone = new DisjointLookup(nobody, 3)
      alone.handle(base.deadline, end)
      const [finished] = drain(alone)
      assert(finished?.type === 'finished' && finished.result.reason === (end.type === 'tick' ? 'timeout' : 'cancelled'))
    }
  })

  it('find the nearest of all in a random network that knows itself', () => {
    const peers = Array.from({ length: 300 }, () => peerOf(contactAt(randomKey(rng))))
    const truth = ids(nearest(peers, target.key, 20))
    for (const paths of [1, 2, 4, 8]) {
      const lookup = new DisjointLookup(base, paths)
      lookup.handle(0, { type: 'seeds', peers: nearest(peers.slice(0, 60), target.key, 40) })
      let result: LookupResult | undefined
      for (const pending = drain(lookup); result === undefined; ) {
        const output = pending.shift()
        assert(output !== undefined)
        if (output.type === 'finished') {
          result = output.result
        } else {
          // everybody knows some of those around it
          const { contact } = output.peer
          const closer = nearest(peers, contact.key, 60).filter((_, i) => i % 3 === 0)
          lookup.handle(1, { type: 'answered', contact, closer: nearest(closer, target.key, 20) })
          pending.push(...drain(lookup))
        }
      }
      const found = ids(result.closest).filter(id => truth.includes(id)).length
      assert(found >= 18, `${found} of 20 over ${paths} paths`)
    }
  })
})

describe('a node', () => {
  const entries = peersOf('peer', 25).map(peer => ({ peer, heard: 0, roundTrip: 1 }))
  const quiet = { refreshInterval: Infinity, bootstrapInterval: Infinity }

  /** How many paths its lookup had: one where it says nothing of them. */
  function pathsOf(config: Partial<KademliaConfig>, options: LookupOptions): number {
    const machine = machineOf(self, { ...quiet, ...config })
    tell(machine, { type: 'restore', entries })
    tell(machine, { type: 'start', op: 1, operation: { type: 'closest', target, ...options } })
    const [finished] = only(tell(machine, { type: 'cancel', op: 1 }), 'finished')
    assert(finished?.outcome.type === 'lookup')
    return finished.outcome.result.paths?.length ?? 1
  }

  it('takes as many paths as its settings or the operation say, and refuses what cannot be', () => {
    assert.equal(pathsOf({}, {}), 1)
    assert.equal(pathsOf({ disjointPaths: 4 }, {}), 4)
    assert.equal(pathsOf({ disjointPaths: 4 }, { disjointPaths: 1 }), 1)
    assert.equal(pathsOf({}, { disjointPaths: limits.disjointPaths }), limits.disjointPaths)
    for (const disjointPaths of [0, 1.5, limits.disjointPaths + 1, NaN]) {
      const message = `kademlia: disjointPaths is a whole number from 1 to 20, not ${disjointPaths}`
      assert.throws(() => pathsOf({ disjointPaths }, {}), { name: 'RangeError', message })
      assert.throws(() => pathsOf({}, { disjointPaths }), { name: 'RangeError', message })
    }
  })
})
