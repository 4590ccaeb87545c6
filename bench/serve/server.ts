/**
 * One server of the benchmark in a process of its own: `server.ts <side> <security> <table size>`. Tells its parent its
 * address when it is ready, says how large its table is when it is asked anything, and ends with its parent.
 *
 * - `echo`: answers every frame with the bytes it was given by its parent, and does nothing else: the stack's ceiling;
 * - `ours`: `@vicinity/dht`, its table restored as after a restart;
 * - `stock`: `@libp2p/kad-dht`, its table filled through its own routing table.
 */
import type { Libp2p, Stream } from '@libp2p/interface'
import { kadDHT as stockDHT, passthroughMapper as stockPassthrough } from '@libp2p/kad-dht'
import { peerIdFromMultihash } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { kadDHT, passthroughMapper } from '@vicinity/dht'
import { FrameReader } from '@vicinity/wire'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import * as Digest from 'multiformats/hashes/digest'
import { companions, protocol, startNode, tablePeers } from './scene.ts'
import type { Security } from './scene.ts'

export type Side = 'echo' | 'ours' | 'stock'

export interface ServerReady {
  readonly address: string
  readonly table: number
}

/** A server in this process: the node, and how many peers its table holds. */
export interface Server {
  readonly libp2p: Libp2p
  readonly table: () => number
}

export async function startServer(side: Side, security: Security, peers: number, answer: () => Uint8Array): Promise<Server> {
  switch (side) {
    case 'echo':
      return await startEcho(security, answer)
    case 'ours':
      return await startOurs(security, peers)
    case 'stock':
      return await startStock(security, peers)
  }
}

async function startEcho(security: Security, answer: () => Uint8Array): Promise<Server> {
  const libp2p = await startNode(security, 'server', {})
  await libp2p.handle(
    protocol,
    (stream: Stream) => {
      const reader = new FrameReader(65_536)
      stream.addEventListener('message', event => {
        reader.push(event.data)
        while (reader.next() !== undefined) {
          stream.send(answer())
        }
      })
      stream.addEventListener('remoteCloseWrite', () => {
        void stream.close()
      })
    },
    { maxInboundStreams: 1_000 }
  )
  return { libp2p, table: () => 0 }
}

async function startOurs(security: Security, peers: number): Promise<Server> {
  const datastore = new MemoryDatastore()
  const entries = (await tablePeers(peers)).map(({ id, addresses }) => ({
    id: peerIdFromMultihash(Digest.decode(id)).toString(),
    addresses,
    heard: Date.now(),
    roundTrip: 10
  }))
  await datastore.put(new Key('/dht/routing-table'), new TextEncoder().encode(JSON.stringify(entries)))
  const libp2p = await startNode(
    security,
    'server',
    {
      ...companions,
      dht: kadDHT({ clientMode: false, peerInfoMapper: passthroughMapper })
    },
    { datastore }
  )
  return { libp2p, table: () => libp2p.services.dht.routingTable.size }
}

/** What the benchmark reaches of the rival's inside. */
interface StockInside {
  readonly routingTable: {
    readonly size: number
    add(peer: ReturnType<typeof peerIdFromMultihash>): Promise<void>
    kb: { verify: () => Promise<boolean> }
  }
}

async function startStock(security: Security, peers: number): Promise<Server> {
  const libp2p = await startNode(security, 'server', {
    ...companions,
    // deep enough for a table that is as full near to us as far away; no first self-query to wait for
    dht: stockDHT({ protocol, clientMode: false, peerInfoMapper: stockPassthrough, prefixLength: 32, maxInboundStreams: 1_000 })
  })
  const { routingTable } = libp2p.services.dht as unknown as StockInside
  // it would ping them before it believes in them
  routingTable.kb.verify = async () => true
  for (const { id, addresses } of await tablePeers(peers)) {
    const peer = peerIdFromMultihash(Digest.decode(id))
    await libp2p.peerStore.merge(peer, { multiaddrs: addresses.map(address => multiaddr(address)) })
    await routingTable.add(peer)
  }

  return { libp2p, table: () => routingTable.size }
}

if (process.send !== undefined && process.argv[1] === import.meta.filename) {
  const [, , side, security, peers] = process.argv
  let answer: Uint8Array = new Uint8Array(1)
  process.on('message', message => {
    answer = Uint8Array.from(message as number[])
  })
  process.on('disconnect', () => {
    process.exit()
  })
  const server = await startServer(side as Side, security as Security, Number(peers), () => answer)
  const ready: ServerReady = { address: String(server.libp2p.getMultiaddrs()[0]), table: server.table() }
  process.send(ready)
}
