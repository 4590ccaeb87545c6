import { indexOf } from '../world/contacts.ts'
import type { Node } from '../world/node.ts'
import type { World } from '../world/world.ts'

/**
 * The honest nodes that those who mislead have cut off: they know some of these, and with all whom they and the honest among
 * these know they get to fewer than `least` honest servers. Who was told of nobody else when it came, or has lost all others, is
 * told of nobody else by them: no table can help it. Those who are silent or late hide nobody: they leave tables in time.
 */
export function eclipsed(world: World, least: number): ReadonlySet<Node> {
  return new Set(world.nodes.filter(node => node.honest && node.up && isEclipsed(world, node, least)))
}

function isEclipsed(world: World, node: Node, least: number): boolean {
  const reached = new Set([node])
  let misled = false
  for (const one of reached) {
    for (const { peer } of one.machine?.table.entries() ?? []) {
      const other = world.node(indexOf(peer.contact))
      misled ||= other.init.behaviour?.misleads === true
      if (other.honest && other.serves) {
        reached.add(other)
      }
    }

    // without itself
    if (reached.size - 1 >= least) {
      return false
    }
  }

  return misled
}
