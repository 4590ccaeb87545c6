/** The shape of an attack, its context, and parts that attacks share. */
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Random } from './wire/bytes.ts'
import { Identity } from './wire/identity.ts'
import { TcpChannel } from './wire/channel.ts'
import type { Channel } from './wire/channel.ts'
import { Session } from './wire/session.ts'
import type { SessionOptions } from './wire/session.ts'
import { WebSocketChannel } from './wire/websocket.ts'

/** Where the victim listens. All addresses are of this machine. */
export interface Target {
  readonly id: string
  readonly tcpPort: number
  readonly wsPort: number
  readonly quicPort: number
  readonly webrtcPort: number
}

export type ExtraTransport = 'quic-v1' | 'webrtc-direct'

export interface Attack {
  readonly name: string
  /** The fault of issue 18 that it belongs to; 0: it did no harm. */
  readonly fault: 0 | 1 | 2 | 3 | 4 | 5 | 6
  /** A description for `--list`. */
  readonly does: string
  /** The transport besides TCP and WebSocket that the victim listens on; newcomers use it too. */
  readonly over?: ExtraTransport
  /** Resolves or rejects at the latest when the context ends. */
  run(context: Context): Promise<void>
}

/** One attack under way. */
export class Context {
  readonly target: Target
  readonly random: Random
  /** Aborted when the attack is over. */
  readonly signal: AbortSignal
  readonly #isSmall: boolean
  readonly sent: Record<string, number> = {}
  readonly #endings = new Set<() => void>()

  constructor(target: Target, random: Random, signal: AbortSignal, isSmall: boolean) {
    this.target = target
    this.random = random
    this.signal = signal
    this.#isSmall = isSmall
  }

  get isOver(): boolean {
    return this.signal.aborted
  }

  /** How much of something: all of it, or a little where the benchmark only shows that it runs. */
  amount(full: number): number {
    return this.#isSmall ? Math.min(full, Math.max(2, Math.ceil(full / 50))) : full
  }

  /** Counts what was sent or came of it, for the report. */
  count(what: string, by = 1): void {
    this.sent[what] = (this.sent[what] ?? 0) + by
  }

  identity(): Identity {
    return Identity.random(this.random)
  }

  /** Called when the attack is over. Returns a function that takes it back. */
  atEnd(ending: () => void): () => void {
    this.#endings.add(ending)
    return () => this.#endings.delete(ending)
  }

  end(): void {
    for (const ending of this.#endings) {
      ending()
    }
    this.#endings.clear()
  }

  async tcp(port = this.target.tcpPort): Promise<TcpChannel> {
    return this.#owned(await TcpChannel.open(port))
  }

  async webSocket(): Promise<WebSocketChannel> {
    return this.#owned(await WebSocketChannel.open(this.target.wsPort))
  }

  /** A connection over TCP with noise and yamux. */
  async session(options: SessionOptions = {}, identity = this.identity()): Promise<Session> {
    return await Session.start(await this.tcp(), identity, options)
  }

  /** Lets everything else of this process run, timers too. */
  async breathe(): Promise<void> {
    await setImmediate()
  }

  async pause(ms: number): Promise<void> {
    await setTimeout(ms, undefined, { signal: this.signal }).catch(() => {})
  }

  #owned<C extends Channel>(channel: C): C {
    const forget = this.atEnd(() => channel.destroy())
    channel.socket.once('close', forget)
    return channel
  }
}

/** Does something again and again until the attack is over; a failure is counted and costs a pause. */
export async function again(context: Context, what: string, act: () => Promise<void>, pauseMs = 0): Promise<void> {
  while (!context.isOver) {
    try {
      await act()
      context.count(what)
      await (pauseMs > 0 ? context.pause(pauseMs) : context.breathe())
    } catch (error) {
      if (!context.isOver) {
        context.count(`failed: ${error instanceof Error ? error.message : String(error)}`)
        await context.pause(50)
      }
    }
  }
}

/** Does something in `count` lanes at once. */
export async function lanes(count: number, act: (lane: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, async (_, lane) => await act(lane)))
}

interface Holdable {
  readonly isClosed: boolean
}

const refilledPerSecond = 50

/** Holds `count` of something open: opens them at once, and for each that the victim closed a new one, 50 a second. */
export async function hold(context: Context, count: number, open: () => Promise<Holdable>): Promise<void> {
  const held: Holdable[] = []
  let opening = 0
  const openOne = async (): Promise<void> => {
    opening++
    try {
      const one = await open()
      held.push(one)
      context.count('opened')
    } catch (error) {
      context.count(`failed: ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      opening--
    }
  }

  for (let left = context.amount(count); left > 0; left -= 25) {
    await Promise.race([lanes(Math.min(25, left), openOne), context.pause(2_000)])
  }

  while (!context.isOver) {
    await context.pause(1_000)
    if (context.isOver) {
      return
    }

    held.splice(0, held.length, ...held.filter(one => !one.isClosed))
    context.sent['held at the end'] = held.length
    const missing = context.amount(count) - held.length - opening
    void lanes(Math.max(0, Math.min(missing, refilledPerSecond)), openOne)
  }
}
