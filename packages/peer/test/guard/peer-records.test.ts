/** The record of one peer in the peer store of a real node. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { PeerStore } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { compose } from '../../src/compose.ts'
import { guardLimits } from '../../src/guard/limits.ts'
import { generateIdentity } from '../../src/identity.ts'
import { withPreset } from '../../src/options.ts'

const { peerAddresses, peerProtocols } = guardLimits

async function storeOfNode(): Promise<PeerStore> {
  const hooks = { incoming() {}, discovered() {}, unsigned() {}, usefulness: () => 0 as const }
  const { peerStore } = await compose(withPreset('headless', { privateKey: await generateIdentity() }), hooks)
  return peerStore
}

const address = (port: number): Multiaddr => multiaddr(`/ip4/192.0.2.1/tcp/${port}`)
const addresses = (count: number, from = 1): Multiaddr[] => Array.from({ length: count }, (_, index) => address(from + index))
const protocols = (count: number, from = 1): string[] => Array.from({ length: count }, (_, index) => `/test/${from + index}`)

for (const method of ['merge', 'patch', 'save'] as const) {
  test(`a ${method} stores so many addresses and protocols`, async () => {
    const store = await storeOfNode()
    const id = peerIdFromPrivateKey(await generateIdentity())
    await store[method](id, { multiaddrs: addresses(1_000), protocols: protocols(1_000) })
    const peer = await store.get(id)
    assert.equal(peer.addresses.length, peerAddresses)
    assert.equal(peer.protocols.length, peerProtocols)

    const other = peerIdFromPrivateKey(await generateIdentity())
    await store[method](other, {
      addresses: addresses(peerAddresses).map(one => ({ multiaddr: one, isCertified: false })),
      protocols: protocols(peerProtocols)
    })
    const whole = await store.get(other)
    assert.equal(whole.addresses.length, peerAddresses)
    assert.equal(whole.protocols.length, peerProtocols)
  })
}

test('many merges store so many addresses and protocols, and always the last ones', async () => {
  const store = await storeOfNode()
  const id = peerIdFromPrivateKey(await generateIdentity())
  for (let number = 1; number <= 200; number++) {
    await store.merge(id, { multiaddrs: [address(number)], protocols: [`/test/${number}`] })
    const peer = await store.get(id)
    assert.equal(peer.addresses.length, Math.min(number, peerAddresses))
    assert.equal(peer.protocols.length, Math.min(number, peerProtocols))
    assert.ok(peer.addresses.some(({ multiaddr: one }) => one.equals(address(number))))
    assert.ok(peer.protocols.includes(`/test/${number}`))
  }
})

test('a signed record stores so many addresses', async () => {
  const store = await storeOfNode()
  const privateKey = await generateIdentity()
  const peerId = peerIdFromPrivateKey(privateKey)
  const record = new PeerRecord({ peerId, multiaddrs: addresses(200), seqNumber: 1n })
  const envelope = await RecordEnvelope.seal(record, privateKey)
  assert.equal(await store.consumePeerRecord(envelope.marshal()), true)
  assert.equal((await store.get(peerId)).addresses.length, peerAddresses)
})

test('what else is stored of a peer stays as it is', async () => {
  const store = await storeOfNode()
  const id = peerIdFromPrivateKey(await generateIdentity())
  await store.merge(id, {
    multiaddrs: addresses(2),
    metadata: { AgentVersion: Uint8Array.of(1) },
    tags: { friend: { value: 5 } }
  })
  await store.merge(id, { multiaddrs: addresses(200, 100), protocols: protocols(200) })
  const peer = await store.get(id)
  assert.deepEqual(peer.metadata.get('AgentVersion'), Uint8Array.of(1))
  assert.equal(peer.tags.get('friend')?.value, 5)
})
