/** What happens to nodes: they go down, fall asleep, move, cease to serve for a while, or are told a wrong time. */
import { hour } from '@vicinity/kademlia'
import type { SavedEntry } from '@vicinity/kademlia'
import type { Node } from '../world/node.ts'
import { wallAtZero } from '../world/node.ts'
import type { Fault, FaultInit } from './faults.ts'

/** Some servers are down for a while, all at once, and come back with the tables that they had saved. */
export function outage({ world, population, options, rng }: FaultInit): Fault | undefined {
  // bounded by the nodes of the world
  const saved = new Map<Node, SavedEntry[]>()
  return options.outage === 0
    ? undefined
    : {
        name: 'outage',
        begin() {
          for (const node of world.nodes) {
            if (node.machine?.mode === 'server' && rng.float() < options.outage) {
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

/** Some nodes sleep, as laptops do: no message reaches them and no timer rings, until all late ones ring at once. */
export function sleep({ world, options, rng }: FaultInit): Fault | undefined {
  // bounded by the nodes of the world
  const asleep = new Set<Node>()
  return options.suspended === 0
    ? undefined
    : {
        name: 'sleep',
        begin() {
          for (const node of world.nodes) {
            if (node.up && rng.float() < options.suspended) {
              asleep.add(node)
              world.suspend(node)
            }
          }
        },
        end() {
          for (const node of asleep) {
            world.resume(node)
          }
          asleep.clear()
        }
      }
}

/** Some servers have other addresses all at once, as after a change of network; what others know of them is outdated. */
export function moves({ world, options, rng }: FaultInit): Fault | undefined {
  return options.moved === 0
    ? undefined
    : {
        name: 'moves',
        begin() {
          for (const node of world.nodes) {
            if (node.serves && rng.float() < options.moved) {
              world.readdress(node)
            }
          }
        },
        end() {}
      }
}

/** Some servers find that they cannot be reached: they are clients for a while, and serve again. */
export function flips({ world, options, rng }: FaultInit): Fault | undefined {
  // bounded by the nodes of the world
  const flipped = new Map<Node, number>()
  return options.flips === 0
    ? undefined
    : {
        name: 'mode flips',
        begin() {
          for (const node of world.nodes) {
            if (node.serves && rng.float() < options.flips) {
              flipped.set(node, node.epoch)
              world.setMode(node, 'client')
            }
          }
        },
        end() {
          for (const [node, epoch] of flipped) {
            if (node.up && node.epoch === epoch) {
              world.setMode(node, 'server')
            }
          }
          flipped.clear()
        }
      }
}

/** Everybody's wall clock is wrong for a while, by so many hours: it is set, and set right again. */
export function clockJump({ world, options }: FaultInit): Fault | undefined {
  const tell = (wall: number): void => {
    for (const node of world.nodes) {
      node.handle({ type: 'clock', wallAtZero: wall })
    }
  }
  return options.clockJump === 0
    ? undefined
    : {
        name: 'clock jump',
        begin() {
          tell(wallAtZero + options.clockJump * hour)
        },
        end() {
          tell(wallAtZero)
        }
      }
}
