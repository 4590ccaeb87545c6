/** One row: a victim, a good peer and newcomers before, during and after an attack, and what the bounds say of it. */
import { Child } from '../support/child.ts'
import type { Attack, ExtraTransport } from './attack.ts'
import type { AttackOrder, AttackResult } from './attacker.ts'
import type { GoodOrder, Phase } from './good-peer.ts'
import type { Newcomers, NewcomersOrder } from './newcomers.ts'
import { Victim } from './victim.ts'

export interface Plan {
  readonly beforeMs: number
  readonly attackMs: number
  readonly settleMs: number
  readonly isSmoke: boolean
  readonly seed: string
  /** The folder of the repository whose command is attacked; this one by default. */
  readonly checkout: string | undefined
}

export interface Row {
  readonly name: string
  readonly fault: number
  readonly before: Phase | undefined
  readonly during: Phase | undefined
  readonly after: Phase | undefined
  readonly newcomers: Newcomers
  readonly chatPublished: number
  readonly chatPrinted: number
  readonly startMb: number | undefined
  readonly peakMb: number | undefined
  readonly laterMb: number | undefined
  readonly lines: number
  readonly printedMb: number
  /** How the victim ended, if it did, and what it said last. */
  readonly ending: string | undefined
  readonly lastWords: readonly string[]
  readonly sent: AttackResult['sent']
}

/** The bounds of issue 18. */
export const bounds = { pingP95Ms: 250, peakMb: 300, laterOverStartMb: 20, refused: 0, chatShare: 0.9 } as const

const newcomersMax = 20
const newcomersEveryMs = 500
const newcomerPatienceMs = 5_000
const warmUps = 12
const warmUpEveryMs = 150

/** The processes around one victim. A smoke run uses one set for all rows. */
export class Scene {
  readonly victim: Victim
  readonly #good: Child
  readonly #attacker: Child
  readonly #newcomers: Child

  private constructor(victim: Victim, good: Child, attacker: Child, newcomers: Child) {
    this.victim = victim
    this.#good = good
    this.#attacker = attacker
    this.#newcomers = newcomers
  }

  static async start(over: readonly ExtraTransport[], plan: Plan): Promise<Scene> {
    const names = ['good-peer', 'attacker', 'newcomers']
    const children = names.map(name => new Child(new URL(`./${name}.ts`, import.meta.url), []))
    const [good, attacker, newcomers] = children
    if (good === undefined || attacker === undefined || newcomers === undefined) {
      throw new Error('three processes were started')
    }

    const mark = `bench-${crypto.randomUUID().slice(0, 8)}-`
    const [victim] = await Promise.all([
      Victim.start(over, mark, plan.checkout),
      ...children.map(async child => await child.next())
    ])
    const scene = new Scene(victim, good, attacker, newcomers)
    try {
      await scene.#tellGood({ do: 'connect', address: scene.addresses()[0] ?? '', mark })
      // what newcomers load and compile is not the attack's memory
      await scene.#startNewcomers(over, plan.isSmoke ? 2 : warmUps, warmUpEveryMs)
      await victim.lives(plan.isSmoke ? 0 : warmUps * warmUpEveryMs)
      await scene.#stopNewcomers()
      return scene
    } catch (error) {
      await scene.end()
      throw error
    }
  }

  /** TCP first, then WebSocket, then the transport attacked. */
  addresses(over: readonly ExtraTransport[] = []): string[] {
    const { id } = this.victim.target
    return [/\/tcp\/\d+(\/p2p|$)/, /\/ws/, ...over.map(name => new RegExp(`/${name}`))].map(pattern => {
      const address = this.victim.addresses.find(one => pattern.test(one)) ?? ''
      return address.includes('/p2p/') || id === '' ? address : `${address}/p2p/${id}`
    })
  }

  async run(attack: Attack, plan: Plan): Promise<Row> {
    const { victim } = this
    const over = attack.over === undefined ? [] : [attack.over]
    await victim.lives(plan.beforeMs)
    const before = await this.#phase()
    const startMb = victim.memoryMb
    victim.takePeakMb()
    const [lines, bytes] = [victim.lines, victim.bytes]

    const everyMs = Math.max(newcomersEveryMs, plan.attackMs / newcomersMax)
    await this.#startNewcomers(over, plan.isSmoke ? 1 : newcomersMax, everyMs, plan.isSmoke ? 1_000 : newcomerPatienceMs)
    const { sent } = await this.#attack(attack, plan)
    const during = await this.#phase()
    const newcomers = await this.#stopNewcomers()
    await victim.lives(plan.settleMs)
    const after = await this.#phase()
    const published = during?.published ?? []
    return {
      name: attack.name,
      fault: attack.fault,
      before,
      during,
      after,
      newcomers,
      chatPublished: published.length,
      chatPrinted: published.filter(number => victim.printed(number)).length,
      startMb,
      peakMb: victim.takePeakMb(),
      laterMb: victim.memoryMb,
      lines: victim.lines - lines,
      printedMb: (victim.bytes - bytes) / 1024 ** 2,
      ending: victim.ending,
      lastWords: victim.ending === undefined ? [] : victim.lastWords,
      sent
    }
  }

  async end(): Promise<void> {
    await Promise.all([
      ...[this.#good, this.#attacker, this.#newcomers].map(async child => {
        await child.end()
      }),
      this.victim.end()
    ])
  }

  async #attack(attack: Attack, plan: Plan): Promise<AttackResult> {
    const order: AttackOrder = {
      name: attack.name,
      target: this.victim.target,
      durationMs: plan.attackMs,
      isSmall: plan.isSmoke,
      seed: `${plan.seed}/${attack.name}`
    }
    this.#attacker.send(order)
    return await this.#attacker.next<AttackResult>()
  }

  async #phase(): Promise<Phase | undefined> {
    return this.victim.ending === undefined ? ((await this.#tellGood({ do: 'phase' })) as Phase) : undefined
  }

  async #tellGood(order: GoodOrder): Promise<object> {
    this.#good.send(order)
    return await this.#good.next<object>()
  }

  async #startNewcomers(
    over: readonly ExtraTransport[],
    count: number,
    everyMs: number,
    patienceMs = newcomerPatienceMs
  ): Promise<void> {
    const order: NewcomersOrder = { do: 'start', addresses: this.addresses(over), count, everyMs, patienceMs }
    this.#newcomers.send(order)
    await this.#newcomers.next()
  }

  async #stopNewcomers(): Promise<Newcomers> {
    this.#newcomers.send({ do: 'stop' } satisfies NewcomersOrder)
    return await this.#newcomers.next<Newcomers>()
  }
}

/** The bounds that a row breaks, by the name of its column. */
export function broken(row: Row): Set<'during' | 'refused' | 'chat' | 'peak' | 'later' | 'victim'> {
  const { during, newcomers, chatPublished, chatPrinted, startMb, peakMb, laterMb, ending } = row
  const checks = {
    during: typeof during?.p95Ms === 'number' && during.p95Ms > bounds.pingP95Ms,
    refused: newcomers.refused > bounds.refused,
    chat: chatPublished > 1 && chatPrinted < chatPublished * bounds.chatShare - 1,
    peak: peakMb !== undefined && peakMb > bounds.peakMb,
    later: startMb !== undefined && laterMb !== undefined && laterMb > startMb + bounds.laterOverStartMb,
    victim: ending !== undefined
  }
  return new Set((Object.keys(checks) as Array<keyof typeof checks>).filter(name => checks[name]))
}
