/** The attacker's process: runs one attack after the other, as it is told. */
import { setTimeout } from 'node:timers/promises'
import { Context } from './attack.ts'
import type { Target } from './attack.ts'
import { attackNamed } from './catalogue.ts'
import { Random } from './wire/bytes.ts'

export interface AttackOrder {
  readonly name: string
  readonly target: Target
  readonly durationMs: number
  readonly isSmall: boolean
  readonly seed: string
}

export interface AttackResult {
  /** Counts of sent things and their outcomes, by name. */
  readonly sent: Readonly<Record<string, number>>
}

/** Attacks that wait for something of the victim are left behind after this. */
const patienceMs = 1_000
const reasonsMax = 8

async function attack({ name, target, durationMs, isSmall, seed }: AttackOrder): Promise<AttackResult> {
  const controller = new AbortController()
  const context = new Context(target, new Random(seed), controller.signal, isSmall)
  const running = attackNamed(name)
    .run(context)
    .catch((error: unknown) => context.count(`failed: ${String(error)}`))
  await setTimeout(durationMs)
  controller.abort()
  context.end()
  await Promise.race([running, setTimeout(patienceMs)])
  context.end()
  return { sent: Object.fromEntries(Object.entries(context.sent).slice(0, 16 + reasonsMax)) }
}

// an attack that is left behind may fail later, and nobody is told
process.on('unhandledRejection', () => {})
process.on('message', (order: AttackOrder) => {
  void attack(order).then(result => process.send?.(result))
})
process.on('disconnect', () => process.exit())
process.send?.({})
