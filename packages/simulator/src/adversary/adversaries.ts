import type { Rng } from '@vicinity/kademlia'
import type { SimulationOptions } from '../options.ts'
import type { Casting, Population } from '../population/population.ts'
import type { Behaviour } from '../world/behaviour.ts'
import { randomKey } from '../world/contacts.ts'
import type { Node } from '../world/node.ts'
import type { Aim } from '../workload/lookups.ts'
import type { World } from '../world/world.ts'
import { selfish, silent, slow } from './behaviours.ts'
import { Colluders } from './colluders.ts'
import { Flooder } from './flooder.ts'
import { SybilAttack } from './sybils.ts'

/**
 * Everybody who is not honest, as the options ask for it: which of the servers behave how, who comes besides, and who stands in
 * the tables without being there.
 */
export class Adversaries {
  readonly #world: World
  readonly #options: SimulationOptions
  readonly #rng: Rng
  readonly #roles: ReadonlyArray<{ readonly share: number; readonly behaviour: Behaviour }>
  /** The attack on one key, if there is one. */
  readonly sybils: SybilAttack | undefined

  constructor(world: World, options: SimulationOptions, rng: Rng) {
    this.#world = world
    this.#options = options
    this.#rng = rng
    this.#roles = rolesOf(world, options, rng)
    const { sybils: count, sybilsAround: around, sybilGroups: groups, k: named } = options
    this.sybils = count > 0 ? new SybilAttack({ count, around, groups, named }, rng.split('sybils')) : undefined
  }

  /** Gives each server its behaviour, in the order in which they are made. */
  get casting(): Casting {
    const rng = this.#rng.split('casting')
    return () => {
      let drawn = rng.float()
      return this.#roles.find(({ share }) => {
        drawn -= share
        return drawn < 0
      })?.behaviour
    }
  }

  /** Those come who are not of the population; before anybody has a table. */
  arrive(population: Population): void {
    this.sybils?.arrive(this.#world, population)
  }

  /** Who stands in converged tables though no lookup finds them: servers that give no good answer, and a network long gone. */
  unfindable(): Node[] {
    const keys = this.#rng.split('foreign')
    const servers = this.#options.nodes - Math.round(this.#options.nodes * this.#options.clients)
    const foreign = Array.from({ length: Math.round(servers * this.#options.foreign) }, () =>
      this.#world.add(randomKey(keys), { mode: 'server', reachable: true, advertised: true, groups: [] })
    )
    return [...this.#world.nodes.filter(({ up, init }) => up && init.behaviour?.findable === false), ...foreign]
  }

  /** Which lookups are not for any key. */
  get aim(): Aim | undefined {
    const { sybils } = this
    return sybils && { share: this.#options.sybilLookups, next: () => sybils.aimed() }
  }
}

function rolesOf(world: World, options: SimulationOptions, rng: Rng): Array<{ share: number; behaviour: Behaviour }> {
  const { silent: silentShare, slow: slowShare, slowDelay, flooders, selfish: selfishShare, liars, k } = options
  return [
    ...role(silentShare, () => silent),
    ...role(slowShare, () => slow(slowDelay)),
    ...role(flooders, () => new Flooder(world, rng.split('flooders'))),
    ...role(selfishShare, () => selfish(world)),
    ...role(liars, () => new Colluders(k))
  ]
}

/** A behaviour is made only where somebody has it: some weigh something. */
function role(share: number, behaviour: () => Behaviour): Array<{ share: number; behaviour: Behaviour }> {
  return share > 0 ? [{ share, behaviour: behaviour() }] : []
}
