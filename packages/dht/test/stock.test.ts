/** Ours and the stock DHT in one network, each as the other's peer. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PeerId } from '@libp2p/interface'
import { sha256 } from '@noble/hashes/sha2.js'
import { startOurs, startStock, trueClosest } from './support/nodes.ts'
import type { Ours, Stock } from './support/nodes.ts'
import { all, eventually } from './support/waiting.ts'
import { openRaw } from './support/wire.ts'

type Either = Ours | Stock

interface Searching {
  getClosestPeers(key: Uint8Array): AsyncIterable<{ name: string; peer?: unknown }>
  findPeer(id: PeerId, options: { useCache: boolean }): AsyncIterable<{ name: string; peer?: unknown }>
}

function dhtOf(node: Either): Searching {
  return node.services.dht
}

async function closestTo(node: Either, key: Uint8Array): Promise<string[]> {
  const events = await all(dhtOf(node).getClosestPeers(key))
  return events.flatMap(event => (event.name === 'FINAL_PEER' ? [String((event.peer as { id: PeerId }).id)] : []))
}

describe('ours and a stock server', () => {
  test('hold each other, whoever dialled', async t => {
    for (const dialler of ['ours', 'stock']) {
      const [ours, stock] = [await startOurs(t), await startStock(t)]
      await (dialler === 'ours' ? ours.dial(stock.getMultiaddrs()) : stock.dial(ours.getMultiaddrs()))
      await eventually(() => ours.services.dht.routingTable.size === 1 && stock.services.dht.routingTable.size === 1)
    }
  })

  test('find whom only the other knows', async t => {
    const [ours, stock, friendOfOurs, friendOfStock] = [
      await startOurs(t),
      await startStock(t),
      await startOurs(t),
      await startStock(t)
    ]
    await ours.dial(friendOfOurs.getMultiaddrs())
    await stock.dial(friendOfStock.getMultiaddrs())
    await eventually(() => ours.services.dht.routingTable.size === 1 && stock.services.dht.routingTable.size === 1)
    await ours.dial(stock.getMultiaddrs())
    await eventually(() => ours.services.dht.routingTable.size >= 2 && stock.services.dht.routingTable.size >= 2)
    for (const [asker, wanted] of [
      [ours, friendOfStock],
      [stock, friendOfOurs]
    ] as Array<[Either, Either]>) {
      const events = await all(dhtOf(asker).findPeer(wanted.peerId, { useCache: false }))
      const peer = events.find(({ name }) => name === 'FINAL_PEER')?.peer as { id: PeerId; multiaddrs: unknown[] } | undefined
      assert.ok(peer?.id.equals(wanted.peerId) && peer.multiaddrs.length > 0)
    }
  })

  test('the stock one leaves our table when it becomes a client, and is back as a server', async t => {
    const [ours, stock] = [await startOurs(t), await startStock(t)]
    await ours.dial(stock.getMultiaddrs())
    await eventually(() => ours.services.dht.routingTable.size === 1 && stock.services.dht.routingTable.size === 1)
    await stock.services.dht.setMode('client')
    await eventually(() => ours.services.dht.routingTable.size === 0)
    await stock.services.dht.setMode('server')
    await eventually(() => ours.services.dht.routingTable.size === 1)
  })

  test('answer FIND_NODE alike', async t => {
    const [ours, stock] = [await startOurs(t), await startStock(t)]
    const friends = [await startStock(t), await startStock(t), await startStock(t)]
    for (const friend of friends) {
      await friend.dial(ours.getMultiaddrs())
      await friend.dial(stock.getMultiaddrs())
    }

    const asker = await startOurs(t, { dht: { clientMode: true } })
    const hex = (id: Uint8Array): string => Buffer.from(id).toString('hex')
    const [both, three] = [[ours, stock], friends].map(nodes => nodes.map(({ peerId }) => hex(peerId.toMultihash().bytes)))
    const streams = [await openRaw(asker, ours), await openRaw(asker, stock)]
    const answers = async (key: Uint8Array): Promise<{ type: string; closer: string[] }[]> =>
      await Promise.all(
        streams.map(async stream => {
          const { type, closer } = await stream.ask({ type: 'FIND_NODE', key })
          // each may know the other by now
          const others = closer.map(({ id }) => hex(id)).filter(id => !both?.includes(id))
          return { type, closer: others.toSorted() }
        })
      )
    await eventually(async () => (await answers(Uint8Array.of(1))).every(({ closer }) => three?.every(id => closer.includes(id))))
    for (const key of [Uint8Array.of(1), sha256(Uint8Array.of(2)), asker.peerId.toMultihash().bytes]) {
      const [one, other] = await answers(key)
      assert.deepEqual(one, other)
    }
  })
})

test('a network of ten and ten finds the true closest, whoever asks', async t => {
  const nodes: Either[] = []
  for (let i = 0; i < 10; i++) {
    nodes.push(await startOurs(t), await startStock(t))
  }

  // everybody is told of two others of each kind at most: the rest is for the networks to find
  for (const [i, node] of nodes.entries()) {
    if (i > 0) {
      await node.dial(nodes[i - 1]?.getMultiaddrs() ?? [])
    }
    if (i > 1) {
      await node.dial(nodes[i >> 1]?.getMultiaddrs() ?? [])
    }
  }

  const ours = nodes.filter((_, i) => i % 2 === 0) as Ours[]
  for (const node of ours) {
    await node.services.dht.bootstrap()
  }

  const seed = process.env['VICINITY_SEED'] ?? crypto.randomUUID()
  t.diagnostic(`VICINITY_SEED=${seed}`)
  for (const [i, asker] of nodes.entries()) {
    const key = sha256(new TextEncoder().encode(`${seed}/${i}`))
    const others = nodes.filter(node => node !== asker).map(node => node.peerId)
    const expected = trueClosest(others, key, 20)
    if (i % 2 === 0) {
      assert.deepEqual(await closestTo(asker, key), expected, `VICINITY_SEED=${seed}, node ${i}`)
    } else {
      // the stock lookup gives up on peers that are no nearer than the one that names them; ours are found by it all the same
      const found = await closestTo(asker, key)
      const nearest = expected.slice(0, 5)
      assert.deepEqual(
        nearest.filter(id => !found.includes(id)),
        [],
        `VICINITY_SEED=${seed}, node ${i}`
      )
    }
  }
})
