/** Whom those who are not honest have cut off: made by hand, with tables that say who knows whom. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { selfish } from '../../src/adversary/behaviours.ts'
import { eclipsed } from '../../src/check/eclipsed.ts'
import type { Node } from '../../src/world/node.ts'
import { SmallWorld } from '../support/small-world.ts'

const small = new SmallWorld()
const liar = small.server({ behaviour: selfish(small.world) })
const [one, other, lost, ...many] = small.servers(8) as [Node, Node, Node, ...Node[]]
const client = small.server({ mode: 'client', reachable: false })

/** Restores the table of each. */
function know(tables: ReadonlyArray<readonly [Node, readonly Node[]]>): void {
  for (const [node, known] of tables) {
    node.machine?.handle(0, { type: 'clock', wallAtZero: 0 })
    node.machine?.handle(0, { type: 'restore', entries: known.map(({ info }) => ({ peer: info, heard: 0, roundTrip: 1 })) })
  }
}

know([
  [one, [liar, other]],
  [other, [liar]],
  [client, [one]],
  [lost, []],
  [many[0] as Node, [liar, ...many.slice(1)]],
  ...many.slice(1).map((node, i) => [node, [liar, many[i] as Node]] as const)
])

describe('those who are cut off', () => {
  it('know liars and each other, and nobody else; clients too who know only them', () => {
    assert.deepEqual(eclipsed(small.world, 3), new Set([one, other, client]))
  })

  it('are not who know nobody at all, nor who get to enough', () => {
    assert(!eclipsed(small.world, 3).has(lost), 'no liar has cut it off')
    assert.deepEqual(eclipsed(small.world, 1), new Set([other]), 'one is enough for the others')
  })
})
