/** Whom those who mislead have cut off: made by hand, with tables that say who knows whom. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silent } from '../../src/adversary/behaviours.ts'
import { Colluders } from '../../src/adversary/colluders.ts'
import { eclipsed } from '../../src/check/eclipsed.ts'
import type { Node } from '../../src/world/node.ts'
import { SmallWorld } from '../support/small-world.ts'

const small = new SmallWorld()
const liar = small.server({ behaviour: new Colluders(20) })
const mute = small.server({ behaviour: silent })
const [one, other, lost, islander, ...many] = small.servers(9) as [Node, Node, Node, Node, ...Node[]]
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
  [islander, [mute]],
  [many[0] as Node, [liar, ...many.slice(1)]],
  ...many.slice(1).map((node, i) => [node, [liar, many[i] as Node]] as const)
])

describe('those who are cut off', () => {
  it('know liars and each other, and nobody else; clients too who know only them', () => {
    assert.deepEqual(eclipsed(small.world, 3), new Set([one, other, client]))
  })

  it('are not who know nobody at all, nor only the silent, nor who get to enough', () => {
    assert(!eclipsed(small.world, 3).has(lost), 'no liar has cut it off')
    assert(!eclipsed(small.world, 3).has(islander), 'who is silent hides nobody')
    assert.deepEqual(eclipsed(small.world, 1), new Set([other]), 'one is enough for the others')
  })
})
