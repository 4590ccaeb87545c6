import { Rng } from '@vicinity/kademlia'
import type { Key, Millis, PeerInfo } from '@vicinity/kademlia'
import type { SybilAttack } from '../adversary/sybils.ts'
import type { SimulationOptions } from '../options.ts'
import { Distribution, formatShare } from '../report/index.ts'
import type { Cell, ReportTable } from '../report/index.ts'
import type { FinishedLookup } from '../workload/lookups.ts'
import { indexOf } from '../world/contacts.ts'
import type { Node } from '../world/node.ts'
import { compareNearness } from '../world/truth.ts'
import type { World } from '../world/world.ts'
import type { Story } from './story.ts'

/** Lookups of one kind, and what the Sybils made of them. */
class Besieged {
  readonly what: string
  count = 0
  alarms = 0
  /** Those that found none of the honest. */
  blind = 0
  readonly honest = new Distribution(new Rng('honest'))
  readonly sybils = new Distribution(new Rng('sybils'))
  readonly requests = new Distribution(new Rng('requests'))
  readonly latency = new Distribution(new Rng('latency'))

  constructor(what: string) {
    this.what = what
  }

  get row(): Cell[] {
    const [honest, sybils, requests, latency] = [this.honest, this.sybils, this.requests, this.latency].map(each =>
      each.summary()
    )
    return [
      this.what,
      this.count,
      honest?.mean ?? null,
      this.count === 0 ? null : this.blind / this.count,
      sybils?.mean ?? null,
      this.count === 0 ? null : this.alarms / this.count,
      requests?.mean ?? null,
      latency?.p50 ?? null
    ]
  }
}

/**
 * An attack on one key as those see it who look it up: what share of the honest servers nearest to it they find, how many of
 * the peers that they end with are Sybils, and how often the alarm rises, as against lookups of other keys.
 */
export class Siege implements Story {
  readonly #world: World
  readonly #attack: SybilAttack
  readonly #k: number
  readonly #attacked: Besieged
  readonly #byVictim = new Besieged('by the node attacked, of any key')
  /** What stood in the table of the node attacked when somebody last looked. */
  #table: string | undefined
  readonly #others = new Besieged('of other keys')

  constructor(world: World, attack: SybilAttack, { k, sybilsAround }: SimulationOptions) {
    this.#world = world
    this.#attack = attack
    this.#k = k
    this.#attacked = new Besieged(sybilsAround === 'node' ? 'of the node attacked, by others' : 'of the key attacked')
  }

  lookup({ node, target, began, ended, result }: FinishedLookup): void {
    const { target: attacked, victim } = this.#attack
    const kind = node === victim ? this.#byVictim : target.key === attacked?.key ? this.#attacked : this.#others
    const found = new Set([...result.closest, ...(result.alarm?.region ?? [])].map(({ contact }) => indexOf(contact)))
    const { census, network } = this.#world
    const truth = census.closestOf(target.key, this.#k, server => server.honest && server !== node && network.joins(node, server))
    const seen = truth.filter(({ index }) => found.has(index)).length
    kind.count++
    kind.alarms += result.alarm === undefined ? 0 : 1
    kind.blind += seen === 0 && truth.length > 0 ? 1 : 0
    kind.honest.add(truth.length === 0 ? 1 : seen / truth.length)
    kind.sybils.add(result.closest.filter(peer => this.#isSybil(peer)).length)
    kind.requests.add(result.requests)
    kind.latency.add(ended - began)
  }

  turn(_now: Millis): void {
    const { victim } = this.#attack
    const entries = [...(victim?.machine?.table.entries() ?? [])].map(({ peer }) => peer)
    if (victim !== undefined && entries.length > 0) {
      const nearest = nearestOf(entries, victim.contact.key).slice(0, this.#k)
      this.#table = `Of the ${entries.length} peers in the table of the node attacked ${formatShare(this.#shareOf(entries))} are Sybils, of the ${nearest.length} nearest to it ${formatShare(this.#shareOf(nearest))}.`
    }
  }

  get tables(): readonly ReportTable[] {
    const kinds = [this.#attacked, ...(this.#attack.victim === undefined ? [] : [this.#byVictim]), this.#others]
    return [
      {
        title: 'Under attack',
        columns: [
          { title: 'lookups' },
          { title: 'count', unit: 'count' },
          { title: 'honest', unit: 'share' },
          { title: 'blind', unit: 'share' },
          { title: 'sybils' },
          { title: 'alarms', unit: 'share' },
          { title: 'requests' },
          { title: 'p50', unit: 'ms' }
        ],
        rows: kinds.map(({ row }) => row)
      }
    ]
  }

  get notes(): readonly string[] {
    const legend = `Under attack: honest is the share of the ${this.#k} nearest honest servers that a lookup found, blind are lookups that found none of them, sybils those among the ${this.#k} peers it ended with.`
    return [legend, ...(this.#table === undefined ? [] : [this.#table])]
  }

  #shareOf(peers: readonly PeerInfo[]): number {
    return peers.filter(peer => this.#isSybil(peer)).length / peers.length
  }

  #isSybil({ contact }: PeerInfo): boolean {
    const node: Node | undefined = this.#world.nodes[indexOf(contact)]
    return node?.init.behaviour === this.#attack
  }
}

function nearestOf(peers: readonly PeerInfo[], key: Key): PeerInfo[] {
  return [...peers].sort((a, b) => compareNearness(key, a.contact.key, b.contact.key))
}
