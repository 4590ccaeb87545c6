/** The testnet helper, and what a network of ours must reach: all of the true closest, for few requests. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sha256 } from '@noble/hashes/sha2.js'
import type { QueryEvent } from '../src/index.ts'
import { testnet } from '../src/testnet.ts'
import { trueClosest } from './support/nodes.ts'
import { all } from './support/waiting.ts'

function found(events: readonly QueryEvent[]): string[] {
  return events.flatMap(event => (event.name === 'FINAL_PEER' ? [event.peer.id.toString()] : []))
}

describe('a testnet', () => {
  test('of 40 nodes finds the true 20 closest of any key from any node, with at most 32 requests on average', async t => {
    const seed = process.env['VICINITY_SEED'] ?? crypto.randomUUID()
    t.diagnostic(`VICINITY_SEED=${seed}`)
    await using net = await testnet(40)
    let requests = 0
    for (let i = 0; i < 50; i++) {
      const key = sha256(new TextEncoder().encode(`${seed}/${i}`))
      const [asker, ...others] = [...net.nodes.slice(i % 40), ...net.nodes.slice(0, i % 40)]
      const events = await all(asker?.services.dht.getClosestPeers(key) ?? [])
      const closest = trueClosest(
        others.map(node => node.peerId),
        key,
        20
      )
      assert.deepEqual(found(events), closest, `key ${i} of VICINITY_SEED=${seed}`)
      requests += events.filter(({ name }) => name === 'SEND_QUERY').length
    }

    assert.ok(requests / 50 <= 32, `${requests / 50} requests a lookup with VICINITY_SEED=${seed}`)
    t.diagnostic(`${requests / 50} requests a lookup`)

    const [asker, ...others] = net.nodes
    for (const wanted of others) {
      const events = await all(asker?.services.dht.findPeer(wanted.peerId, { useCache: false }) ?? [])
      assert.deepEqual(found(events), [wanted.peerId.toString()])
    }
  })

  test('of one node has nobody to ask', async () => {
    await using net = await testnet(1, { dht: { allowQueryWithZeroPeers: true } })
    assert.deepEqual(found(await all(net.nodes[0]?.services.dht.getClosestPeers(Uint8Array.of(1)) ?? [])), [])
  })

  test('takes whole numbers of nodes only', async () => {
    for (const size of [0, -1, 1.5, Number.NaN]) {
      await assert.rejects(testnet(size), RangeError)
    }
  })

  test('is given up when its signal is aborted, and nothing of it is left', async () => {
    const controller = new AbortController()
    const net = testnet(20, {
      signal: controller.signal,
      dht: {
        // the network is under way as soon as somebody's address is looked at
        peerInfoMapper: peer => {
          controller.abort(new Error('enough'))
          return peer
        }
      }
    })
    await assert.rejects(net, /enough/)
  })

  test('stops as often as it is told to', async () => {
    const net = await testnet(3)
    await net.stop()
    await net.stop()
    assert.ok(net.nodes.every(node => node.status === 'stopped'))
  })
})
