/** Whom a node is connected to, and what it knows of them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { noAddresses, Table } from '@vicinity/kademlia'
import type { PeerInfo } from '@vicinity/kademlia'
import { ConnectedPeers } from '../src/peers.ts'
import { contactOf, entryOf, ids, peerOf, peersIn } from './support/contacts.ts'

const peer = peerOf('peer')
const { id } = peer.contact
const moved: PeerInfo = { ...peer, addresses: { count: 2 } }
const silent: PeerInfo = { ...peer, addresses: noAddresses }

describe('connected peers', () => {
  it('are known by their newest addresses, and keep them where there is no news', () => {
    const peers = new ConnectedPeers()
    peers.set(peer)
    peers.set(moved)
    assert.equal(peers.get(id), moved)
    peers.set(silent)
    assert.equal(peers.get(id), moved)
    peers.update(peer)
    assert.equal(peers.get(id), peer)
    peers.delete(peer.contact)
    peers.update(peer)
    assert.equal(peers.get(id), undefined, 'news of one who is not connected')
    assert.equal(peers.size, 0)
  })

  it('serve only once they say so, until they say otherwise', () => {
    const peers = new ConnectedPeers()
    assert.equal(peers.server(id), undefined)
    peers.set(peer)
    assert.equal(peers.server(id), undefined)
    peers.set(peer, true)
    peers.set(moved)
    assert.equal(peers.server(id), moved, 'a new address does not end it')
    peers.set(peer, false)
    assert.equal(peers.server(id), undefined)
  })

  it('are asked at the addresses that they tell of themselves, if they tell any', () => {
    const peers = new ConnectedPeers()
    assert.equal(peers.best(peer), peer)
    peers.set(silent)
    assert.equal(peers.best(peer), peer)
    peers.set(moved)
    assert.equal(peers.best(peer), moved)
  })

  it('are offered to a table that has room for them, if they serve and are not in it', () => {
    const self = contactOf('self')
    const table = new Table(self, 2)
    const [known, full, client, far] = [...peersIn(self, 0, 3), ...peersIn(self, 1, 1)] as [
      PeerInfo,
      PeerInfo,
      PeerInfo,
      PeerInfo
    ]
    const peers = new ConnectedPeers()
    peers.set(known, true)
    peers.set(full, true)
    peers.set(client)
    peers.set(far, true)
    const offered = (): string[] => ids(peers.servers(table))
    assert.deepEqual(offered(), ids([known, full, far]))
    table.add(entryOf(known))
    assert.deepEqual(offered(), ids([full, far]))
    table.add(entryOf(client))
    assert.deepEqual(offered(), ids([far]), 'the bucket is full')
  })
})
