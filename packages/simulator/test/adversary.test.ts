import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commonPrefixLength, compareDistance, limits, Rng } from '@vicinity/kademlia'
import type { KademliaOutput, LookupResult, PeerInfo } from '@vicinity/kademlia'
import { Adversaries } from '../src/adversary/adversaries.ts'
import { selfish, silent, slow } from '../src/adversary/behaviours.ts'
import { Colluders } from '../src/adversary/colluders.ts'
import { Flooder } from '../src/adversary/flooder.ts'
import { SybilAttack } from '../src/adversary/sybils.ts'
import { defaultOptions } from '../src/options.ts'
import { ConvergedTables } from '../src/population/converged.ts'
import { Population } from '../src/population/population.ts'
import type { Behaviour } from '../src/world/behaviour.ts'
import { indexOf, randomKey, targetAt } from '../src/world/contacts.ts'
import type { Node } from '../src/world/node.ts'
import { SmallWorld } from './support/small-world.ts'

const engine = { k: 8, beta: 3, sybilThreshold: Infinity }

/** A world of honest servers and others, all in each other's tables. */
function mixed(honest: number, others: number, behaviour: (small: SmallWorld) => Behaviour): SmallWorld & { bad: Node[] } {
  const small = new SmallWorld({ connections: false }, engine, 'mixed')
  small.servers(honest)
  const bad = small.servers(others, behaviour(small))
  const sorted = [...small.world.nodes].sort((a, b) => compareDistance(new Uint32Array(8), a.contact.key, b.contact.key))
  const tables = new ConvergedTables(sorted, 8, new Rng('mixed'))
  for (const node of small.world.nodes) {
    node.handle({ type: 'restore', entries: tables.of(node, 0) })
  }

  // whoever begins looks itself up
  small.run(60_000)
  return Object.assign(small, { bad })
}

function lookUp(small: SmallWorld, node: Node, key = randomKey(small.rng)): LookupResult {
  let result: LookupResult | undefined
  node.operate(
    { type: 'closest', target: targetAt(key) },
    {
      finished(outcome) {
        result = outcome.type === 'lookup' ? outcome.result : undefined
      }
    }
  )
  small.run(61_000)
  assert(result !== undefined, 'the lookup has ended')
  return result
}

function nodesOf(small: SmallWorld, peers: readonly PeerInfo[]): Array<Node | undefined> {
  return peers.map(({ contact }) => small.world.nodes[indexOf(contact)])
}

/** What a node answers to another, as it is read. */
function answerOf(small: SmallWorld, node: Node, key = randomKey(small.rng)): readonly PeerInfo[] {
  const [asker] = small.world.nodes as [Node]
  small.told.length = 0
  small.send(asker, node, 1_000_000_000, {
    type: 'FIND_NODE',
    target: small.world.nodes.find(({ contact }) => contact.key === key)?.contact ?? targetAt(key)
  })
  small.run(1_000)
  const answer = small.told.find(({ input }) => input.type === 'response' && input.rpc === 1_000_000_000)?.input
  return answer?.type === 'response' && answer.message.type === 'FIND_NODE' ? answer.message.closer : []
}

describe('silent servers', () => {
  it('leave a table after two timeouts, and are in no final set', () => {
    const small = mixed(40, 10, () => silent)
    const { world, bad } = small
    const failures = new Map<string, number>()
    const removed = new Map<string, number>()
    const [watched] = world.nodes as [Node]
    const held = new Set(Array.from(watched.machine?.table.entries() ?? [], ({ peer }) => peer.contact.id))
    const asked = new Map<number, string>()
    world.observe({
      output(node: Node, output: KademliaOutput) {
        if (node === watched && output.type === 'send') {
          asked.set(output.rpc, output.to.contact.id)
        } else if (node === watched && output.type === 'abandon') {
          const id = asked.get(output.rpc) ?? ''
          failures.set(id, (failures.get(id) ?? 0) + 1)
        } else if (node === watched && output.type === 'table' && output.change === 'removed') {
          removed.set(output.peer.contact.id, failures.get(output.peer.contact.id) ?? 0)
        }
      }
    })
    for (let i = 0; i < 20; i++) {
      const { closest } = lookUp(small, watched)
      assert(nodesOf(small, closest).every(node => node?.honest))
    }

    const silentOnes = bad.filter(({ contact }) => held.has(contact.id))
    assert(silentOnes.length > 0, 'some stood in the table when the watch began')
    for (const { contact } of silentOnes) {
      const left = removed.get(contact.id)
      assert(left === undefined || left <= limits.failuresToEvict, `${contact.id} left after ${left} timeouts`)
      assert(left !== undefined || (failures.get(contact.id) ?? 0) < limits.failuresToEvict, `${contact.id} is still there`)
    }
  })
})

describe('slow servers', () => {
  it('are expected to be found if they are quick enough for any node', () => {
    assert.equal(slow(400).findable, true)
    assert.equal(slow(3_000).findable, false)
  })

  it('answer as the honest do, so much later', () => {
    const small = mixed(20, 1, () => slow(700))
    const [node] = small.bad as [Node]
    const [asker] = small.world.nodes as [Node]
    const at = small.world.now
    const rpc = small.send(asker, node, 1_000_000_000)
    small.run(2_000)
    assert.deepEqual(small.endOf(asker, rpc), { at: at + 800, as: 'response' })
  })
})

describe('flooders', () => {
  it('get nobody to believe in those they make up', () => {
    const small = mixed(40, 5, ({ world, rng }) => new Flooder(world, rng))
    const nodes = small.world.nodes.length
    for (let i = 0; i < 15; i++) {
      const node = small.world.node(small.rng.below(40))
      const key = randomKey(small.rng)
      const { closest } = lookUp(small, node, key)
      const found = nodesOf(small, closest)
      assert(found.every(each => each !== undefined))
      const honest = small.world.census.closest(key, 3, node)
      assert(
        honest.every(each => found.includes(each)),
        'the nearest of the honest are found'
      )
    }

    assert.equal(small.world.nodes.length, nodes, 'those made up are no nodes')
    for (const { machine } of small.world.nodes.slice(0, 40)) {
      assert(machine !== undefined && Array.from(machine.table.entries()).every(({ peer }) => indexOf(peer.contact) >= 0))
    }
  })

  it('are read no further than the limit, or not at all', () => {
    const small = mixed(10, 1, ({ world, rng }) => new Flooder(world, rng))
    const [flooder] = small.bad as [Node]
    const lengths = [0, 1].map(() => answerOf(small, flooder).length).sort((a, b) => a - b)
    assert.deepEqual(lengths, [0, limits.closerPeersRead])
  })
})

describe('selfish servers', () => {
  it('name themselves, the asker and the target first, and mislead nobody', () => {
    const small = mixed(30, 10, ({ world }) => selfish(world))
    const [asker, , target] = small.world.nodes as [Node, Node, Node]
    const [node] = small.bad as [Node]
    const named = answerOf(small, node, target.contact.key).slice(0, 3)
    assert.deepEqual(
      named.map(({ contact }) => contact.id),
      [node, asker, target].map(({ contact }) => contact.id)
    )
    for (let i = 0; i < 10; i++) {
      const key = randomKey(small.rng)
      const from = small.world.node(small.rng.below(30))
      const ids = lookUp(small, from, key).closest.map(({ contact }) => contact.id)
      assert.deepEqual(
        ids,
        small.world.census.closest(key, 8, from).map(({ contact }) => contact.id)
      )
    }
  })
})

describe('liars', () => {
  it('name those of them that are nearest, and nobody else', () => {
    const small = mixed(30, 20, () => new Colluders(8))
    const [node, gone] = small.bad as [Node, Node]
    small.world.crash(gone)
    const key = randomKey(small.rng)
    const left = small.bad.filter(other => other !== node && other !== gone)
    const nearest = left.sort((a, b) => compareDistance(key, a.contact.key, b.contact.key)).slice(0, 8)
    assert.deepEqual(
      answerOf(small, node, key).map(({ contact }) => contact.id),
      nearest.map(({ contact }) => contact.id)
    )
  })
})

describe('Sybils', () => {
  function attacked(around: 'key' | 'node'): { small: SmallWorld; attack: SybilAttack; sybils: Node[] } {
    const small = new SmallWorld({ connections: false }, engine, 'attacked')
    const attack = new SybilAttack({ count: 12, named: 8, around, groups: 2 }, new Rng('attack'))
    const population = new Population(
      small.world,
      { ...defaultOptions, k: 8, nodes: 300, redial: 0 },
      new Rng('people'),
      () => undefined
    )
    population.settle()
    attack.arrive(small.world, population)
    population.converge()
    return { small, attack, sybils: small.world.nodes.filter(({ honest }) => !honest) }
  }

  for (const around of ['key', 'node'] as const) {
    it(`stand nearer to the ${around} than any honest server, in the groups they have`, () => {
      const { small, attack, sybils } = attacked(around)
      const { target, victim } = attack
      assert(target !== undefined)
      assert.equal(victim?.contact, around === 'node' ? target : undefined)
      assert.equal(sybils.length, 12)
      assert.deepEqual(new Set(small.world.census.closest(target.key, 12, victim)), new Set(sybils))
      assert.equal(new Set(sybils.flatMap(({ init }) => init.groups)).size, 2)
    })
  }

  it('name each other around the key, and answer honestly elsewhere', () => {
    const { small, attack, sybils } = attacked('key')
    const [node] = sybils as [Node]
    assert(attack.target !== undefined)
    const { key } = attack.target
    assert(nodesOf(small, answerOf(small, node, key)).every(other => other !== undefined && sybils.includes(other)))
    const opposite = key.map(word => ~word)
    const honest = nodesOf(small, answerOf(small, node, opposite))
    assert(honest.length === 8 && honest.every(other => other?.honest))
  })

  it('hide the honest from who looks the key up', () => {
    const { small, attack, sybils } = attacked('key')
    assert(attack.target !== undefined)
    const { closest } = lookUp(small, small.world.node(5), attack.target.key)
    assert(nodesOf(small, closest).every(node => node !== undefined && sybils.includes(node)))
  })

  it('are looked up by anybody, and every second time somebody is asked by the node attacked', () => {
    const { attack } = attacked('node')
    const [one, two] = [attack.aimed(), attack.aimed()]
    assert.deepEqual([one.node, two.node], [attack.victim, undefined])
    assert.equal(two.target, attack.target)
  })
})

describe('the cast', () => {
  it('has the shares that were asked for, and is the same for the same seed', () => {
    const options = { ...defaultOptions, silent: 0.1, slow: 0.1, selfish: 0.2, liars: 0.1 }
    const cast = (): string[] => {
      const { casting } = new Adversaries(new SmallWorld().world, options, new Rng('cast'))
      return Array.from({ length: 4_000 }, () => casting()?.name ?? 'honest')
    }
    const roles = cast()
    for (const [name, share] of Object.entries({ silent: 0.1, slow: 0.1, selfish: 0.2, liars: 0.1, honest: 0.5 })) {
      const count = roles.filter(role => role === name).length
      assert(Math.abs(count - 4_000 * share) < 150, `${count} of 4,000 are ${name}`)
    }
    assert.deepEqual(cast(), roles)
  })

  it('knows a foreign network of which nobody is there', () => {
    const small = new SmallWorld()
    small.servers(20)
    const adversaries = new Adversaries(small.world, { ...defaultOptions, nodes: 20, foreign: 0.5 }, new Rng('foreign'))
    const others = adversaries.unfindable()
    assert.equal(others.length, 10)
    assert(others.every(({ up }) => !up))
    assert.equal(small.world.census.size, 20)
    assert(others.every(({ contact }) => commonPrefixLength(contact.key, small.world.node(0).contact.key) < 256))
  })
})
