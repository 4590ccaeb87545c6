/** Faults that keep nodes apart: a network cut in two, and two networks that have yet to meet. */
import type { Node } from '../world/node.ts'
import type { Fault, FaultInit } from './faults.ts'

/** Some nodes are cut off from the others; or, asymmetrically, the others no longer hear what they say. */
export function partition({ world, options, rng }: FaultInit): Fault | undefined {
  const { partition: size, asymmetric } = options
  // bounded by the nodes of the world
  const apart = new Set<number>()
  const cut = (from: Node, to: Node): boolean =>
    asymmetric ? apart.has(from.index) && !apart.has(to.index) : apart.has(from.index) !== apart.has(to.index)
  return size === 0
    ? undefined
    : {
        name: asymmetric ? 'asymmetric partition' : 'partition',
        begin() {
          for (const { index } of world.nodes) {
            if (rng.float() < size) {
              apart.add(index)
            }
          }

          world.network.cut(cut)
        },
        end() {
          world.network.heal(cut)
        }
      }
}

/** Two networks, neither of which knows anybody of the other, until a few of the one are told of some of the other. */
export function merge({ world, population, options, rng }: FaultInit): Fault | undefined {
  const cut = (one: Node, other: Node): boolean => one.realm !== other.realm
  return options.merge === 0
    ? undefined
    : {
        name: 'merge',
        from: 0,
        begin() {
          world.network.cut(cut)
        },
        end() {
          world.network.heal(cut)
          population.meet(options.bridges, rng)
        }
      }
}
