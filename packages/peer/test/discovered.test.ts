import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PeerInfo } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { DiscoveredDials } from '../src/discovered.ts'
import { generateIdentity } from '../src/identity.ts'
import { settle } from './support.ts'

const stranger = async (): Promise<PeerInfo> => ({ id: peerIdFromPrivateKey(await generateIdentity()), multiaddrs: [] })

test('a peer that is found is dialled, but not while it is being dialled, and again after a failure', async () => {
  const dials: Array<{ peer: PeerInfo; fail: (error: Error) => void }> = []
  const discovered = new DiscoveredDials(async peer => {
    const { promise, reject } = Promise.withResolvers<never>()
    dials.push({ peer, fail: reject })
    return promise
  })

  const peer = await stranger()
  const first = discovered.found(peer)
  await discovered.found(peer)
  assert.equal(dials.length, 1)

  dials[0]?.fail(new Error('nobody there'))
  await first
  void discovered.found(peer)
  assert.equal(dials.length, 2)
})

test('a crowd is dialled a few at a time', async () => {
  let dials = 0
  const discovered = new DiscoveredDials(async () => {
    dials++
    return new Promise(() => {})
  })
  for (let count = 0; count < 40; count++) {
    void discovered.found(await stranger())
  }
  await settle()
  assert.equal(dials, 16)
})
