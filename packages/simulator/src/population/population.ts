import { minute, second } from '@vicinity/kademlia'
import type { Key, Millis, Rng, SavedEntry } from '@vicinity/kademlia'
import type { Behaviour } from '../world/behaviour.ts'
import type { SimulationOptions } from '../options.ts'
import type { Node, NodeInit } from '../world/node.ts'
import type { World } from '../world/world.ts'
import { ConvergedTables } from './converged.ts'
import { Keys } from './keys.ts'
import { sessionsOf } from './sessions.ts'
import type { Sessions } from './sessions.ts'

/** Gives a server its behaviour, if it is not honest. Asked for every server, in order. */
export type Casting = () => Behaviour | undefined

/**
 * Who lives in a world: it makes the nodes, gives them tables or lets them join, and under churn lets them leave and
 * others come in their stead. A node that joins knows a few others, as from a list of bootstrap peers, and dials them
 * again whenever it has lost them.
 */
export class Population {
  readonly #world: World
  readonly #options: SimulationOptions
  readonly #rng: Rng
  readonly #keys: Keys
  readonly #realms: Rng
  readonly #sessions: Sessions
  readonly #casting: Casting
  /** Which group the next server is in. */
  #servers = 0
  #churning = true
  /** Whether two networks that began apart have met. */
  #met = false

  constructor(world: World, options: SimulationOptions, rng: Rng, casting: Casting) {
    this.#world = world
    this.#options = options
    this.#rng = rng.split('nodes')
    this.#keys = new Keys(rng.split('keys'), options.clustered, options.clusterBits)
    this.#realms = rng.split('realms')
    this.#sessions = sessionsOf(options.sessions, options.sessionMedian, rng.split('sessions'))
    this.#casting = casting
  }

  /** Makes everybody, and brings them up. Nodes that join by themselves come within a minute, the first few at once. */
  settle(): void {
    const { nodes, clients, tables } = this.#options
    const clientCount = Math.round(nodes * clients)
    const joins = tables === 'join'
    for (let i = 0; i < nodes; i++) {
      const node = this.#make(i < nodes - clientCount ? 'server' : 'client')
      if (joins && i > contactCount) {
        this.#world.at(this.#rng.below(settleTime), () => {
          this.#enter(node)
        })
      } else {
        this.#enter(node)
      }

      this.#scheduleLeaving(node, 'rest')
    }
  }

  /**
   * Gives everybody the table of a network that has run for long.
   *
   * @param others - nodes that the tables hold besides those who live.
   */
  converge(others: readonly Node[] = []): void {
    const known = [...this.#world.census.all, ...others].sort(byKey)
    const rng = this.#rng.split('tables')
    const tables = [0, 1].map(
      realm =>
        new ConvergedTables(
          known.filter(node => node.realm === realm),
          this.#options.k,
          rng
        )
    )
    for (const node of this.#world.nodes) {
      const its = tables[node.realm]
      if (node.up && its !== undefined) {
        node.handle({ type: 'restore', entries: its.of(node, 10 * minute) })
      }
    }
  }

  /** A server comes that is not of the population: with this key, this behaviour and these groups. */
  admit(key: Key, behaviour: Behaviour, groups: readonly number[]): Node {
    const node = this.#world.add(key, { mode: 'server', reachable: true, advertised: true, groups, behaviour })
    this.#enter(node)
    return node
  }

  /**
   * Two networks meet: this share of the servers of the one, and one at least, are told of a few of the other, and dial them
   * from now on.
   */
  meet(share: number, rng: Rng): void {
    this.#met = true
    const [ours = [], theirs = []] = [0, 1].map(realm => this.#world.census.all.filter(node => node.realm === realm))
    const bridges = theirs.filter(() => rng.float() < share)
    for (const bridge of bridges.length > 0 ? bridges : theirs.slice(0, 1)) {
      this.#dial(bridge, someOf(ours, bridge, rng))
    }
  }

  /** A node that was down comes up again, with the table that it had saved. */
  comeBack(node: Node, entries: readonly SavedEntry[]): void {
    this.#world.start(node)
    node.handle({ type: 'restore', entries })
    this.#meetOthers(node)
  }

  /** A node leaves, and somebody new comes in its stead, so that the network keeps its size. */
  exchange(gone: Node): void {
    if (this.#rng.float() < this.#options.crash) {
      this.#world.crash(gone)
    } else {
      this.#world.stop(gone)
    }

    const node = this.#make(gone.init.mode)
    this.#enter(node)
    this.#scheduleLeaving(node, 'next')
  }

  /** From now on nobody leaves or comes. */
  stopChurn(): void {
    this.#churning = false
  }

  #make(mode: 'server' | 'client'): Node {
    const behaviour = mode === 'server' ? this.#casting() : undefined
    const reachable = mode === 'server' && this.#rng.float() >= this.#options.undialable
    const init: NodeInit = {
      mode,
      reachable,
      advertised: mode === 'server',
      groups: this.#groups(mode),
      realm: this.#realm(),
      behaviour
    }
    return this.#world.add(this.#keys.next(), init)
  }

  #realm(): number | undefined {
    const { merge } = this.#options
    return merge === 0 ? undefined : this.#realms.float() < merge ? 1 : 0
  }

  #groups(mode: 'server' | 'client'): readonly number[] {
    const { groupSize } = this.#options
    return mode === 'client' || groupSize === 0 ? [] : [Math.floor(this.#servers++ / groupSize)]
  }

  /** A node that knows a few others comes up, and joins through them if it has no table. */
  #enter(node: Node): void {
    this.#world.start(node)
    this.#meetOthers(node)
  }

  /** Dials a few others, and goes on to while it lives. */
  #meetOthers(node: Node): void {
    const { redial, tables } = this.#options
    const contacts = this.#someServers(node)
    // those that have tables dial their list for the first time when they would dial it again
    if (tables === 'join' || this.#world.now > 0) {
      this.#dial(node, contacts)
    } else if (redial > 0) {
      this.#dialAt(this.#rng.below(redial * second), node, contacts)
    }
  }

  #dial(node: Node, listed: readonly Node[]): void {
    // of whom none is left, as the first of a network were told of nobody: they ask again who there is
    const contacts = listed.some(({ up, asleep }) => up || asleep) ? listed : this.#someServers(node)
    for (const contact of node.up ? contacts : []) {
      this.#world.network.introduce(node, contact)
    }

    const { redial } = this.#options
    if (redial > 0) {
      this.#dialAt(this.#world.now + redial * second, node, contacts)
    }
  }

  /** Whoever sleeps at that time dials when it is awake. */
  #dialAt(time: Millis, node: Node, contacts: readonly Node[]): void {
    const { epoch } = node
    this.#world.at(time, () => {
      if (node.epoch === epoch && (node.up || node.asleep)) {
        this.#dial(node, contacts)
      }
    })
  }

  #someServers(node: Node): Node[] {
    const { all } = this.#world.census
    const apart = this.#options.merge > 0 && !this.#met
    return someOf(apart ? all.filter(({ realm }) => realm === node.realm) : all, node, this.#rng)
  }

  #scheduleLeaving(node: Node, length: 'rest' | 'next'): void {
    const { sessionMedian, stable } = this.#options
    if (sessionMedian === 0 || this.#rng.float() < stable) {
      return
    }

    this.#world.at(this.#world.now + this.#sessions[length](), () => {
      if (this.#churning && node.up) {
        this.exchange(node)
      }
    })
  }
}

/** A few servers, none twice, without one of them. */
function someOf(all: readonly Node[], except: Node, rng: Rng): Node[] {
  const drawn = new Set<Node>()
  for (let tries = 0; tries < 4 * contactCount && drawn.size < Math.min(contactCount, all.length); tries++) {
    const node = all[rng.below(Math.max(1, all.length))]
    if (node !== undefined && node !== except) {
      drawn.add(node)
    }
  }

  return [...drawn]
}

/** How many others a node knows that joins. */
const contactCount = 3

/** Within how long the nodes of a network come that begins with none. */
const settleTime: Millis = minute

function byKey(a: Node, b: Node): number {
  for (let word = 0; word < a.contact.key.length; word++) {
    const difference = (a.contact.key[word] as number) - (b.contact.key[word] as number)
    if (difference !== 0) {
      return difference
    }
  }

  return 0
}
