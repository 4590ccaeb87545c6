/** The peer store of a real node: how many peers it keeps, and which. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { Libp2pEvents, PeerId, PeerUpdate, TypedEventTarget } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { compose } from '../../src/compose.ts'
import { guardLimits } from '../../src/guard/limits.ts'
import { StoredPeers } from '../../src/guard/stored-peers.ts'
import { generateIdentity } from '../../src/identity.ts'
import { withPreset } from '../../src/options.ts'
import { settle } from '../support.ts'

const addresses = { multiaddrs: [multiaddr('/ip4/192.0.2.1/tcp/1')] }
const newPeer = async (): Promise<PeerId> => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))

test('a flood of identities leaves in the peer store of a running node no more than the limit, and the useful ones', async t => {
  const contact = await newPeer()
  const node = await compose(withPreset('headless', { privateKey: await generateIdentity() }), {
    incoming() {},
    discovered() {},
    unsigned() {},
    usefulness: peer => (peer === contact.toString() ? 3 : 0)
  })
  await node.start()
  t.after(() => node.stop())

  await node.peerStore.merge(contact, addresses)
  const strangers = await Promise.all(Array.from({ length: guardLimits.storedPeers + 20 }, newPeer))
  for (const stranger of strangers) {
    await node.peerStore.merge(stranger, addresses)
  }
  await settle()
  const stored = new Set((await node.peerStore.all()).map(({ id }) => id.toString()))
  assert.equal(stored.size, guardLimits.storedPeers)
  assert.ok(stored.has(contact.toString()))
  // The store keeps the peers that were updated last.
  assert.ok(strangers.slice(21).every(id => stored.has(id.toString())))
})

const peers = await Promise.all(Array.from({ length: 12 }, newPeer))

test('no sequence of updates and connections leaves more than the limit, or takes a connected or useful peer', async () => {
  const events = fc.array(
    fc.record({
      type: fc.constantFrom('update' as const, 'update' as const, 'connect' as const, 'disconnect' as const),
      at: fc.nat(11)
    }),
    { maxLength: 100, size: 'max' }
  )
  await fc.assert(
    fc.asyncProperty(events, async sequence => {
      const max = 2
      const stored = new Set<string>()
      const connected = new Set<string>()
      const useful = new Set(peers.slice(0, 1).map(String))
      const target = new EventTarget() as unknown as TypedEventTarget<Libp2pEvents>
      const deleted: string[] = []
      const subject = new StoredPeers(
        {
          delete: async id => {
            deleted.push(id.toString())
            stored.delete(id.toString())
          }
        },
        target,
        peer => (useful.has(peer) ? 2 : 1),
        max
      )
      subject.start()
      for (const { type, at } of sequence) {
        const id = peers[at] as PeerId
        const name = id.toString()
        deleted.length = 0
        if (type === 'update') {
          stored.add(name)
          target.dispatchEvent(new CustomEvent('peer:update', { detail: { peer: { id } } as PeerUpdate }))
        } else if (type === 'connect') {
          connected.add(name)
          target.dispatchEvent(new CustomEvent('peer:connect', { detail: id }))
        } else {
          connected.delete(name)
          target.dispatchEvent(new CustomEvent('peer:disconnect', { detail: id }))
        }
        const spared = [...stored].filter(peer => connected.has(peer) || useful.has(peer))
        assert.ok(stored.size <= Math.max(max, spared.length), `${stored.size} peers`)
        assert.ok(deleted.every(peer => !connected.has(peer) && !useful.has(peer)))
      }
    }),
    { numRuns: 300 }
  )
})

test('a store that cannot delete harms nobody, and after the stop nothing is deleted', async () => {
  const target = new EventTarget() as unknown as TypedEventTarget<Libp2pEvents>
  let deletes = 0
  const subject = new StoredPeers(
    {
      delete: async () => {
        deletes++
        throw new Error('the store is closed')
      }
    },
    target,
    () => 0,
    1
  )
  const update = (id: PeerId | undefined): boolean =>
    target.dispatchEvent(new CustomEvent('peer:update', { detail: { peer: { id } } as PeerUpdate }))
  subject.start()
  update(peers[0])
  update(peers[1])
  await settle()
  assert.equal(deletes, 1)
  subject.stop()
  update(peers[2])
  assert.equal(deletes, 1)
})
