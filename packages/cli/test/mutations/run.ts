/**
 * Runs mutation cases against the victim in batches. When it ends, or a fresh peer is not served any more, the batch is halved
 * on new victims until one case is left, which is kept as a file.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { sides, writeKept } from './cases.ts'
import { generate } from './generate.ts'
import { RawLayers } from './raw.ts'
import { recordSessions } from './recording.ts'
import { Victim, VictimError } from './victim.ts'
import type { Case, Layer, Side } from './cases.ts'
import type { Recordings } from './generate.ts'

export interface RunOptions {
  readonly seed: string
  readonly counts: Readonly<Partial<Record<Layer, number>>>
  /** The folder of failing inputs. */
  readonly keep: string
  /** A layer's side is left after so many failures. */
  readonly failuresMax: number
  /** Collect the errors that escape instead of ending at the first. */
  readonly survive: boolean
  readonly say: (line: string) => void
}

export interface Failure {
  readonly layer: Layer
  readonly side: Side
  /** Where the failing input is kept. */
  readonly file: string
  /** The victim's last words. */
  readonly reason: string
}

export interface RunResult {
  readonly cases: number
  readonly failures: readonly Failure[]
  /** Errors that the victim survived, by stack, with how often each escaped. */
  readonly escaped: ReadonlyMap<string, number>
}

const identities = 12
const batchCases: Readonly<Record<Layer, number>> = {
  muxer: 2_000,
  streams: 4_000,
  tcp: 500,
  websocket: 500,
  quic: 500,
  webrtc: 100
}

/** Whether the cases are played inside the victim's process. */
function isInMemory(layer: Layer): boolean {
  return layer === 'muxer' || layer === 'streams'
}

interface Task {
  readonly layer: Layer
  readonly side: Side
}

/** Runs at a time, each with a victim of its own, of layers that keep a processor busy. Another one has those that wait. */
const busyLanes = 2

export async function run(options: RunOptions): Promise<RunResult> {
  const started = performance.now()
  const layers = (Object.keys(options.counts) as Layer[]).filter(layer => (options.counts[layer] ?? 0) > 0)
  const raw = await RawLayers.start(layers)
  const sessions = await recordSessions(identities)
  options.say(`seed ${options.seed}; recorded in ${Math.round(performance.now() - started)} ms`)
  const result = { cases: 0, failures: [], escaped: new Map<string, number>() }
  try {
    const tasks = layers.flatMap(layer => sides.map(side => ({ layer, side })))
    const busy = tasks.filter(({ layer }) => isInMemory(layer)).toReversed()
    const waiting = tasks.filter(({ layer }) => !isInMemory(layer))
    const lanes = [...Array.from({ length: busyLanes }, () => busy), waiting]
    await Promise.all(lanes.map(async lane => await new Runner(options, { sessions, raw }, result).run(lane)))
  } finally {
    await raw.stop()
  }
  return result
}

/** Plays the cases of a kept file; gives the victim's end, or undefined when it lives. */
export async function replay(cases: readonly Case[]): Promise<string | undefined> {
  const raw = await RawLayers.start(cases.map(({ layer }) => layer))
  const sessions = await recordSessions(identities)
  try {
    return await tryBatch(cases, { sessions, raw })
  } finally {
    await raw.stop()
  }
}

/** The settings of a batch. */
interface Means {
  readonly sessions: Recordings['sessions']
  readonly raw: RawLayers
}

interface Collected {
  cases: number
  readonly failures: Failure[]
  readonly escaped: Map<string, number>
}

class Runner {
  readonly #options: RunOptions
  readonly #means: Means
  readonly #result: Collected
  #victim: Victim | undefined

  constructor(options: RunOptions, means: Means, result: Collected) {
    this.#options = options
    this.#means = means
    this.#result = result
  }

  /** Takes tasks from the queue until there are none. */
  async run(queue: Task[]): Promise<void> {
    try {
      for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
        await this.#runSide(task.layer, task.side, Math.ceil((this.#options.counts[task.layer] ?? 0) / 2))
      }
    } finally {
      await this.#end()
    }
  }

  async #runSide(layer: Layer, side: Side, count: number): Promise<void> {
    const { seed, failuresMax, say } = this.#options
    const recordings = { sessions: this.#means.sessions, raw: this.#means.raw.recordings }
    const started = performance.now()
    const left: Case[] = []
    let failures = 0
    for (let first = 0; first < count && failures < failuresMax; first += batchCases[layer]) {
      const length = Math.min(batchCases[layer], count - first)
      const batch = Array.from({ length }, (_, at) => generate(seed, recordings, layer, side, first + at))
      failures += await this.#runBatch(layer, side, batch, left)
    }
    if (left.length > 0) {
      // The victim would not talk about them: another one may.
      await this.#end()
      failures += await this.#runBatch(layer, side, left.splice(0), left)
    }
    const played = count - left.length
    for (const [protocol, { length }] of Map.groupBy(left, one => one.protocol)) {
      say(`${length} cases of ${protocol} did not reach the victim`)
    }
    this.#result.cases += played
    const seconds = (performance.now() - started) / 1_000
    await this.#report()
    const pace = `${seconds.toFixed(1)} s, ${Math.round(played / seconds)} a second`
    say(`${layer}, the victim ${side}: ${played} of ${count} cases in ${pace}, ${failures} failures`)
  }

  /** Gives 1 when the victim failed, else 0; adds to `left` what did not reach it. */
  async #runBatch(layer: Layer, side: Side, batch: readonly Case[], left: Case[]): Promise<0 | 1> {
    const outcome = await this.#play(batch)
    if (outcome instanceof VictimError) {
      await this.#keep(layer, side, batch, outcome)
      return 1
    }

    left.push(...batch.filter(({ index }) => outcome.includes(index)))
    return 0
  }

  /** Says what the victim has taken, and what escaped its dependencies. */
  async #report(): Promise<void> {
    const { report } = (await this.#victim?.order({ do: 'report' })) ?? {}
    for (const fault of this.#victim?.faults.splice(0) ?? []) {
      this.#options.say(`the victim: ${fault}`)
    }
    if (report !== undefined) {
      const { cpuMs, memoryBytes, escapes } = report
      const memory = `${Math.round(memoryBytes / 1_000_000)} MB`
      this.#options.say(`the victim: ${Math.round(cpuMs / 1_000)} s of processor time, ${memory}, ${escapes} escaped errors`)
    }
  }

  async #end(): Promise<void> {
    await this.#victim?.stop()
    this.#victim = undefined
  }

  /** Gives the indexes of the cases that did not reach the victim, or its last words. */
  async #play(batch: readonly Case[]): Promise<readonly number[] | VictimError> {
    this.#victim ??= await Victim.start(this.#means.sessions, { survive: this.#options.survive })
    const { escaped } = this.#victim
    try {
      return await playBatch(this.#victim, batch, this.#means.raw)
    } catch (error) {
      if (!(error instanceof VictimError)) {
        throw error
      }
      await this.#end()
      return error
    } finally {
      for (const kind of escaped.splice(0).map(kindOf)) {
        this.#result.escaped.set(kind, (this.#result.escaped.get(kind) ?? 0) + 1)
      }
    }
  }

  async #keep(layer: Layer, side: Side, batch: readonly Case[], first: VictimError): Promise<void> {
    const { keep, seed, say } = this.#options
    const { cases, reason } = await narrow(batch, first.message, this.#means)
    mkdirSync(keep, { recursive: true })
    const file = join(keep, `${layer}-${side}-${seed}-${cases[0]?.index ?? 0}.json`)
    writeKept(file, { seed, failure: reason, cases })
    this.#result.failures.push({ layer, side, file, reason })
    say(`FAILED: ${cases.length} of ${batch.length} cases end the victim; kept in ${file}\n${tail(reason)}`)
    say(`again: npm run mutations -- --replay ${file}`)
  }
}

/** A stack without its numbers and its later frames, by which equal errors are known. */
function kindOf(stack: string): string {
  const [message = '', ...frames] = stack.split('\n')
  return [message.replaceAll(/\d+/g, '…'), ...frames.slice(0, 6).map(frame => frame.replace(/:\d+:\d+\)?$/, ''))].join('\n')
}

function tail(text: string): string {
  return text.split('\n').slice(0, 1).concat(text.split('\n').slice(-25)).join('\n')
}

/** Gives the indexes of the cases that did not reach the victim, which has to be healthy then. */
async function playBatch(victim: Victim, batch: readonly Case[], raw: RawLayers): Promise<readonly number[]> {
  const [layer] = batch.map(one => one.layer)
  let left: readonly number[] = []
  if (layer === undefined || isInMemory(layer)) {
    left = await playInMemory(victim, batch)
  } else {
    await raw.play(victim, batch)
  }
  await victim.check()
  return left
}

async function playInMemory(victim: Victim, cases: readonly Case[]): Promise<readonly number[]> {
  const { left, error } = await victim.order({ do: 'play', cases })
  if (left === undefined) {
    throw new Error(`the cases were not played: ${error}`)
  }
  return left
}

/** Plays the cases to a new victim; gives its last words, or undefined when it lives. */
async function tryBatch(cases: readonly Case[], { sessions, raw }: Means): Promise<string | undefined> {
  const victim = await Victim.start(sessions)
  try {
    await playBatch(victim, cases, raw)
    return undefined
  } catch (error) {
    if (error instanceof VictimError) {
      return error.message
    }
    throw error
  } finally {
    await victim.stop()
  }
}

/** Tries of a batch: on some transports the order of events decides whether an input ends the victim. */
const triesMax = 2

/** Halves the cases as long as a half alone ends the victim. */
async function narrow(batch: readonly Case[], reason: string, means: Means): Promise<{ cases: readonly Case[]; reason: string }> {
  let [cases, words] = [batch, reason]
  for (let tries = 0; cases.length > 1 && tries < triesMax; tries++) {
    const middle = Math.ceil(cases.length / 2)
    for (const half of [cases.slice(0, middle), cases.slice(middle)]) {
      const failure = await tryBatch(half, means)
      if (failure !== undefined) {
        ;[cases, words, tries] = [half, failure, -1]
        break
      }
    }
  }
  return { cases, reason: words }
}
