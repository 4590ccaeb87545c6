/**
 * FIND_NODE served: 20 peers in the answer, from a table of 300 with two addresses each. The same raw requester in a
 * process of its own asks a bare echo of the same bytes, ours, and `@libp2p/kad-dht`, each in a process of its own too;
 * then each DHT asked by its own client, both ends in one process.
 *
 *     npm run bench serve            [-- --smoke] [-- --only noise|tls|quic|client] [-- --rounds 11]
 *
 * The sides take turns, round by round, and the median of the rounds counts. The echo is what the stack can do at most.
 */
import { parseArgs } from 'node:util'
import { decodeMessage } from '@vicinity/wire'
import { median, percent, rate, table, times } from './support/report.ts'
import { Child } from './support/child.ts'
import { framed } from './serve/clients.ts'
import type { PairName, PairOrder, PairResult } from './serve/clients.ts'
import { modes } from './serve/modes.ts'
import type { Order, Result } from './serve/requester.ts'
import type { Security } from './serve/scene.ts'
import type { ServerReady, Side } from './serve/server.ts'

const sides: readonly Side[] = ['echo', 'ours', 'stock']

interface Plan {
  readonly rounds: number
  readonly durationMs: number
  readonly peers: number
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      smoke: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      rounds: { type: 'string' }
    }
  })
  const plan: Plan = values.smoke
    ? { rounds: 1, durationMs: 5, peers: 20 }
    : { rounds: Number(values.rounds ?? 11), durationMs: 300, peers: 300 }
  const securities: Security[] = values.smoke ? ['noise'] : ['noise', 'tls', 'quic']
  for (const security of securities) {
    if (values.only === '' || values.only === security) {
      await compareServers(security, plan)
    }
  }

  if (values.only === '' || values.only === 'client') {
    await compareClients(plan)
  }
}

async function compareServers(security: Security, plan: Plan): Promise<void> {
  const children: Child[] = []
  const start = (file: string, ...rest: string[]): Child => {
    const child = new Child(new URL(`./serve/${file}`, import.meta.url), rest)
    children.push(child)
    return child
  }

  try {
    const servers = sides.map(side => start('server.ts', side, security, String(plan.peers)))
    const ready = await Promise.all(servers.map(async server => await server.next<ServerReady>()))
    const requester = start('requester.ts', security, ...ready.map(({ address }) => address))
    await requester.next()
    const ask = async (order: Order): Promise<Result> => {
      requester.send(order)
      return await requester.next<Result>()
    }

    // the echo answers with what ours answers
    const { sample } = await ask({ server: sides.indexOf('ours'), mode: 0, durationMs: 0 })
    servers[sides.indexOf('echo')]?.send([...framed(sample)])
    const rates = await measure(ask, plan)
    show(security, rates, ready, plan)
  } finally {
    await Promise.all(
      children.map(async child => {
        await child.end()
      })
    )
  }
}

/** Requests a second, by mode and side, one for each round. */
type Rates = ReadonlyArray<ReadonlyArray<readonly number[]>>

async function measure(ask: (order: Order) => Promise<Result>, { rounds, durationMs, peers }: Plan): Promise<Rates> {
  const rates: number[][][] = modes.map(() => sides.map(() => []))
  for (let round = -1; round < rounds; round++) {
    for (const mode of modes.keys()) {
      for (const server of sides.keys()) {
        const { requests, elapsedMs, sample } = await ask({ server, mode, durationMs })
        const named = decodeMessage(Uint8Array.from(sample)).closer.length
        if (named !== Math.min(20, peers)) {
          throw new Error(`${sides[server]} named ${named} peers`)
        }

        // the first round warms up
        if (round >= 0) {
          rates[mode]?.[server]?.push((requests / elapsedMs) * 1_000)
        }
      }
    }
  }

  return rates
}

const lanes = [1, 16]
const pairs: readonly PairName[] = ['ours to the echo', 'ours', 'stock']

/** Our client asking the echo and our server, and the stock client asking the stock server, both ends in one process. */
async function compareClients({ rounds, durationMs, peers }: Plan): Promise<void> {
  const children = pairs.map(pair => new Child(new URL('serve/clients.ts', import.meta.url), [pair, String(peers)]))
  const rates: number[][][] = lanes.map(() => pairs.map(() => []))
  try {
    await Promise.all(children.map(async child => await child.next()))
    for (let round = -1; round < rounds; round++) {
      for (const [way, parallel] of lanes.entries()) {
        for (const [pair, child] of children.entries()) {
          child.send({ parallel, durationMs } satisfies PairOrder)
          const measured = await child.next<PairResult>()
          // the first round warms up
          if (round >= 0) {
            rates[way]?.[pair]?.push(measured.rate)
          }
        }
      }
    }
  } finally {
    await Promise.all(
      children.map(async child => {
        await child.end()
      })
    )
  }

  console.log(
    `\nFIND_NODE through each side's own client, both ends in one process, requests a second, noise (median of ${rounds})`
  )
  console.log(
    table([
      ['', 'ours to the echo', 'ours', 'of the echo', 'stock', 'ours to stock'],
      ...lanes.map((parallel, way) => {
        const [echo = Number.NaN, ours = Number.NaN, stock = Number.NaN] = pairs.map((_, side) =>
          median(rates[way]?.[side] ?? [])
        )
        return [
          parallel === 1 ? 'sequential' : `${parallel} parallel`,
          rate(echo),
          rate(ours),
          percent(ours, echo),
          rate(stock),
          times(ours, stock)
        ]
      })
    ])
  )
}

function show(security: Security, rates: Rates, ready: readonly ServerReady[], plan: Plan): void {
  const tables = sides
    .map((side, i) => `${side} ${ready[i]?.table ?? 0}`)
    .slice(1)
    .join(', ')
  console.log(`\nFIND_NODE served, requests a second, ${security} (median of ${plan.rounds}; peers in the tables: ${tables})`)
  console.log(
    table([
      ['', 'echo', 'ours', 'of the echo', 'stock', 'ours to stock'],
      ...modes.map(({ name }, mode) => {
        const [echo = Number.NaN, ours = Number.NaN, stock = Number.NaN] = sides.map((_, side) =>
          median(rates[mode]?.[side] ?? [])
        )
        return [name, rate(echo), rate(ours), percent(ours, echo), rate(stock), times(ours, stock)]
      })
    ])
  )
}

if (process.argv[1] === import.meta.filename) {
  await run(process.argv.slice(2))
}
