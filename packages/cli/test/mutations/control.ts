/**
 * The mutation test's part inside the victim: plays cases to it over connections in memory, and lets it dial.
 *
 * An {@link Order} arrives on the IPC channel and is answered by one {@link Answer} with its number.
 */
import { multiaddr } from '@multiformats/multiaddr'
import { componentsOf } from './components.ts'
import { playSession } from './session-player.ts'
import { StreamPlayer } from './stream-player.ts'
import type { Libp2p } from '@libp2p/interface'
import type { Case } from './cases.ts'
import type { Session } from './recording.ts'

export type Order =
  | { readonly id: number; readonly do: 'sessions'; readonly sessions: readonly Session[] }
  /** Plays cases of the layers `muxer` and `streams`, as many at once as there are identities. */
  | { readonly id: number; readonly do: 'play'; readonly cases: readonly Case[] }
  /** Dials, and hangs up when connected. */
  | { readonly id: number; readonly do: 'dial'; readonly address: string }
  /** Dials and stays connected. */
  | { readonly id: number; readonly do: 'connect'; readonly address: string }
  /** Gives a dial up. */
  | { readonly id: number; readonly do: 'giveUp'; readonly dial: number }
  | { readonly id: number; readonly do: 'report' }

export interface Report {
  readonly cpuMs: number
  readonly memoryBytes: number
  /** Errors that a dependency did not catch and that the peer ended a connection for. */
  readonly escapes: number
}

export const surviveVariable = 'VICINITY_MUTATIONS_SURVIVE'

export interface Answer {
  /** 0 is no answer but news. */
  readonly id: number
  /** The stack of an error that nothing caught. */
  readonly escaped?: string
  /** Why the order failed; of a dial, why it did. */
  readonly error?: string
  /** Answer to `play`: the indexes of the cases that did not reach the victim. */
  readonly left?: readonly number[]
  /** Answer to `report`: the processor time and memory of the victim since its start. */
  readonly report?: Report
}

export function serve(node: Libp2p): void {
  if (process.send === undefined) {
    return
  }

  const control = new Control(node)
  process.on('message', message => {
    const order = message as Order
    control.obey(order).then(
      result => process.send?.({ ...result, id: order.id }),
      (error: unknown) => process.send?.({ id: order.id, error: String(error) })
    )
  })
  if (process.env[surviveVariable] !== undefined) {
    surviveErrors()
  }
  // The test ended, however it did.
  process.on('disconnect', () => process.exit())
}

/**
 * For a survey: every error that escapes is told, and the victim goes on, in whatever state that leaves it.
 */
function surviveErrors(): void {
  process.setUncaughtExceptionCaptureCallback(error => {
    process.send?.({ id: 0, escaped: error instanceof Error ? (error.stack ?? String(error)) : String(error) })
  })
}

async function report(): Promise<Report> {
  // Not at the start: this module is loaded while that one is.
  const { escapes } = await import('@vicinity/peer')
  const { user, system } = process.cpuUsage()
  return { cpuMs: (user + system) / 1_000, memoryBytes: process.memoryUsage.rss(), escapes: escapes() }
}

class Control {
  readonly #node: Libp2p
  readonly #dials = new Map<number, AbortController>()
  #sessions: readonly Session[] = []

  constructor(node: Libp2p) {
    this.#node = node
  }

  async obey(order: Order): Promise<Omit<Answer, 'id'>> {
    switch (order.do) {
      case 'sessions':
        this.#sessions = order.sessions
        return {}
      case 'play':
        return { left: await this.#play(order.cases) }
      case 'dial':
        return await this.#dial(order.id, order.address)
      case 'connect':
        await this.#node.dial(multiaddr(order.address), { force: true })
        return {}
      case 'giveUp':
        this.#dials.get(order.dial)?.abort()
        return {}
      case 'report':
        return { report: await report() }
    }
  }

  async #play(cases: readonly Case[]): Promise<number[]> {
    const components = componentsOf(this.#node)
    const sessions = cases.filter(({ layer, living }) => layer === 'muxer' && living !== true)
    const queues = Map.groupBy(sessions, ({ identity }) => identity)
    await Promise.all(
      Array.from(queues.values(), async queue => {
        for (const one of queue) {
          await playSession(components, one, this.#keyOf(one.identity))
        }
      })
    )
    const others = cases.filter(one => !sessions.includes(one))
    const player = new StreamPlayer(this.#node, components, this.#sessions)
    return (await player.play(others)).map(({ index }) => index)
  }

  #keyOf(identity: string): Uint8Array {
    return this.#sessions.find(session => session.identity === identity)?.key ?? new Uint8Array(0)
  }

  async #dial(id: number, address: string): Promise<Omit<Answer, 'id'>> {
    const controller = new AbortController()
    this.#dials.set(id, controller)
    try {
      const connection = await this.#node.dial(multiaddr(address), { signal: controller.signal })
      connection.abort(new Error('the dial was all that was wanted'))
      return {}
    } catch (error) {
      return { error: String(error) }
    } finally {
      this.#dials.delete(id)
    }
  }
}
