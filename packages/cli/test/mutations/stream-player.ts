/**
 * Plays mutated streams above the muxer, many on one living connection in memory, and frames in the middle of one.
 *
 * Where the victim listens, the attacker opens streams. Where it dials, the victim is made to open them (identify, ping, gossip,
 * DHT lookups), and each of the attacker's answers is a case; what no case is for is answered as recorded.
 */
import { setImmediate } from 'node:timers/promises'
import { randomBytes } from 'node:crypto'
import { freshIdentity } from './identities.ts'
import { Attacker } from './attacker.ts'
import type { Libp2p } from '@libp2p/interface'
import type { Case } from './cases.ts'
import type { Components } from './components.ts'
import type { Session } from './recording.ts'

/** The rest of the cases is given up when none has reached the victim for so long. */
const patienceMs = 5_000
/** New connections are made when nothing came of the old ones for so long. */
const idleMs = 150
/** Pings to a peer at a time; libp2p allows 8 streams. */
const pings = 4
/** Connections are bounded in the streams that they open. */
const casesPerConnection = 150
const turnsPerCase = 3
const turnsPerTrigger = 40

const kademlia = '/ipfs/kad/1.0.0'
const identify = '/ipfs/id/1.0.0'
const push = '/ipfs/id/push/1.0.0'
const ping = '/ipfs/ping/1.0.0'

export class StreamPlayer {
  readonly #node: Libp2p
  readonly #components: Components
  readonly #sessions: readonly Session[]
  readonly #played = new Set<Case>()

  constructor(node: Libp2p, components: Components, sessions: readonly Session[]) {
    this.#node = node
    this.#components = components
    this.#sessions = sessions
  }

  /** Gives the cases that did not reach the victim. */
  async play(cases: readonly Case[]): Promise<Case[]> {
    const answers = ({ layer, side }: Case): boolean => layer === 'streams' && side === 'dials'
    const opening = cases.filter(one => !answers(one))
    const answering = cases.filter(answers)
    await this.#open(opening)
    await this.#answer(answering)
    return cases.filter(one => !this.#played.has(one))
  }

  async #open(cases: readonly Case[]): Promise<void> {
    const queues = Map.groupBy(cases, ({ identity }) => identity)
    await Promise.all(
      Array.from(queues, async ([identity, queue]) => {
        let attacker: Attacker | undefined
        for (const one of queue) {
          attacker = await this.#usable(attacker, identity, one.side)
          await (one.layer === 'muxer' ? attacker.write(one) : attacker.open(one))
          this.#played.add(one)
          await turns(turnsPerCase)
        }
        attacker?.end()
      })
    )
  }

  async #answer(cases: readonly Case[]): Promise<void> {
    const queues = new Map(Map.groupBy(cases, ({ protocol }) => protocol))
    const take = (protocol: string): Case | undefined => {
      const one = queues.get(protocol)?.pop()
      if (one !== undefined) {
        this.#played.add(one)
      }
      return one
    }
    const identities = [...new Set(this.#sessions.map(({ identity }) => identity))]
    let attackers: Attacker[] = []
    const isLeft = (): boolean => [...queues.values()].some(queue => queue.length > 0)
    let [last, connected] = [performance.now(), performance.now()]
    while (isLeft() && performance.now() - last < patienceMs) {
      const before = this.#played.size
      const slots = identities.map(async (identity, at) => await this.#usable(attackers[at], identity, 'dials', take))
      attackers = await Promise.all(slots)
      await this.#trigger(attackers, queues)
      last = this.#played.size === before ? last : performance.now()
      // Gossip has one stream on each connection; and of some connections nothing comes any more.
      const isGossipLeft = [...queues].some(([protocol, { length }]) => length > 0 && /meshsub/.test(protocol))
      if (isGossipLeft || performance.now() - Math.max(last, connected) > idleMs) {
        connected = performance.now()
        for (const attacker of attackers) {
          attacker.end()
        }
      }
    }
    for (const attacker of attackers) {
      attacker.end()
    }
  }

  /** The attacker if it is still connected and has not played too much, or else a new one. */
  async #usable(
    attacker: Attacker | undefined,
    identity: string,
    side: Case['side'],
    take?: (protocol: string) => Case | undefined
  ): Promise<Attacker> {
    if (attacker !== undefined && attacker.alive && attacker.played < casesPerConnection) {
      return attacker
    }

    attacker?.end()
    const next = await this.#attack(identity, side, take)
    await next.ready()
    return next
  }

  /** Makes the victim open streams of the protocols that cases are left for. */
  async #trigger(attackers: readonly Attacker[], queues: ReadonlyMap<string, readonly Case[]>): Promise<void> {
    const controller = new AbortController()
    const { signal } = controller
    const left = (protocol: string): boolean => (queues.get(protocol)?.length ?? 0) > 0
    const started: Array<Promise<unknown>> = []
    for (const { id } of attackers) {
      const [connection] = this.#node.getConnections(id)
      if (connection !== undefined && left(identify)) {
        started.push(this.#components.identify(connection, signal))
      }
      if (connection !== undefined && left(ping)) {
        started.push(...Array.from({ length: pings }, async () => await this.#components.ping(id, signal)))
      }
    }
    if (left(kademlia)) {
      started.push(this.#lookUp(signal), this.#lookUp(signal))
    }

    if (left(push)) {
      // It waits for peers for longer than anybody here does.
      void this.#components.identifyPush()
    }

    const all = Promise.allSettled(started)
    await Promise.race([all, turns(turnsPerTrigger)])
    controller.abort()
    await all
  }

  async #lookUp(signal: AbortSignal): Promise<void> {
    const events = this.#components.dht.getClosestPeers(randomBytes(32), { signal })[Symbol.asyncIterator]()
    // The requests are what is wanted, and the answers to them.
    while ((await events.next()).done !== true) {}
  }

  async #attack(
    identity: string,
    side: Case['side'],
    take: (protocol: string) => Case | undefined = () => undefined
  ): Promise<Attacker> {
    const session = this.#sessions.find(one => one.identity === identity && one.side === side)
    if (session === undefined) {
      throw new Error(`there is no recording of ${identity}`)
    }
    return new Attacker(this.#components, session, await freshIdentity(), take)
  }
}

/** Turns of the event loop, in which the victim does what it was given. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await setImmediate()
  }
}
