/** How long addresses are kept, and that expired ones are cleaned while the peer runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { compose } from '../src/compose.ts'
import { generateIdentity } from '../src/identity.ts'
import { withPreset } from '../src/options.ts'
import { ourPeer } from './network.ts'
import { settle } from './support.ts'

const hourMs = 3_600_000

test('an address is forgotten an hour after it was heard, and its peer with it', async t => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const hooks = { incoming() {}, discovered() {}, unsigned() {}, usefulness: () => 0 as const }
  const { peerStore } = await compose(withPreset('headless', { privateKey: await generateIdentity() }), hooks)
  const peer = peerIdFromPrivateKey(await generateIdentity())
  await peerStore.merge(peer, { multiaddrs: [multiaddr('/ip4/127.0.0.1/tcp/4001')] })

  t.mock.timers.tick(hourMs - 1)
  assert.deepEqual(
    (await peerStore.all()).map(({ id }) => id.toString()),
    [peer.toString()]
  )
  t.mock.timers.tick(2)
  assert.deepEqual(await peerStore.all(), [])
  assert.equal(await peerStore.has(peer), false)
})

test('the whole store is read every minute, which is what drops its expired rows', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const ours = await ourPeer(t)
  const all = t.mock.method(ours.libp2p.peerStore, 'all')
  await ours.start()
  all.mock.resetCalls()
  for (const reads of [1, 2, 3]) {
    t.mock.timers.tick(59_999)
    await settle()
    assert.equal(all.mock.callCount(), reads - 1)
    t.mock.timers.tick(1)
    await settle()
    assert.equal(all.mock.callCount(), reads)
  }
})
