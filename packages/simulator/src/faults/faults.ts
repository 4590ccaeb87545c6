/** What goes wrong in a run, and when: every fault begins and is over by the time the faults end. */
import { second } from '@vicinity/kademlia'
import type { Millis, Rng } from '@vicinity/kademlia'
import type { SimulationOptions } from '../options.ts'
import type { Population } from '../population/population.ts'
import type { World } from '../world/world.ts'
import { badWeather, resets } from './links.ts'
import { clockJump, flips, moves, outage, sleep } from './nodes.ts'
import { merge, partition } from './separation.ts'

/** A fault: something that begins, and is over when it ends. */
export interface Fault {
  readonly name: string
  /** When it begins, if it is not when faults do. */
  readonly from?: Millis
  begin(): void
  end(): void
}

/** What faults act upon, and what the options say of them. */
export interface FaultInit {
  readonly world: World
  readonly population: Population
  readonly options: SimulationOptions
  readonly rng: Rng
}

/** Every kind of fault, in an order that does not change; each is there or not by the options alone. */
const kinds = { partition, outage, merge, clockJump, sleep, moves, flips, badWeather, resets }

/** The faults that the options ask for. What one draws is its own. */
export function faultsOf(world: World, population: Population, options: SimulationOptions, rng: Rng): Fault[] {
  return Object.entries(kinds).flatMap(([name, kind]) => kind({ world, population, options, rng: rng.split(name) }) ?? [])
}

/** Whether the options ask for any fault. */
export function hasFaults(options: SimulationOptions): boolean {
  const { partition: apart, outage: down, merge: other, clockJump: jump, suspended, moved, flips: flipped } = options
  const { faultLoss, slowdown, resets: reset } = options
  return apart + down + other + Math.abs(jump) + suspended + moved + flipped + faultLoss + (slowdown - 1) + reset > 0
}

/** Lets the faults begin and end at their times. */
export function scheduleFaults(world: World, faults: readonly Fault[], { faultStart, faultEnd }: SimulationOptions): void {
  for (const fault of faults) {
    world.at(fault.from ?? faultStart * second, () => {
      fault.begin()
    })
    world.at(faultEnd * second, () => {
      fault.end()
    })
  }
}
