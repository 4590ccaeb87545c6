/**
 * A DHT asked by its own client, both ends in this process: `clients.ts <pair> <table size>`. Each pair has a process of
 * its own, for what one leaves to the garbage collector would be collected in the other's turn. Measures what its parent
 * asks it to, and ends with it.
 */
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

export type PairName = 'ours' | 'ours to the echo' | 'stock'

/** What a pair's process is asked to do: `parallel` callers that each ask one thing at a time, for so long. */
export interface PairOrder {
  readonly parallel: number
  readonly durationMs: number
}

/** Requests a second. */
export interface PairResult {
  readonly rate: number
}

/** One client and the server it asks. Resolves with how many peers the answer to a request named. */
type Ask = (request: number) => Promise<number>

const keys = askedKeys(64)

async function startPair(name: PairName, peers: number): Promise<Ask> {
  switch (name) {
    case 'ours':
      return (await startOurs(await startServer('ours', 'noise', peers, () => nothing))).ask
    case 'ours to the echo':
      return (await startOurs(await startEcho(peers))).ask
    case 'stock':
      return await startStock(peers)
  }
}

/** An echo that has every answer of ours, one after the other: a single one would be less work for the client too. */
async function startEcho(peers: number): Promise<Server> {
  const server = await startServer('ours', 'noise', peers, () => nothing)
  const { answers, stop } = await startOurs(server)
  const recorded = await answers()
  await stop()
  await server.libp2p.stop()
  let asked = 0
  return await startServer('echo', 'noise', peers, () => recorded[asked++ % recorded.length] ?? nothing)
}

/** What the DHT's driver does for a request: from the engine's message to the engine's answer. */
async function startOurs(server: Server): Promise<{ ask: Ask; answers: () => Promise<Uint8Array[]>; stop: () => Promise<void> }> {
  const { libp2p, connectionManager } = await startClient()
  const pool = new StreamPool({ connectionManager, peerStore: libp2p.peerStore, logger: libp2p.logger }, { protocol })
  const book = new ContactBook({ peerInfoMapper: passthroughMapper, limitGroups: () => false })
  const requests = keys.map(key => ({ type: 'FIND_NODE', target: book.target(key) }) as const)
  const peer = server.libp2p.peerId
  const addresses = server.libp2p.getMultiaddrs()
  const request = async (message: (typeof requests)[number] | undefined): Promise<Uint8Array> => {
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
    answers: async () => {
      // one after the other: a server takes fewer streams of one peer than there are keys
      const bodies: Uint8Array[] = []
      for (const message of requests) {
        bodies.push(framed(await request(message)))
      }

      return bodies
    },
    ask: async index => {
      const response = decodeResponse(await request(requests[index % requests.length]), book)
      return response.type === 'FIND_NODE' ? response.closer.length : 0
    },
    stop: async () => {
      pool.stop()
      await libp2p.stop()
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

async function startStock(peers: number): Promise<Ask> {
  const server = await startServer('stock', 'noise', peers, () => nothing)
  const client = await startNode('noise', 'requester', {
    ...companions,
    dht: stockDHT({ protocol, clientMode: true, peerInfoMapper: stockPassthrough })
  })
  await client.dial(server.libp2p.getMultiaddrs())
  const { network } = client.services.dht as unknown as StockInside
  const path = { index: 0, queued: 0, running: 0, total: 0 }
  return async index => {
    const key = keys[index % keys.length] ?? nothing
    for await (const event of network.sendRequest(server.libp2p.peerId, { type: MessageType.FIND_NODE, key }, { path })) {
      if (event.name === 'PEER_RESPONSE') {
        return event.closer?.length ?? 0
      }
    }

    return 0
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

async function measure(ask: Ask, { parallel, durationMs }: PairOrder, expected: number): Promise<PairResult> {
  let requests = 0
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: parallel }, async (_, lane) => {
      for (let i = lane; i === lane || performance.now() < begun + durationMs; i++) {
        const named = await ask(i)
        if (named !== expected) {
          throw new Error(`an answer named ${named} peers`)
        }

        requests++
      }
    })
  )
  return { rate: (requests / (performance.now() - begun)) * 1_000 }
}

if (process.send !== undefined && process.argv[1] === import.meta.filename) {
  const [, , name, peers] = process.argv
  process.on('disconnect', () => {
    process.exit()
  })
  const ask = await startPair(name as PairName, Number(peers))
  process.on('message', message => {
    void measure(ask, message as PairOrder, Math.min(20, Number(peers))).then(result => process.send?.(result))
  })
  process.send('ready')
}
