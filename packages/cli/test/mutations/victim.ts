/**
 * The victim, seen from outside: the command `vicinity node` in a process of its own, listening on every transport.
 *
 * Its end is an exit code and standard error; its health is a fresh stock peer's identify and ping.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createLibp2p } from 'libp2p'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { ChildProcess } from 'node:child_process'
import { within } from './patience.ts'
import { surviveVariable } from './control.ts'
import type { PeerId } from '@libp2p/interface'
import type { Answer, Order } from './control.ts'
import type { Session } from './recording.ts'

const entry = fileURLToPath(new URL('../../bin/vicinity.js', import.meta.url))
const preload = new URL('./preload.ts', import.meta.url).href

const listen = ['tcp/0', 'tcp/0/ws', 'udp/0/quic-v1', 'udp/0/webrtc-direct'].map(rest => `/ip4/127.0.0.1/${rest}`)

/** A healthy victim needs milliseconds; the machine may be busy. */
const healthMs = 30_000
const orderMs = 120_000
const exitMs = 1_000
const outputLinesMax = 400

type Body<T> = T extends { readonly id: number } ? Omit<T, 'id'> : never
export type OrderBody = Body<Order>

export interface VictimOptions {
  /** Errors that nothing caught are collected and do not end it. */
  readonly survive?: boolean
}

/** The victim ended, or does not answer. */
export class VictimError extends Error {}

export class Victim {
  readonly addresses: string[] = []
  /** The stacks of errors that it survived; see {@link VictimOptions.survive}. */
  readonly escaped: string[] = []
  /** Its lines about errors for which it ended a connection. */
  readonly faults: string[] = []
  readonly #child: ChildProcess
  readonly #output: string[] = []
  readonly #waiting = new Map<number, (answer: Answer | VictimError) => void>()
  readonly #exit: Promise<string>
  #ended: string | undefined
  #orders = 0

  private constructor(args: readonly string[], survive: boolean) {
    // Most objects live for one case.
    const nodeArgs = ['--max-semi-space-size=64', '--import', preload]
    this.#child = spawn(process.execPath, [...nodeArgs, entry, 'node', ...args], {
      // A logger for each stream asks whether standard error is a terminal.
      env: { ...cleanEnvironment(), DEBUG_COLORS: 'no', ...(survive ? { [surviveVariable]: '1' } : {}) },
      // Its standard output has lines for each connection.
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced'
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#printed(text))
    this.#child.on('message', message => {
      const answer = message as Answer
      if (answer.escaped !== undefined) {
        this.escaped.push(answer.escaped)
      }
      this.#waiting.get(answer.id)?.(answer)
    })
    this.#exit = new Promise(resolve => {
      this.#child.once('close', (code, signal) => {
        this.#ended = `exit ${code ?? signal}\n${this.#output.join('\n')}`
        for (const settle of [...this.#waiting.values()]) {
          settle(new VictimError(this.#ended))
        }
        resolve(this.#ended)
      })
    })
  }

  /** Resolves once it listens on all its addresses. */
  static async start(sessions: readonly Session[], { survive = false }: VictimOptions = {}): Promise<Victim> {
    const victim = new Victim(
      listen.flatMap(address => ['--listen', address]),
      survive
    )
    while (victim.addresses.length < listen.length && victim.#ended === undefined) {
      await Promise.race([once(victim.#child.stderr ?? process.stderr, 'data'), victim.#exit])
    }
    await victim.order({ do: 'sessions', sessions })
    return victim
  }

  get id(): PeerId {
    return peerIdFromString(/\/p2p\/(\w+)$/.exec(this.addresses[0] ?? '')?.[1] ?? '')
  }

  get ended(): string | undefined {
    return this.#ended
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** The lines that it printed last. */
  get output(): readonly string[] {
    return this.#output
  }

  /** The address of a transport: `/tcp/…`, `/ws`, `/quic-v1`, `/webrtc-direct`. */
  address(transport: RegExp): string {
    const found = this.addresses.find(address => transport.test(address))
    if (found === undefined) {
      throw new Error(`the victim does not listen on ${transport}: ${this.addresses.join(' ')}`)
    }
    return found
  }

  /** Throws a {@link VictimError} when the victim ended, or did not answer in time. */
  async order(body: OrderBody, patienceMs = orderMs): Promise<Answer> {
    if (this.#ended !== undefined) {
      throw new VictimError(this.#ended)
    }

    const id = ++this.#orders
    let timer: NodeJS.Timeout | undefined
    const answer = new Promise<Answer | VictimError>(resolve => {
      this.#waiting.set(id, resolve)
      // waits: gives up
      timer = setTimeout(() => {
        resolve(new VictimError(`no answer to ${body.do} within ${patienceMs} ms\n${this.#output.join('\n')}`))
      }, patienceMs)
      this.#child.send({ ...body, id }, () => {
        // A channel that is closed belongs to a process that ended, which is seen by itself.
      })
    }).finally(() => {
      clearTimeout(timer)
      this.#waiting.delete(id)
    })
    const result = await answer
    if (result instanceof VictimError) {
      throw result
    }
    return result
  }

  /** The number of the next order, by which a dial is given up. */
  get nextOrder(): number {
    return this.#orders + 1
  }

  /** A fresh stock peer connects, identifies it and is answered a ping. Throws a {@link VictimError} otherwise. */
  async check(): Promise<void> {
    if (this.#ended !== undefined) {
      throw new VictimError(this.#ended)
    }

    const stock = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify(), ping: ping() }
    })
    const signal = AbortSignal.timeout(healthMs)
    try {
      const identified = once(stock, 'peer:identify', { signal })
      // The dial may fail first.
      identified.catch(() => {})
      const connection = await stock.dial(multiaddr(this.address(/\/tcp\/\d+\/p2p/)), { signal })
      await Promise.all([identified, stock.services.ping.ping(connection.remotePeer, { signal })])
    } catch (error) {
      // A process that ends closes its sockets before its exit is seen.
      await within(exitMs, this.#exit)
      const reason = this.#ended ?? `unhealthy: ${String(error)}\n${this.#output.join('\n')}`
      throw new VictimError(reason, { cause: error })
    } finally {
      await stock.stop()
    }
  }

  async stop(): Promise<void> {
    if (this.#ended === undefined) {
      this.#child.kill('SIGKILL')
    }
    await this.#exit
  }

  #printed(text: string): void {
    for (const line of text.split('\n').filter(one => one !== '')) {
      const [, address] = /^Listening on (\S+)/.exec(line) ?? []
      if (address !== undefined) {
        this.addresses.push(address)
      }
      if (line.startsWith('A fault in a dependency')) {
        this.faults.push(line)
      }
      this.#output.push(line)
    }
    this.#output.splice(0, this.#output.length - outputLinesMax)
  }
}

function cleanEnvironment(): NodeJS.ProcessEnv {
  const configures = /^(VICINITY_|BOOTSTRAP_PEERS$|REMOTE_PEERS?$|LISTEN_ADDRS$|npm_|NODE_TEST_CONTEXT$|NODE_OPTIONS$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !configures.test(name)))
}
