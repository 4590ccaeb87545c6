/** Each DHT asked by its own client, both ends in this process. */
import type { Libp2p, PeerId } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { kadDHT as stockDHT, MessageType, passthroughMapper as stockPassthrough } from '@libp2p/kad-dht'
import { passthroughMapper } from '@vicinity/dht'
import { limits } from '@vicinity/kademlia'
import { ContactBook } from '../../packages/dht/src/contacts.ts'
import { decodeResponse, encodeRequest } from '../../packages/dht/src/messages.ts'
import { StreamPool } from '../../packages/dht/src/streams/index.ts'
import { askedKeys, companions, protocol, startNode } from './scene.ts'
import { startServer } from './server.ts'
import type { Server } from './server.ts'

/** One client and the server it asks. `ask` resolves with how many peers the answer named. */
export interface Pair {
  readonly name: 'ours' | 'ours, asking the echo' | 'stock'
  readonly ask: (request: number) => Promise<number>
  readonly stop: () => Promise<void>
}

const keys = askedKeys(64)

/** Our client and server, our client and the echo of the same bytes, and the stock DHT's both. */
export async function startPairs(peers: number): Promise<Pair[]> {
  const server = await startServer('ours', 'noise', peers, () => nothing)
  const ours = await ourPair('ours', server)
  const answer = await ours.raw()
  const echo = await ourPair('ours, asking the echo', await startServer('echo', 'noise', peers, () => answer))
  return [ours, echo, await stockPair(peers)]
}

/** What the DHT's driver does for a request: from the engine's message to the engine's answer. */
async function ourPair(name: Pair['name'], server: Server): Promise<Pair & { raw: () => Promise<Uint8Array> }> {
  const { libp2p, connectionManager } = await startClient()
  const pool = new StreamPool({ connectionManager, peerStore: libp2p.peerStore, logger: libp2p.logger }, { protocol })
  const book = new ContactBook({ peerInfoMapper: passthroughMapper, limitGroups: () => false })
  const requests = keys.map(key => ({ type: 'FIND_NODE', target: book.target(key) }) as const)
  const [first] = requests
  const peer = server.libp2p.peerId
  const addresses = server.libp2p.getMultiaddrs()
  const request = async (message: typeof first): Promise<Uint8Array> => {
    if (message === undefined) {
      throw new Error('there is nothing to ask for')
    }

    const { signal } = new AbortController()
    return await pool.request(peer, addresses, encodeRequest(message), {
      signal,
      maxReplyBytes: limits.replyFrameBytes,
      onOpened: () => {}
    })
  }
  return {
    name,
    raw: async () => framed(await request(first)),
    ask: async index => {
      const response = decodeResponse(await request(requests[index % requests.length]), book)
      return response.type === 'FIND_NODE' ? response.closer.length : 0
    },
    stop: async () => {
      pool.stop()
      await stopAll(libp2p, server.libp2p)
    }
  }
}

/** What the benchmark reaches of the rival's inside. */
interface StockInside {
  readonly network: {
    sendRequest(
      to: PeerId,
      message: { type: MessageType; key: Uint8Array },
      options: object
    ): AsyncIterable<{ name: string; closer?: unknown[] }>
  }
}

async function stockPair(peers: number): Promise<Pair> {
  const server = await startServer('stock', 'noise', peers, () => nothing)
  const client = await startNode('noise', 'requester', {
    ...companions,
    dht: stockDHT({ protocol, clientMode: true, peerInfoMapper: stockPassthrough })
  })
  await client.dial(server.libp2p.getMultiaddrs())
  const { network } = client.services.dht as unknown as StockInside
  const path = { index: 0, queued: 0, running: 0, total: 0 }
  return {
    name: 'stock',
    ask: async index => {
      const key = keys[index % keys.length] ?? nothing
      for await (const event of network.sendRequest(server.libp2p.peerId, { type: MessageType.FIND_NODE, key }, { path })) {
        if (event.name === 'PEER_RESPONSE') {
          return event.closer?.length ?? 0
        }
      }

      return 0
    },
    stop: async () => {
      await stopAll(client, server.libp2p)
    }
  }
}

async function startClient(): Promise<{ libp2p: Libp2p; connectionManager: ConnectionManager }> {
  let connectionManager: ConnectionManager | undefined
  const libp2p = await startNode('noise', 'requester', {
    inside: (components: { connectionManager: ConnectionManager }) => {
      connectionManager = components.connectionManager
      return {}
    }
  })
  if (connectionManager === undefined) {
    throw new Error('libp2p made no connection manager')
  }

  return { libp2p, connectionManager }
}

async function stopAll(...nodes: Libp2p[]): Promise<void> {
  await Promise.all(
    nodes.map(async node => {
      await node.stop()
    })
  )
}

const nothing = new Uint8Array(0)

/** A body with its length before it. */
export function framed(body: ArrayLike<number>): Uint8Array {
  const prefix: number[] = []
  for (let length = body.length; ; length >>>= 7) {
    if (length < 128) {
      const frame = new Uint8Array(prefix.length + 1 + body.length)
      frame.set([...prefix, length])
      frame.set(body, prefix.length + 1)
      return frame
    }

    prefix.push((length & 127) | 128)
  }
}
