import type { Entry, Kademlia, KademliaInput, KademliaOutput, Millis, PeerInfo } from '@vicinity/kademlia'
import type { Node } from '../world/node.ts'
import type { World } from '../world/world.ts'
import type { Checker, Ending } from './checker.ts'
import { sharedBits } from './distance.ts'
import { groupInBucket, groupInTable } from './groups.ts'
import { Findings } from './findings.ts'
import type { Asked, Life } from './ledger.ts'
import { Lives } from './lives.ts'

/** A request that failed. */
interface Failure {
  readonly sent: Millis
  readonly at: Millis
}

interface Member {
  readonly bucket: number
  readonly groups: readonly number[]
}

interface State {
  /** The table as the changes that were told of make it. Bounded by the table. */
  readonly table: Set<string>
  /** Those who may enter now: they have just answered, or come from a saved table. Empty when at rest. */
  readonly entitled: Set<string>
  /** Those who have just said that they do not serve. Empty when at rest. */
  readonly gone: Set<string>
  /** What stands against peers since they last answered. Bounded by those that were asked, and failuresKept of each. */
  readonly failures: Map<string, readonly Failure[]>
  lastAnswer: Millis
  rests: number
  /** Somebody has entered since the last rest. */
  changed: boolean
}

/**
 * Routing tables, by their changes and, now and then, entry by entry: only peers that answer enter, never ourselves or twice,
 * into the bucket they belong to, while it has room and their address groups allow it; and nobody leaves who answers.
 */
export class TablesChecker extends Findings implements Checker {
  readonly name = 'tables'
  readonly #world: World
  readonly #bucketSize: number
  readonly #limitGroups: boolean
  readonly #lives = new Lives<State>(() => ({
    table: new Set(),
    entitled: new Set(),
    gone: new Set(),
    failures: new Map(),
    lastAnswer: -Infinity,
    rests: 0,
    changed: false
  }))

  constructor(world: World, bucketSize: number, limitGroups: boolean) {
    super()
    this.#world = world
    this.#bucketSize = bucketSize
    this.#limitGroups = limitGroups
  }

  input(node: Node, input: KademliaInput): void {
    if (input.type === 'restore') {
      const { entitled } = this.#lives.of(node)
      for (const { peer } of input.entries) {
        entitled.add(peer.contact.id)
      }
    } else if (input.type === 'peer' && input.state === 'not-serving') {
      this.#lives.of(node).gone.add(input.peer.contact.id)
    }
  }

  ended(node: Node, _life: Life, { to, sent }: Asked, ending: Ending): void {
    const state = this.#lives.of(node)
    const { now } = this.#world
    if (ending.type === 'answered' && ending.message.type === 'FIND_NODE') {
      state.lastAnswer = now
      state.entitled.add(to.id)
      state.failures.delete(to.id)
    } else if (
      ending.type === 'timeout' ||
      (ending.type === 'failed' && ending.reason !== 'local') ||
      ending.type === 'answered'
    ) {
      if (ending.type === 'failed' && ending.reason === 'unsupported') {
        state.gone.add(to.id)
      }

      const failures = state.failures.get(to.id) ?? []
      state.failures.set(to.id, [...failures.slice(-failuresKept), { sent, at: now }])
    }
  }

  output(node: Node, output: KademliaOutput): void {
    if (output.type !== 'table') {
      return
    }

    if (output.change === 'added') {
      this.#added(node, output.peer)
    } else {
      this.#removed(node, output.peer)
    }
  }

  rest(node: Node, _life: Life, machine: Kademlia): void {
    const state = this.#lives.of(node)
    state.entitled.clear()
    state.gone.clear()
    if (state.rests++ % wholeEvery === 0 || state.changed) {
      state.changed = false
      this.#whole(node, state, machine.table.entries())
      const { size } = machine
      this.expect(size === state.table.size, this.#world.now, node.index, () => `the table says it holds ${size} peers`)
    }
  }

  #added(node: Node, { contact }: PeerInfo): void {
    const { now } = this.#world
    const state = this.#lives.of(node)
    const { table, entitled } = state
    this.expect(contact.id !== node.contact.id, now, node.index, () => 'it is in its own table')
    this.expect(!table.has(contact.id), now, node.index, () => `${contact.id} is added twice`)
    this.expect(entitled.has(contact.id), now, node.index, () => `${contact.id} is added, but has not answered`)
    table.add(contact.id)
    state.changed = true
  }

  #removed(node: Node, { contact }: PeerInfo): void {
    const { now } = this.#world
    const { table, gone, failures, lastAnswer } = this.#lives.of(node)
    this.expect(table.delete(contact.id), now, node.index, () => `${contact.id} is removed, but was not in the table`)
    if (gone.has(contact.id)) {
      return
    }

    const against = failures.get(contact.id) ?? []
    // only a failure while others could answer says anything of the peer, and only one that was sent after another is one more
    const counting = against.filter(({ sent }) => sent <= lastAnswer)
    const inARow = counting.some(({ sent }) => counting.some(({ at }) => at < sent))
    this.expect(
      inARow,
      now,
      node.index,
      () =>
        `${contact.id} is removed after ${against.length} failures, of which no two came one after the other while others answered`
    )
  }

  /** The table as it is against the table as it was told of, and against what holds for any. */
  #whole(node: Node, { table }: State, entries: Iterable<Entry>): void {
    const { now } = this.#world
    // bounded by the table
    const members = new Map<string, Member>()
    for (const { peer } of entries) {
      const { contact, groups } = peer
      this.expect(!members.has(contact.id), now, node.index, () => `${contact.id} is in the table twice`)
      this.expect(table.has(contact.id), now, node.index, () => `${contact.id} is in the table, but was never added`)
      members.set(contact.id, { bucket: sharedBits(contact.key, node.contact.key), groups })
    }

    const count = members.size
    this.expect(count === table.size, now, node.index, () => `the table holds ${count} peers, but ${table.size} were added`)
    this.#judge(node, members.values())
  }

  /** Every bucket keeps to its size, and every address group to its limits. */
  #judge(node: Node, members: Iterable<Member>): void {
    const { now } = this.#world
    const buckets: number[] = []
    const groupsInTable = new Map<number, number>()
    const groupsInBuckets = new Map<string, number>()
    for (const { bucket, groups } of members) {
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
      for (const group of this.#limitGroups ? groups : []) {
        const place = `${group} in bucket ${bucket}`
        groupsInTable.set(group, (groupsInTable.get(group) ?? 0) + 1)
        groupsInBuckets.set(place, (groupsInBuckets.get(place) ?? 0) + 1)
      }
    }

    const fullest = buckets.reduce((most, size) => Math.max(most, size), 0)
    this.expect(
      fullest <= this.#bucketSize,
      now,
      node.index,
      () => `a bucket holds ${fullest} peers, and ${this.#bucketSize} may`
    )
    for (const [group, size] of groupsInTable) {
      this.expect(size <= groupInTable, now, node.index, () => `the table holds ${size} peers of group ${group}`)
    }

    for (const [place, size] of groupsInBuckets) {
      this.expect(size <= groupInBucket, now, node.index, () => `there are ${size} peers of group ${place}`)
    }
  }

  stopped(node: Node): void {
    this.#lives.forget(node)
  }
}

/** Two that follow each other evict a peer; the last of many are enough to see them. */
const failuresKept = 32

/** How often a table is looked through whole. */
const wholeEvery = 128
