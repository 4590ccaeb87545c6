/** Whole networks of whole nodes, in virtual time: what the engine is for. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commonPrefixLength, hour, limits, minute, second } from '@vicinity/kademlia'
import type { KademliaConfig } from '@vicinity/kademlia'
import { ids, nearest, targetOf } from './support/contacts.ts'
import { Network } from './support/network.ts'
import type { Node } from './support/node.ts'

/** Nodes that join one by one, each told of one that is there already, and time to settle. */
function grow(network: Network, count: number, config: Partial<KademliaConfig> = {}): Node[] {
  const nodes: Node[] = []
  for (let i = 0; i < count; i++) {
    const introducer = nodes[network.rng.below(Math.max(1, nodes.length))]
    const node = network.add(`node${i}`, config)
    if (introducer !== undefined) {
      network.connect(node, introducer)
    }
    nodes.push(node)
    network.run(1 * second)
  }

  network.run(5 * minute)
  return nodes
}

/** The share of the true nearest live servers that lookups of random keys find, and what they cost. */
function lookUp(network: Network, nodes: readonly Node[], lookups: number): { recall: number; requests: number } {
  let found = 0
  let wanted = 0
  let requests = 0
  for (let i = 0; i < lookups; i++) {
    const node = nodes[network.rng.below(nodes.length)]
    assert(node !== undefined)
    const target = targetOf(`key ${network.rng.uint32()}`)
    const truth = network.trulyNearest(target.key, limits.k, node)
    const result = node.lookup(target)
    found += ids(result.closest).filter(id => truth.includes(id)).length
    wanted += truth.length
    requests += result.requests / lookups
  }

  return { recall: found / wanted, requests }
}

function tableOf(node: Node): string[] {
  return Array.from(node.machine.table.entries(), ({ peer }) => peer.contact.id)
}

/** Whoever is among the nearest in truth is known, except where a bucket holds only k of more. */
function assertKnowsItsNeighbours(network: Network, node: Node): void {
  const { key } = node.contact
  const others = network.servers().filter(other => other !== node)
  const population = (other: Node): number =>
    others.filter(({ contact }) => commonPrefixLength(key, contact.key) === commonPrefixLength(key, other.contact.key)).length
  const neighbours = nearest(others, key, limits.k).filter(other => population(other) <= limits.k)
  const table = tableOf(node)
  assert(neighbours.length >= limits.k / 2)
  assert.deepEqual(
    ids(neighbours).filter(id => !table.includes(id)),
    [],
    `${node.name} knows its neighbours`
  )
}

function removals(nodes: readonly Node[]): number {
  return nodes.flatMap(({ said }) => said).filter(said => said.type === 'table' && said.change === 'removed').length
}

describe('a network of 100 nodes that join through one another', () => {
  it('converges: each knows its true neighbours, and lookups find the true nearest', () => {
    Network.with('join', network => {
      const nodes = grow(network, 100)
      for (const node of nodes) {
        assertKnowsItsNeighbours(network, node)
      }

      const { recall, requests } = lookUp(network, nodes, 100)
      assert.equal(recall, 1)
      assert(requests <= 32, `${requests} requests a lookup`)
      assert.equal(removals(nodes), 0, 'live peers stay')
    })
  })

  it('heals after 30 of them die', () => {
    Network.with('heal', network => {
      const nodes = grow(network, 100)
      const dead = nodes.filter((_, i) => i % 10 < 3)
      const alive = nodes.filter(node => !dead.includes(node))
      for (const node of dead) {
        node.become('dead')
      }
      network.run(30 * minute)

      for (const node of alive) {
        assertKnowsItsNeighbours(network, node)
        assert.deepEqual(
          tableOf(node).filter(id => dead.some(({ name }) => name === id)),
          [],
          `${node.name} forgets the dead`
        )
      }
      assert.equal(lookUp(network, alive, 50).recall, 1)
    })
  })

  it('survives an hour in which one node is offline, and so does its table', () => {
    Network.with('offline', network => {
      const nodes = grow(network, 60)
      const [node] = nodes
      assert(node !== undefined)
      const before = tableOf(node).sort()
      node.become('offline')
      for (let i = 0; i < 12; i++) {
        network.run(5 * minute)
        const { closest } = node.lookup(targetOf(`while offline ${i}`))
        assert.deepEqual(closest, [])
      }
      assert.deepEqual(tableOf(node).sort(), before, 'nobody left the table meanwhile')

      node.become('up')
      const { recall } = lookUp(network, [node], 10)
      assert.equal(recall, 1)
      network.run(20 * minute)
      assert.equal(removals([node]), 0)
      for (const other of nodes) {
        assertKnowsItsNeighbours(network, other)
      }
    })
  })
})

describe('a network with faults', () => {
  it('removes a silent peer after two timeouts', () => {
    Network.with('silent', network => {
      // no lookups but those below: what asks is the probes
      const nodes = grow(network, 40, { refreshInterval: Infinity, bootstrapInterval: Infinity })
      const silent = nodes.slice(10, 14)
      const alive = nodes.filter(node => !silent.includes(node))
      const holders = alive.map(node => tableOf(node).filter(id => silent.some(({ name }) => name === id)))
      for (const node of silent) {
        node.become('silent')
        for (const other of node.connections) {
          network.disconnect(node, other)
        }
      }

      const asked = alive.map(node => new Map(node.asked))
      network.run(15 * minute)
      for (const [i, node] of alive.entries()) {
        for (const { name } of silent) {
          const since = (node.asked.get(name) ?? 0) - (asked[i]?.get(name) ?? 0)
          // a third where the first went out alone, so that nobody could bear witness
          const expected = holders[i]?.includes(name) === true ? [2, 3] : [0]
          assert(expected.includes(since), `${node.name} asked ${name} ${since} times`)
        }
        assert.deepEqual(
          tableOf(node).filter(id => silent.some(({ name }) => name === id)),
          []
        )
      }
    })
  })

  it('never lists a silent peer, and finds all that live once its peers have noticed', () => {
    Network.with('unlisted', network => {
      const nodes = grow(network, 40)
      const silent = nodes.slice(10, 20)
      for (const node of silent) {
        node.become('silent')
      }

      const alive = nodes.filter(node => !silent.includes(node))
      for (const [i, node] of alive.entries()) {
        const { closest, answers } = node.lookup(targetOf(`among the silent ${i}`))
        assert.equal(closest.length, Math.min(answers, limits.k))
        assert.deepEqual(
          ids(closest).filter(id => silent.some(({ name }) => name === id)),
          []
        )
      }

      network.run(15 * minute)
      assert.equal(lookUp(network, alive, 20).recall, 1)
    })
  })

  it('works while one message in 20 is lost, and is whole again afterwards', () => {
    Network.with('loss', network => {
      const nodes = grow(network, 40)
      network.fault = () => (network.rng.below(20) === 0 ? 'lost' : 'clear')
      const { recall } = lookUp(network, nodes, 20)
      assert(recall > 0.8, `a recall of ${recall}`)

      network.run(30 * minute)
      network.fault = () => 'clear'
      network.run(15 * minute)
      assert.equal(lookUp(network, nodes, 20).recall, 1)
    })
  })

  it('works in two halves for an hour, and is one again after a single new connection', () => {
    Network.with('partition', network => {
      const nodes = grow(network, 50)
      const half = new Set(nodes.filter((_, i) => i % 2 === 0))
      network.fault = (from, to) => (half.has(from) === half.has(to) ? 'clear' : 'lost')
      for (const node of half) {
        for (const other of [...node.connections].filter(peer => !half.has(peer))) {
          network.disconnect(node, other)
        }
      }
      network.run(1 * hour)
      for (const node of nodes) {
        assert.equal(node.lookup(targetOf('either half')).closest.length, limits.k, node.name)
      }

      network.fault = () => 'clear'
      network.connect(nodes[0] as Node, nodes[1] as Node)
      network.run(30 * minute)
      assert.equal(lookUp(network, nodes, 50).recall, 1)
    })
  })

  it('a first peer that misses the first check is checked again', () => {
    Network.with('first check', network => {
      const first = network.add('first')
      const other = network.add('other')
      network.connect(other, first)
      network.fault = () => 'lost'
      network.run(30_000)
      assert.deepEqual([first.machine.size, other.machine.size], [0, 0])
      network.fault = () => 'clear'
      network.run(2 * minute)
      assert.deepEqual([first.machine.size, other.machine.size], [1, 1])
    })
  })

  it('gives the slow their time: they are in the tables, though late in lookups', () => {
    Network.with(
      'slow',
      network => {
        const nodes = grow(network, 30)
        assert.equal(removals(nodes), 0)
        for (const node of nodes) {
          assertKnowsItsNeighbours(network, node)
        }
      },
      { latency: [50, 2_000] }
    )
  })
})

describe('modes', () => {
  it('clients find, and are found by nobody', () => {
    Network.with('clients', network => {
      const nodes = grow(network, 30)
      const client = network.add('client', { mode: 'client' })
      network.connect(client, nodes[0] as Node)
      network.run(10 * minute)
      assert.equal(lookUp(network, [client], 10).recall, 1)
      assert.equal(nodes.filter(node => tableOf(node).includes('client')).length, 0)
    })
  })

  it('a peer that begins to serve is taken in, and one that ends is let go', () => {
    Network.with('modes', network => {
      const nodes = grow(network, 10)
      const late = network.add('late', { mode: 'client' })
      for (const node of nodes) {
        network.connect(late, node)
      }
      network.run(5 * second)
      late.setMode('server')
      network.run(5 * second)
      assert.equal(nodes.filter(node => tableOf(node).includes('late')).length, 10, 'taken in')

      late.setMode('client')
      network.run(5 * second)
      assert.equal(nodes.filter(node => tableOf(node).includes('late')).length, 0, 'let go')
    })
  })
})

describe('ends', () => {
  it('leave nothing behind when nodes stop in the middle of their work', () => {
    Network.with('stop', network => {
      const nodes = grow(network, 30)
      for (const node of nodes) {
        for (let i = 0; i < 4; i++) {
          node.start({ type: 'closest', target: targetOf(`stopped ${i}`) })
        }
        node.start({ type: 'bootstrap' })
        node.start({ type: 'refresh' })
      }
      network.run(150)
      for (const node of nodes) {
        node.stop()
        for (const [what, size] of Object.entries(node.machine.sizes)) {
          assert.equal(size, 0, `${what} of ${node.name}`)
        }
      }
    })
  })

  it('come to all work by itself: an hour later nothing has piled up', () => {
    Network.with('leaks', network => {
      const nodes = grow(network, 20, { refreshInterval: Infinity, bootstrapInterval: Infinity })
      network.run(9 * minute)
      for (const { machine, name, connections } of nodes) {
        const { peers, ...rest } = machine.sizes
        assert.equal(peers, connections.size)
        for (const [what, size] of Object.entries(rest)) {
          assert.equal(size, 0, `${what} of ${name}`)
        }
      }
    })
  })

  it('are the same for the same seed', () => {
    const history = (): string[] => {
      const network = new Network('again')
      const nodes = grow(network, 20)
      return nodes.map(node => JSON.stringify([[...node.asked], tableOf(node)]))
    }
    assert.deepEqual(history(), history())
  })
})
