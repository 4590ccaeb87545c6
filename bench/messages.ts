/**
 * How long one message holds the event loop of a peer: a row for each kind of message, with the worst bytes within its size.
 *
 *     npm run bench messages          [-- --smoke] [-- --rounds 7] [-- --only identify]
 *
 * The peer is the whole composition in a process of its own; each message comes from a new stranger over loopback. A
 * figure is the longest time between two turns of the peer's event loop, from the connection (rows of identify and of
 * answers) or the message (all others) until a moment after it was handled. Over the bound a row is marked with `!`, and
 * the exit code is 1 (never with `--smoke`).
 */
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Attacker } from './messages/attacker.ts'
import { dhtCases } from './messages/dht-cases.ts'
import type { Case } from './messages/dht-cases.ts'
import { packetCases, sendPacket } from './messages/dns-cases.ts'
import { gossipCases } from './messages/gossip-cases.ts'
import { heldBy, localCases } from './messages/local-cases.ts'
import type { TargetReady } from './messages/target.ts'
import { Child } from './support/child.ts'
import { median, table } from './support/report.ts'

const boundMs = 50

interface Plan {
  readonly rounds: number
  /** How long the peer is watched after the message was sent. */
  readonly watchMs: number
  readonly only: string
}

type Measure = () => Promise<number>

/** The longest standstill since it was last asked. */
async function held(target: Child): Promise<number> {
  target.send({})
  return await target.next<number>()
}

async function attack(target: Child, address: string, row: Case, watchMs: number): Promise<number> {
  const asksOnConnect = row.lies !== undefined
  await held(target)
  const attacker = await Attacker.connect(address, row.lies ?? {})
  try {
    await Promise.race([attacker.asked, wait(5_000)])
    if (!asksOnConnect) {
      await wait(watchMs)
      await held(target)
      await row.send?.(attacker)
    }

    await wait(watchMs)
    return await held(target)
  } finally {
    await attacker.stop()
  }
}

/** The same, tried again when the connection ended before the message was sent. */
async function attackAnew(target: Child, address: string, row: Case, watchMs: number): Promise<number> {
  let cause: unknown
  for (let trial = 0; trial < trials; trial++) {
    try {
      return await attack(target, address, row, watchMs)
    } catch (error) {
      cause = error
    }
  }

  throw new Error(`"${row.name}" could not be sent in ${trials} trials`, { cause })
}

const trials = 3

async function measure(plan: Plan, target: Child, ready: TargetReady): Promise<boolean> {
  const local = await localCases()
  const rows: Array<{ name: string; measure: Measure }> = [
    ...[{ name: 'nothing at all', send: async () => {} }, ...dhtCases(), ...gossipCases()].map(row => ({
      name: row.name,
      measure: async () => attackAnew(target, ready.address, row, plan.watchMs)
    })),
    ...(ready.multicastDns ? packetCases() : []).map(row => ({
      name: row.name,
      measure: async () => {
        await held(target)
        await sendPacket(row)
        await wait(plan.watchMs)
        return await held(target)
      }
    })),
    ...local.cases.map(row => ({ name: row.name, measure: async () => heldBy(row) }))
  ].filter(({ name }) => name.includes(plan.only))

  let isBounded = true
  const lines = [['message', 'median ms', 'max ms', '']]
  for (const { name, measure: once } of rows) {
    // the first time is the compiler's
    await once()
    const figures: number[] = []
    for (let round = 0; round < plan.rounds; round++) {
      figures.push(await once())
    }

    const most = Math.max(...figures)
    isBounded &&= most <= boundMs
    lines.push([name, median(figures).toFixed(1), most.toFixed(1), most > boundMs ? '!' : ''])
  }

  await local.end()
  console.log(`the event loop held by one message, ${plan.rounds} round(s); the bound is ${boundMs} ms`)
  console.log(table(lines))
  return isBounded
}

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      smoke: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string', default: '' }
    }
  })
  const plan: Plan = {
    rounds: Number(values.rounds ?? (values.smoke ? 1 : 7)),
    watchMs: values.smoke ? 1 : 150,
    only: values.only
  }
  const target = new Child(new URL('./messages/target.ts', import.meta.url), [])
  try {
    const isBounded = await measure(plan, target, await target.next<TargetReady>())
    return isBounded || values.smoke ? 0 : 1
  } finally {
    await target.end()
  }
}

if (process.argv[1] === import.meta.filename) {
  process.exitCode = await run(process.argv.slice(2))
}
