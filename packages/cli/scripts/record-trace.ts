/**
 * Records anew the trace of a live node that the simulator's tests replay, for when the engine is meant to decide otherwise:
 *
 *     npx node -C vicinity-source packages/cli/scripts/record-trace.ts
 *
 * The node is the real command, in a process of its own. It joins a network on loopback of 24 peers of ours and 3 of the
 * stock js-libp2p DHT, of which some are gone by then; it looks itself up, refreshes its table, and answers the others.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { peerIdFromString } from '@libp2p/peer-id'
import { testnet } from '@vicinity/dht/testnet'
import type { TestnetNode } from '@vicinity/dht/testnet'
import { createStockPeer } from '../test/fixtures/stock-peer.ts'
import type { StockPeer } from '../test/fixtures/stock-peer.ts'

const file = fileURLToPath(new URL('../../simulator/test/fixtures/live-node.jsonl', import.meta.url))
const entry = fileURLToPath(new URL('../bin/vicinity.js', import.meta.url))

await using net = await testnet(24)
const [first, second, third, ...others] = net.nodes
if (first === undefined || second === undefined || third === undefined) {
  throw new Error('a testnet has as many nodes as it was asked for')
}

const stock = await Promise.all([1, 2, 3].map(() => startStock(first)))
// Gone, though the others still name them.
await stop([second, third])

rmSync(file, { force: true })
await record(first, others)
await stop(stock)

async function startStock(bootstrap: TestnetNode): Promise<StockPeer> {
  const node = await createStockPeer(['/ip4/127.0.0.1/tcp/0'])
  await node.start()
  await node.dial(bootstrap.getMultiaddrs())
  return node
}

async function stop(nodes: ReadonlyArray<TestnetNode | StockPeer>): Promise<void> {
  for (const node of nodes) {
    await node.stop()
  }
}

/** Runs the command until it has joined and every one of `askers` has looked it up. */
async function record(bootstrap: TestnetNode, askers: readonly TestnetNode[]): Promise<void> {
  const [address] = bootstrap.getMultiaddrs()
  const args = [entry, 'node', '--json', '--record', file, '--bootstrap', String(address)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  let id = ''
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { readonly type: string; readonly peer?: string; readonly reason?: string }
    if (event.type === 'starting') {
      id = event.peer ?? ''
    } else if (event.type === 'bootstrap-done') {
      await lookUp(id, askers)
      child.kill('SIGTERM')
    } else if (event.type === 'error') {
      throw new Error(event.reason)
    }
  }

  const [code] = (await exit) as [number | null]
  if (code !== 0) {
    throw new Error(`vicinity node ended with exit code ${String(code)}`)
  }
}

async function lookUp(id: string, askers: readonly TestnetNode[]): Promise<void> {
  const wanted = peerIdFromString(id)
  for (const { services } of askers) {
    for await (const event of services.dht.findPeer(wanted, { useCache: false })) {
      if (event.name === 'FINAL_PEER') {
        break
      }
    }
  }
}
