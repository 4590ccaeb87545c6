/** Address groups as answers claim them: a crowd is left out, and nobody can make a crowd of others. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limits } from '@vicinity/kademlia'
import { spread } from '../src/groups.ts'
import { ids, peerOf } from './support/contacts.ts'

describe('an answer', () => {
  const honest = Array.from({ length: 17 }, (_, group) => peerOf(`honest${group}`, [group]))

  it('loses the peers of a group that has too many in it, and no others', () => {
    const crowd = Array.from({ length: limits.groupPerReply + 1 }, (_, i) => peerOf(`crowd${i}`, [99]))
    assert.deepEqual(ids(spread([...crowd, ...honest])), ids(honest))
    assert.equal(spread(crowd.slice(1)).length, limits.groupPerReply)
  })

  it('loses those who claim to be everywhere, who count against nobody', () => {
    const everywhere = Array.from({ length: 32 }, (_, group) => group)
    const claimants = ['a', 'b', 'c'].map(name => peerOf(name, everywhere))
    assert.deepEqual(ids(spread([...claimants, ...honest])), ids(honest))
    const modest = peerOf('modest', everywhere.slice(0, limits.groupsPerPeer))
    assert.deepEqual(ids(spread([modest, ...honest])), ids([modest, ...honest]))
  })
})
