/**
 * Attacks on a running `vicinity node`, a row each: what a good peer notices, who is kept out, and what the victim takes of memory
 * and prints. Everything runs on 127.0.0.1, in processes of the benchmark's own.
 *
 *     npm run bench -- attacks [--smoke] [--only name,name] [--seconds 20] [--settle 60] [--list] [--json] [--seed text]
 *
 * A figure that breaks a bound of issue 18 has a `!`, and the exit code is 1, except with `--smoke`.
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Attack } from './attacks/attack.ts'
import { attacks } from './attacks/catalogue.ts'
import type { Phase } from './attacks/good-peer.ts'
import { bounds, broken, Scene } from './attacks/row.ts'
import type { Plan, Row } from './attacks/row.ts'

const help = `Attacks on a running node, a row each.

  npm run bench -- attacks                              all of them, for hours
  npm run bench -- attacks --only ws-rsv1,quic-held     some of them
  npm run bench -- attacks --seconds 8 --settle 10      shorter
  npm run bench -- attacks --list                       the attacks, with what each does

Options:
  --smoke          tiny attacks on one node, to see that they run
  --only <names>   names separated by commas; a name that ends in * stands for all that begin so
  --fault <n>      only the attacks of this fault of issue 18; 0 are those that did no harm
  --seconds <n>    length of an attack (default 20)
  --settle <n>     seconds after it until memory is looked at again (default 60)
  --seed <text>    what the attacks' randomness comes from (default: a new one, printed)
  --victim <dir>   attack the command of another checkout of this repository
  --json           one JSON object a row, with what was sent
  --list           name, fault and purpose of every attack
  --help           show this help

A "!" marks what breaks a bound: ping p95 during the attack above ${bounds.pingP95Ms} ms, an honest newcomer refused, less than
${bounds.chatShare * 100} % of the chat messages printed, peak memory above ${bounds.peakMb} MB, memory later more than ${bounds.laterOverStartMb} MB over the start, the victim ended.
The exit code is 1 if any is broken, except with --smoke.
`

const { values: options } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    fault: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    settle: { type: 'string', default: '60' },
    seed: { type: 'string' },
    victim: { type: 'string' },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})

const columns = [
  { name: 'attack', width: -30 },
  { name: 'ping p95 before', width: 15 },
  { name: 'during', width: 7 },
  { name: 'after', width: 7 },
  { name: 'failed', width: 6 },
  { name: 'refused', width: 8 },
  { name: 'chat', width: 6 },
  { name: 'start MB', width: 8 },
  { name: 'peak', width: 6 },
  { name: 'over start', width: 10 },
  { name: 'later over', width: 10 },
  { name: 'lines', width: 8 },
  { name: 'MB', width: 6 },
  { name: 'victim', width: 8 }
]

function line(cells: readonly string[]): string {
  return columns
    .map(({ width }, i) => (width < 0 ? (cells[i] ?? '').padEnd(-width) : (cells[i] ?? '').padStart(width)))
    .join('  ')
}

function cellsOf(row: Row): string[] {
  const marks = broken(row)
  const mark = (name: Parameters<typeof marks.has>[0], text: string): string => (marks.has(name) ? `${text}!` : text)
  const ms = (phase: Phase | undefined): string => phase?.p95Ms?.toFixed(0) ?? '-'
  const over = (value: number | undefined): string =>
    value === undefined || row.startMb === undefined ? '-' : (value - row.startMb).toFixed(0)
  return [
    row.name,
    ms(row.before),
    mark('during', ms(row.during)),
    ms(row.after),
    String((row.during?.failed ?? 0) + (row.after?.failed ?? 0)),
    mark('refused', `${row.newcomers.refused}/${row.newcomers.tried}`),
    mark('chat', `${row.chatPrinted}/${row.chatPublished}`),
    row.startMb?.toFixed(0) ?? '-',
    mark('peak', row.peakMb?.toFixed(0) ?? '-'),
    over(row.peakMb),
    mark('later', over(row.laterMb)),
    String(row.lines),
    row.printedMb.toFixed(1),
    mark('victim', row.ending ?? 'lives')
  ]
}

function show(row: Row): void {
  if (options.json) {
    console.log(JSON.stringify({ ...row, broken: [...broken(row)] }))
    return
  }

  console.log(line(cellsOf(row)))
  const ownMs = row.during?.ownDelayP95Ms ?? 0
  if (ownMs > bounds.pingP95Ms / 5) {
    console.log(`  the good peer was busy itself: its event loop stood still for ${ownMs.toFixed(0)} ms at p95`)
  }
  for (const words of options.smoke ? [] : row.lastWords) {
    console.log(`  ${words}`)
  }
}

const names = options.only.split(',').filter(Boolean)

function isNamed(attack: Attack, name: string): boolean {
  return name.endsWith('*') ? attack.name.startsWith(name.slice(0, -1)) : attack.name === name
}

function chosen(): Attack[] {
  return attacks.filter(
    attack =>
      (names.length === 0 || names.some(name => isNamed(attack, name))) &&
      (options.fault === undefined || attack.fault === Number(options.fault))
  )
}

/** A victim for each attack. */
async function measureAll(plan: Plan): Promise<boolean> {
  let isBroken = false
  for (const attack of chosen()) {
    const scene = await Scene.start(attack.over === undefined ? [] : [attack.over], plan)
    try {
      const row = await scene.run(attack, plan)
      show(row)
      isBroken ||= broken(row).size > 0
    } finally {
      await scene.end()
    }
  }

  return isBroken
}

/** One victim for all attacks, and another when it ends. */
async function smokeAll(plan: Plan): Promise<void> {
  let scene = await Scene.start(['quic-v1', 'webrtc-direct'], plan)
  try {
    for (const attack of chosen()) {
      show(await scene.run(attack, plan))
      if (scene.victim.ending !== undefined) {
        await scene.end()
        scene = await Scene.start(['quic-v1', 'webrtc-direct'], plan)
      }
    }
  } finally {
    await scene.end()
  }
}

async function main(): Promise<number> {
  if (options.help) {
    console.log(help)
    return 0
  }
  if (options.list) {
    for (const { name, fault, does } of attacks) {
      console.log(`${name.padEnd(30)}  ${fault === 0 ? 'harmless' : `fault ${fault}`}  ${does}`)
    }
    return 0
  }

  const unknown = names.filter(name => !attacks.some(attack => isNamed(attack, name)))
  if (unknown.length > 0 || chosen().length === 0) {
    console.error(`There is no attack ${unknown.join(', ') || 'of these'}: --list names them all.`)
    return 2
  }

  const seed = options.seed ?? crypto.randomUUID()
  const plan: Plan = options.smoke
    ? { beforeMs: 0, attackMs: 150, settleMs: 0, isSmoke: true, seed, checkout: options.victim }
    : {
        beforeMs: 3_000,
        attackMs: Number(options.seconds) * 1_000,
        settleMs: Number(options.settle) * 1_000,
        isSmoke: false,
        seed,
        checkout: options.victim
      }
  if (!options.json) {
    console.log(`seed ${seed}; attacks of ${plan.attackMs / 1_000} s, memory again after ${plan.settleMs / 1_000} s`)
    console.log(existsSync('/proc/self/status') ? '' : 'There is no /proc here, so memory is not measured.')
    console.log(line(columns.map(({ name }) => name)))
  }
  if (options.smoke) {
    await smokeAll(plan)
    return 0
  }

  return (await measureAll(plan)) ? 1 : 0
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(1))
}
process.exitCode = await main()
