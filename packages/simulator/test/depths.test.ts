/** How deep a lookup walked: worked out from who named whom first. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Rng } from '@vicinity/kademlia'
import type { PeerInfo } from '@vicinity/kademlia'
import { Depths, Marks } from '../src/workload/depths.ts'
import { randomKey } from '../src/world/contacts.ts'
import type { Node } from '../src/world/node.ts'
import { SmallWorld } from './support/small-world.ts'

const small = new SmallWorld()
const nodes = small.servers(6) as [Node, Node, Node, Node, Node, Node]
const [self, a, b, c, d, e] = nodes.map(({ info }) => info) as [PeerInfo, PeerInfo, PeerInfo, PeerInfo, PeerInfo, PeerInfo]
const stranger = small.world.stranger(randomKey(new Rng('stranger')))
const path = { queued: 0, running: 0, total: 0 }

function depthOf(
  marks: Marks,
  answers: ReadonlyArray<readonly [PeerInfo, readonly PeerInfo[]]>,
  found: readonly PeerInfo[]
): number {
  const depths = new Depths(nodes[0], [a, b], marks)
  for (const [peer, closer] of answers) {
    depths.progress({ type: 'asked', peer, path })
    depths.progress({ type: 'answered', peer, closer, path })
  }

  return depths.of(found)
}

describe('the depth of a lookup', () => {
  it('is that of the deepest it ended with, by who named each first', () => {
    const marks = new Marks()
    const answers = [
      [a, [b, c]],
      [c, [d]],
      [d, [e]],
      [b, [e]]
    ] as const
    assert.deepEqual(
      [[a], [a, c], [d, a], [e]].map(found => depthOf(marks, answers, found)),
      [1, 2, 3, 4]
    )
  })

  it('is its own, whatever the lookup before has marked', () => {
    const marks = new Marks()
    assert.equal(
      depthOf(
        marks,
        [
          [a, [c]],
          [c, [d]]
        ],
        [d]
      ),
      3
    )
    assert.equal(depthOf(marks, [[b, [d]]], [d]), 2)
    assert.equal(depthOf(marks, [], [d]), 1, 'it has come into the table since')
    assert.equal(depthOf(marks, [], []), 0)
  })

  it('takes no notice of the asker, and of those who are not there', () => {
    const marks = new Marks()
    assert.equal(
      depthOf(
        marks,
        [
          [a, [self, stranger]],
          [stranger, [c]]
        ],
        [c]
      ),
      2
    )
    assert.equal(depthOf(marks, [[a, [self]]], [self]), 1)
  })
})
