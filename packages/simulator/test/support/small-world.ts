/** Worlds of a few nodes with nothing left to chance, and a record of what their engines are told. */
import { Rng } from '@vicinity/kademlia'
import type { KademliaConfig, KademliaInput, Key, Millis, Request } from '@vicinity/kademlia'
import type { NetworkOptions } from '../../src/network/network.ts'
import type { Behaviour } from '../../src/world/behaviour.ts'
import { randomKey, targetAt } from '../../src/world/contacts.ts'
import type { Node, NodeInit } from '../../src/world/node.ts'
import { World } from '../../src/world/world.ts'

const still: NetworkOptions = {
  roundTrip: [100, 100],
  jitter: 0,
  loss: 0,
  reorder: 0,
  bandwidth: Infinity,
  connections: true,
  dialRoundTrips: 2,
  dialTimeout: 5_000,
  refused: 0,
  connectionIdle: 60_000,
  wire: false
}

export interface Told {
  readonly at: Millis
  readonly node: Node
  readonly input: KademliaInput
}

/** A world of which everything that engines are told is kept, but for ticks. */
export class SmallWorld {
  readonly world: World
  readonly told: Told[] = []
  readonly rng: Rng

  constructor(network: Partial<NetworkOptions> = {}, engine: Partial<KademliaConfig> = {}, seed = 'small world') {
    this.rng = new Rng(seed)
    this.world = new World({
      seed,
      engine: { refreshInterval: Infinity, bootstrapInterval: Infinity, ...engine },
      network: { ...still, ...network }
    })
    this.world.observe({
      input: (node, input) => {
        if (input.type !== 'tick') {
          this.told.push({ at: this.world.now, node, input })
        }
      }
    })
  }

  server(init: Partial<NodeInit> = {}, key: Key = randomKey(this.rng)): Node {
    const node = this.world.add(key, { mode: 'server', reachable: true, advertised: true, groups: [], ...init })
    this.world.start(node)
    return node
  }

  servers(count: number, behaviour?: Behaviour): Node[] {
    return Array.from({ length: count }, () => this.server({ behaviour }))
  }

  /** A request that no engine has asked for: the engine ignores how it ends, but is told. @returns its number. */
  send(
    from: Node,
    to: Node,
    rpc: number,
    message: Request = { type: 'FIND_NODE', target: targetAt(randomKey(this.rng)) }
  ): number {
    this.world.network.send(from, from.tagOf(rpc), to.info, message)
    return rpc
  }

  run(time: Millis): void {
    this.world.run(this.world.now + time)
  }

  /** How a request of a node ended and when; `undefined` while it has not. */
  endOf(node: Node, rpc: number): { at: Millis; as: string } | undefined {
    for (const { at, node: who, input } of this.told) {
      if (who === node && (input.type === 'response' || input.type === 'failure') && input.rpc === rpc) {
        return { at, as: input.type === 'failure' ? input.reason : 'response' }
      }
    }

    return undefined
  }

  openedAt(node: Node, rpc: number): Millis | undefined {
    return this.told.find(({ node: who, input }) => who === node && input.type === 'opened' && input.rpc === rpc)?.at
  }

  /** What a node was told of another's state, in order. */
  statesOf(peer: Node, toldTo: Node): string[] {
    return this.told.flatMap(({ node, input }) =>
      node === toldTo && input.type === 'peer' && input.peer.contact === peer.contact ? [input.state] : []
    )
  }
}
