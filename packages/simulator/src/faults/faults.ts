import { second } from '@vicinity/kademlia'
import type { Rng, SavedEntry } from '@vicinity/kademlia'
import type { SimulationOptions } from '../options.ts'
import type { Population } from '../population/population.ts'
import type { Node } from '../world/node.ts'
import type { World } from '../world/world.ts'

/** A fault: something that begins, and is over when it ends. */
export interface Fault {
  readonly name: string
  begin(): void
  end(): void
}

/** The faults that the options ask for. */
export function faultsOf(world: World, population: Population, options: SimulationOptions, rng: Rng): Fault[] {
  return [
    ...(options.partition > 0 ? [partition(world, options, rng.split('partition'))] : []),
    ...(options.outage > 0 ? [outage(world, population, options.outage, rng.split('outage'))] : [])
  ]
}

/** Lets the faults begin and end at their times. */
export function scheduleFaults(world: World, faults: readonly Fault[], { faultStart, faultEnd }: SimulationOptions): void {
  for (const fault of faults) {
    world.at(faultStart * second, () => {
      fault.begin()
    })
    world.at(faultEnd * second, () => {
      fault.end()
    })
  }
}

/** Some nodes are cut off from the others; or, asymmetrically, the others no longer hear what they say. */
function partition(world: World, { partition: size, asymmetric }: SimulationOptions, rng: Rng): Fault {
  // bounded by the nodes of the world
  const apart = new Set<number>()
  const cut = (from: Node, to: Node): boolean =>
    asymmetric ? apart.has(from.index) && !apart.has(to.index) : apart.has(from.index) !== apart.has(to.index)
  return {
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

/** Some servers are down for a while, all at once, and come back with the tables that they had saved. */
function outage(world: World, population: Population, size: number, rng: Rng): Fault {
  // bounded by the nodes of the world
  const saved = new Map<Node, SavedEntry[]>()
  return {
    name: 'outage',
    begin() {
      for (const node of world.nodes) {
        if (node.machine?.mode === 'server' && rng.float() < size) {
          saved.set(node, node.machine.entries())
          world.crash(node)
        }
      }
    },
    end() {
      for (const [node, entries] of saved) {
        population.comeBack(node, entries)
      }
      saved.clear()
    }
  }
}
