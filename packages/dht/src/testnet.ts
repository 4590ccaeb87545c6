import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { identify } from '@libp2p/identify'
import type { Identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import type { Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import type { Libp2pOptions } from 'libp2p'
import { kadDHT, passthroughMapper } from './index.ts'
import type { KadDHT, KadDHTInit } from './index.ts'

export type TestnetNode = Libp2p<{ dht: KadDHT; identify: Identify; ping: Ping }>

export interface TestnetOptions {
  /** Options of every node's DHT. */
  readonly dht?: KadDHTInit
  /** Options of every node: other transports, other addresses. */
  readonly libp2p?: Libp2pOptions
  /** Gives up, and ends what was started. */
  readonly signal?: AbortSignal
}

export interface Testnet extends AsyncDisposable {
  readonly nodes: readonly TestnetNode[]
  /** Stops every node. */
  stop(): Promise<void>
}

const crowd = {
  maxConnections: 10_000,
  maxParallelDials: 100,
  inboundConnectionThreshold: 10_000,
  maxIncomingPendingConnections: 10_000
}

/**
 * A DHT network of `size` servers in this process, over TCP on loopback, for tests of what is built on it. Every node
 * is told of the first only; resolves when all have bootstrapped and know their neighbours.
 *
 * @example
 * ```ts
 * await using net = await testnet(20)
 * const closest = await all(net.nodes[3].peerRouting.getClosestPeers(key))
 * ```
 */
export async function testnet(size: number, options: TestnetOptions = {}): Promise<Testnet> {
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`a testnet has a whole number of nodes, at least 1, not ${size}`)
  }

  const nodes: TestnetNode[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(
      nodes.map(async node => {
        await node.stop()
      })
    )
  }

  try {
    for (let i = 0; i < size; i++) {
      options.signal?.throwIfAborted()
      nodes.push(await createNode(options))
    }

    await join(nodes, options.signal)
    return { nodes, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function createNode({ dht, libp2p }: TestnetOptions): Promise<TestnetNode> {
  return await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: crowd,
    ...libp2p,
    services: {
      dht: kadDHT({ clientMode: false, peerInfoMapper: passthroughMapper, ...dht }),
      identify: identify(),
      ping: ping()
    }
  })
}

/** Twice round: in the first the early nodes cannot find those that are yet to come. */
async function join([first, ...others]: readonly TestnetNode[], signal: AbortSignal | undefined): Promise<void> {
  if (first === undefined || others.length === 0) {
    return
  }

  const options = signal === undefined ? {} : { signal }
  for (const node of others) {
    await node.dial(first.getMultiaddrs(), options)
    await node.services.dht.bootstrap(options)
  }

  for (const node of [first, ...others]) {
    await node.services.dht.bootstrap(options)
  }
}
