/** What happens between nodes: messages are lost or take longer than usual, and connections are reset. */
import { second } from '@vicinity/kademlia'
import type { Fault, FaultInit } from './faults.ts'

/** For a while more messages are lost, and all take so many times as long. */
export function badWeather({ world, options }: FaultInit): Fault | undefined {
  const { faultLoss, slowdown } = options
  return faultLoss === 0 && slowdown === 1
    ? undefined
    : {
        name: 'bad weather',
        begin() {
          world.network.weather = { loss: faultLoss, stretch: slowdown }
        },
        end() {
          world.network.weather = { loss: 0, stretch: 1 }
        }
      }
}

/** Every few seconds some of all connections are reset, with whatever was under way on them. */
export function resets({ world, options, rng }: FaultInit): Fault | undefined {
  let over = false
  const strike = (): void => {
    if (over) {
      return
    }

    for (const node of world.nodes) {
      for (const peer of world.network.peersOf(node)) {
        // each connection once
        if (peer.index > node.index && rng.float() < options.resets) {
          world.network.reset(node, peer)
        }
      }
    }

    world.at(world.now + strikeInterval, strike)
  }
  return options.resets === 0
    ? undefined
    : {
        name: 'resets',
        begin: strike,
        end() {
          over = true
        }
      }
}

const strikeInterval = 5 * second
