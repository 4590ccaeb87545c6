import type { Kademlia, Millis, PeerInfo } from '@vicinity/kademlia'
import { recallOf } from '../workload/lookups.ts'
import type { FinishedLookup } from '../workload/lookups.ts'
import { indexOf } from '../world/contacts.ts'
import type { Node } from '../world/node.ts'
import type { World } from '../world/world.ts'
import type { Checker } from './checker.ts'
import { sharedBits } from './distance.ts'
import { eclipsed } from './eclipsed.ts'
import { Findings } from './findings.ts'
import { groupInBucket, groupInTable } from './groups.ts'
import { dialPatience, leastPatience } from './patience.ts'

export interface HealingRules {
  /** Whether lookups have the time to wait for those who are gone. */
  readonly patient: boolean
  /** Whether those who connect hear of each other, so that who has been forgotten is known again. */
  readonly heard: boolean
  /** The share of servers that stand in tables and that no lookup ends with: nobody can dial them, or they answer too late. */
  readonly lingering: number
  /** Whether tables hold only so many of an address group, which may keep a server of one out of all of them. */
  readonly limited: boolean
}

/**
 * That a network heals: some time after the last fault everybody has joined, everybody who serves is known to somebody, nobody
 * who has long gone is in a table, and lookups find what there is (NUMBERS, section 3): those who are not kept out, who answer in
 * time, and whom liars have not cut off.
 */
export class HealingChecker extends Findings implements Checker {
  readonly name = 'healing'
  readonly #world: World
  readonly #k: number
  readonly #patient: boolean
  readonly #heard: boolean
  readonly #limited: boolean
  readonly #least: number
  // bounded by the nodes of the world: since when those that are down are
  readonly #down = new Map<number, Millis>()
  // bounded by the nodes of the world
  #eclipsed: ReadonlySet<Node> = new Set()
  #since: Millis = Infinity
  #lookups = 0
  #recall = 0

  constructor(world: World, k: number, { patient, heard, lingering, limited }: HealingRules) {
    super()
    this.#world = world
    this.#k = k
    this.#patient = patient
    this.#heard = heard
    this.#limited = limited
    // they take the places of others in answers
    this.#least = recallWhenHealed - lingering / 3
  }

  life(node: Node): void {
    if (node.up) {
      this.#down.delete(node.index)
    } else {
      this.#down.set(node.index, this.#world.now)
    }
  }

  healed(now: Millis): void {
    this.#since = now
    this.#eclipsed = eclipsed(this.#world, Math.min(this.#k, this.#world.census.size) / 2)
    const known = new Set<string>()
    for (const node of this.#world.nodes) {
      if (node.machine !== undefined && node.honest) {
        for (const { peer } of node.machine.table.entries()) {
          known.add(peer.contact.id)
        }

        this.#joined(node, node.machine, now)
        this.#dead(node, now)
      }
    }

    for (const node of this.#heard ? this.#world.census.all.filter(each => !this.#eclipsed.has(each)) : []) {
      const right = known.has(node.contact.id) || (this.#isLimited(node) && this.#shutOut(node))
      this.expect(right, now, node.index, () => 'it serves, and nobody knows it')
    }
  }

  lookup({ node, target, began, result, truth }: FinishedLookup): void {
    const judged = began >= this.#since && !this.#eclipsed.has(node)
    const wanted = judged ? truth.filter(server => this.#isWanted(node, server)) : []
    if (wanted.length > 0) {
      this.#lookups++
      this.#recall += recallOf(result.closest, wanted, target.key, this.#k)
    }
  }

  over(now: Millis): void {
    if (this.#lookups > 0 && this.#patient && this.#heard) {
      const mean = this.#recall / this.#lookups
      const right = mean >= this.#least
      this.expect(right, now, undefined, () => `the lookups after healing have a recall of ${mean.toFixed(4)} on average`)
    }
  }

  /** Whether a lookup should find a server: nobody waits for who answers late. */
  #isWanted(node: Node, server: Node): boolean {
    const { jitter, dialRoundTrips } = this.#world.options.network
    const roundTrip = this.#world.network.roundTrip(node, server)
    const inTime = roundTrip * (1 + jitter) < leastPatience && roundTrip * dialRoundTrips < dialPatience
    return inTime && !this.#isLimited(server) && !this.#eclipsed.has(server)
  }

  #isLimited({ init }: Node): boolean {
    return this.#limited && init.groups.length > 0
  }

  #joined(node: Node, { size }: Kademlia, now: Millis): void {
    const others = this.#world.census.size - (node.findable ? 1 : 0)
    const least = Math.min(this.#k, others) / 2
    this.expect(size >= least || this.#eclipsed.has(node), now, node.index, () => `its table holds ${size} of ${others} servers`)
  }

  /** Whether nobody may take a server in: every table has its share of the server's address groups, or no room. */
  #shutOut({ contact, info: { groups } }: Node): boolean {
    return this.#world.nodes.every(({ machine, honest, contact: own }) => {
      if (machine === undefined || !honest || own === contact) {
        return true
      }

      const entries = Array.from(machine.table.entries(), ({ peer }) => peer)
      const bucket = sharedBits(own.key, contact.key)
      const beside = entries.filter(peer => sharedBits(own.key, peer.contact.key) === bucket)
      const most = (peers: readonly PeerInfo[]): number =>
        Math.max(0, ...groups.map(group => peers.filter(peer => peer.groups.includes(group)).length))
      return most(entries) >= groupInTable || most(beside) >= groupInBucket || beside.length >= this.#k
    })
  }

  #dead(node: Node, now: Millis): void {
    const entries = Array.from(node.machine?.table.entries() ?? [], ({ peer }) => peer.contact)
    const dead = entries.filter(contact => {
      const index = indexOf(contact)
      const since = this.#world.node(index).up ? Infinity : (this.#down.get(index) ?? 0)
      return now - since > longDead
    })
    this.expect(
      dead.length === 0,
      now,
      node.index,
      () => `its table holds [${dead.map(({ id }) => id).join(' ')}], who are long gone`
    )
  }
}

/** Lookups find at least this share of what they should, on average. */
const recallWhenHealed = 0.99

/** 10 minutes until a silent entry is probed, and time for two probes of a whole table, eight entries at a time. */
const longDead: Millis = 20 * 60_000
