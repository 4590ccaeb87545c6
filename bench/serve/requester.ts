/**
 * The requester, in a process of its own: `requester.ts <security> <address>...`, with a node and a connection for each
 * server. Measures what its parent asks it to, and ends with it.
 */
import { multiaddr } from '@multiformats/multiaddr'
import { ask, modes } from './modes.ts'
import { startNode } from './scene.ts'
import type { Security } from './scene.ts'

export interface Order {
  /** Which address, and which mode, by position. */
  readonly server: number
  readonly mode: number
  readonly durationMs: number
}

export interface Result {
  readonly requests: number
  readonly elapsedMs: number
  readonly sample: readonly number[]
}

const [, , security, ...addresses] = process.argv
const connections = await Promise.all(
  addresses.map(async address => {
    const node = await startNode(security as Security, 'requester', {})
    return await node.dial(multiaddr(address))
  })
)

process.on('disconnect', () => {
  process.exit()
})
process.on('message', message => {
  void answer(message as Order)
})
process.send?.('ready')

async function answer({ server, mode, durationMs }: Order): Promise<void> {
  const connection = connections[server]
  const way = modes[mode]
  if (connection === undefined || way === undefined) {
    throw new Error(`there is no server ${server} or no mode ${mode}`)
  }

  const { requests, elapsedMs, sample } = await ask(connection, way, durationMs).catch((cause: unknown) => {
    throw new Error(`server ${server} did not answer (${way.name})`, { cause })
  })
  process.send?.({ requests, elapsedMs, sample: [...sample] } satisfies Result)
}
