/**
 * A network of DHT servers in one process, all connected to all, of our DHT or of the stock one: otherwise the same
 * nodes. Looks up what its parent asks for and says how that went.
 */
import { identify } from '@libp2p/identify'
import { kadDHT as stockDHT, passthroughMapper as stockMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { sha256 } from '@noble/hashes/sha2.js'
import { kadDHT, passthroughMapper } from '@vicinity/dht'
import { compareDistance, keyFromBytes } from '@vicinity/kademlia'
import { createLibp2p } from 'libp2p'

export type Kind = 'ours' | 'stock'

/**
 * How the asker stands before each lookup. All connections are open, but for `cold`.
 * - `warm`: one node asks again and again, and has just asked.
 * - `first`: a node that has not asked for a while, another one each time.
 * - `cold`: its connections have been closed, so that it must dial everyone it asks; another one each time.
 */
export type Standing = 'warm' | 'first' | 'cold'

export interface Job {
  readonly seed: string
  readonly lookups: number
  readonly standing: Standing
}

export interface Sample {
  readonly ms: number
  readonly requests: number
  readonly recall: number
}

type Node = Awaited<ReturnType<typeof createNode>>

const crowd = { maxConnections: 10_000, inboundConnectionThreshold: 10_000, maxIncomingPendingConnections: 10_000 }

async function createNode(kind: Kind) {
  const init = { clientMode: false }
  return await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: crowd,
    services: {
      dht:
        kind === 'ours'
          ? kadDHT({ ...init, peerInfoMapper: passthroughMapper })
          : stockDHT({ ...init, peerInfoMapper: stockMapper }),
      identify: identify(),
      ping: ping()
    }
  })
}

async function createNetwork(kind: Kind, size: number): Promise<Node[]> {
  const nodes: Node[] = []
  for (let i = 0; i < size; i++) {
    nodes.push(await createNode(kind))
  }

  await settle(nodes)
  return nodes
}

/** Connects everybody with everybody, and waits until the tables do not grow any more. */
async function settle(nodes: readonly Node[]): Promise<void> {
  for (const [i, node] of nodes.entries()) {
    for (const other of nodes.slice(0, i)) {
      await node.dial(other.getMultiaddrs())
    }
  }

  const sizes = (): string => nodes.map(node => sizeOf(node)).join()
  for (let before = '', now = sizes(); before !== now; before = now, now = sizes()) {
    await new Promise(resolve => setTimeout(resolve, 2_000))
  }
}

function sizeOf(node: Node): number {
  // the stock service has the table, though not in its interface
  return (node.services.dht as unknown as { routingTable: { size: number } }).routingTable.size
}

async function lookUp(nodes: readonly Node[], asker: Node, key: Uint8Array): Promise<Sample> {
  const target = keyFromBytes(sha256(key))
  const others = nodes
    .filter(node => node !== asker)
    .map(node => ({
      id: node.peerId.toString(),
      key: keyFromBytes(sha256(node.peerId.toMultihash().bytes))
    }))
  const closest = others.sort((a, b) => compareDistance(target, a.key, b.key)).slice(0, 20)

  const found = new Set<string>()
  let requests = 0
  const began = performance.now()
  for await (const event of asker.services.dht.getClosestPeers(key)) {
    requests += event.name === 'SEND_QUERY' ? 1 : 0
    if (event.name === 'FINAL_PEER') {
      found.add(event.peer.id.toString())
    }
  }

  return { ms: performance.now() - began, requests, recall: closest.filter(({ id }) => found.has(id)).length / closest.length }
}

async function work(nodes: readonly Node[], { seed, lookups, standing }: Job): Promise<Sample[]> {
  const samples: Sample[] = []
  const keyOf = (i: number): Uint8Array => sha256(new TextEncoder().encode(`${seed}/${i}`))
  const first = (keyOf(0)[0] as number) % nodes.length
  const askerOf = (i: number): Node => nodes[(standing === 'warm' ? first : first + i) % nodes.length] as Node
  if (standing === 'warm') {
    await lookUp(nodes, askerOf(0), keyOf(-1))
  }

  for (let i = 0; i < lookups; i++) {
    if (standing === 'cold') {
      await Promise.all(
        askerOf(i)
          .getConnections()
          .map(async connection => {
            await connection.close()
          })
      )
    }

    samples.push(await lookUp(nodes, askerOf(i), keyOf(i)))
  }

  if (standing === 'cold') {
    await settle(nodes)
  }

  return samples
}

const [kind, size] = process.argv.slice(2)
const nodes = await createNetwork(kind as Kind, Number(size))
process.on('message', (job: Job) => {
  void work(nodes, job).then(samples => process.send?.(samples))
})
process.send?.({ table: nodes.reduce((sum, node) => sum + sizeOf(node), 0) / nodes.length })
