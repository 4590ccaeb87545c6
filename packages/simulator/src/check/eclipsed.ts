import { indexOf } from '../world/contacts.ts'
import type { Node } from '../world/node.ts'
import type { World } from '../world/world.ts'

/**
 * The honest nodes that those who are not have cut off: they know some who are not honest, and with all whom they and the honest
 * among these know they get to fewer than `least` honest servers. Who was told of nobody else when it came, or has lost all
 * others, is told of nobody else by them: no table can help it.
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
      misled ||= !other.honest
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
