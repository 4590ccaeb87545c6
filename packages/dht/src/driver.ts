import type { PeerId } from '@libp2p/interface'
import { defaultConfig, Kademlia, limits, Rng, TraceRecorder, unreachable } from '@vicinity/kademlia'
import type {
  Contact,
  FailureReason,
  KademliaConfig,
  KademliaInput,
  KademliaOutput,
  Op,
  Operation,
  Outcome,
  ProgressEvent,
  Request,
  Response,
  Rpc,
  TraceSink
} from '@vicinity/kademlia'
import type { ContactBook } from './contacts.ts'
import { multiaddrsOf, peerIdOf } from './contacts.ts'
import type { DialFilter } from './addresses/dial-filter.ts'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from './messages.ts'
import type { Metrics } from './metrics.ts'
import { findPreimage } from './preimage.ts'
import { Alarm } from './streams/clock.ts'
import type { Clock } from './streams/clock.ts'
import { RequestError } from './streams/errors.ts'
import type { StreamPool } from './streams/pool.ts'
import type { RequestHandler } from './streams/server.ts'

export interface DriverComponents {
  readonly self: Contact
  readonly book: ContactBook
  readonly pool: StreamPool
  readonly dialFilter: DialFilter
  readonly clock: Clock
  readonly metrics: Metrics
  /** Where what the engine is told and decides is written down. */
  readonly trace?: TraceSink | undefined
}

/** Who hears of an operation that runs. */
export interface OperationListener {
  progress(event: ProgressEvent): void
  finished(outcome: Outcome): void
}

/** What the engine says of itself. */
export type Report = Extract<KademliaOutput, { type: 'table' | 'upkeep' }>

/**
 * Runs the engine on a real network: gives it the time, its inputs and one timer, and does what its outputs ask for.
 * It decides nothing: whom to ask, when to give up and what to answer is the engine's.
 */
export class Driver implements RequestHandler<Request> {
  /** The engine, to be read; inputs go through {@link handle}. */
  readonly machine: Kademlia
  /** The engine, or what stands before it and records. */
  readonly #engine: Kademlia | TraceRecorder
  readonly #components: DriverComponents
  readonly #report: (report: Report) => void
  readonly #alarm: Alarm
  readonly #zero: number
  readonly #stopping = new AbortController()
  // bounded by the engine's requests in flight
  readonly #inFlight = new Map<Rpc, AbortController>()
  // bounded by limits.operations
  readonly #listeners = new Map<Op, OperationListener>()
  #nextOp: Op = 1
  #nextCall = 1
  #draining = false
  /** The engine's answer to the request that is being handled: it comes before `handle` returns. */
  #answer: Extract<KademliaOutput, { type: 'reply' | 'refuse' | 'silence' }> | undefined

  constructor(components: DriverComponents, config: Partial<KademliaConfig>, report: (report: Report) => void) {
    this.#components = components
    this.#report = report
    this.#alarm = new Alarm(components.clock, () => {
      this.#ring()
    })
    this.#zero = components.clock.now()
    const seed = crypto.getRandomValues(new Uint32Array(4)).join('-')
    const machine = new Kademlia(components.self, config, new Rng(seed))
    const { self, trace } = components
    const header = { startedAt: Date.now(), seed, self, config: { ...defaultConfig, ...config } }
    this.machine = machine
    this.#engine = trace === undefined ? machine : new TraceRecorder(machine, header, trace)
    this.handle({ type: 'clock', wallAtZero: Date.now() - this.now() })
  }

  /** Milliseconds since the driver was made, as the engine counts them. */
  now(): number {
    return Math.floor(this.#components.clock.now() - this.#zero)
  }

  /** The sizes of all collections, for leak checks. */
  get sizes(): Readonly<Record<string, number>> {
    return { ...this.machine.sizes, inFlight: this.#inFlight.size, listeners: this.#listeners.size }
  }

  /** Gives the engine an input and does what it asks for in return. */
  handle(input: KademliaInput): void {
    this.#engine.handle(this.now(), input)
    if (this.#draining) {
      // an output's handler led here: the loop below goes on with what this input has caused
      return
    }

    this.#draining = true
    try {
      for (let output = this.#engine.poll(); output !== undefined; output = this.#engine.poll()) {
        this.#perform(output)
      }
    } finally {
      this.#draining = false
      this.#setAlarm()
    }
  }

  /** Starts an operation. @returns what cancels it: the listener then hears of its end. */
  start(operation: Operation, listener: OperationListener): () => void {
    const op = this.#nextOp++
    this.#listeners.set(op, listener)
    this.handle({ type: 'start', op, operation })
    return () => {
      if (this.#listeners.has(op)) {
        this.handle({ type: 'cancel', op })
      }
    }
  }

  /** Ends everything that runs. The driver cannot be started again. */
  stop(): void {
    this.handle({ type: 'stop' })
    if (this.#engine instanceof TraceRecorder) {
      this.#engine.end()
    }

    this.#stopping.abort()
    this.#alarm.clear()
  }

  decode(body: Uint8Array): Request {
    return decodeRequest(body, this.#components.book)
  }

  kind(request: Request): 'request' | 'provide' {
    return request.type === 'ADD_PROVIDER' ? 'provide' : 'request'
  }

  /** The framed answer to a request; throws for what is refused, which resets its stream. */
  answer(message: Request, from: PeerId): Uint8Array | undefined {
    const call = this.#nextCall++
    this.#components.metrics.inbound(message.type)
    this.handle({ type: 'request', call, from: this.#components.book.of(from), message })
    const answer = this.#answer
    this.#answer = undefined
    switch (answer?.type) {
      case 'reply':
        return encodeResponse(answer.message, message.type === 'PING' ? noKey : message.target.bytes)
      case 'silence':
        return undefined
      case 'refuse':
      case undefined:
        this.#components.metrics.inboundError(message.type)
        throw new RequestError('local', `a ${message.type} is not answered: ${answer?.reason ?? 'stopped'}`)
    }
  }

  #perform(output: KademliaOutput): void {
    switch (output.type) {
      case 'send':
        void this.#send(output)
        break
      case 'abandon':
        this.#inFlight.get(output.rpc)?.abort()
        this.#inFlight.delete(output.rpc)
        break
      case 'reply':
      case 'refuse':
      case 'silence':
        this.#answer = output
        break
      case 'target':
        void this.#target(output)
        break
      case 'upkeep':
      case 'table':
        this.#report(output)
        break
      case 'progress':
        this.#listeners.get(output.op)?.progress(output.event)
        break
      case 'finished': {
        const listener = this.#listeners.get(output.op)
        this.#listeners.delete(output.op)
        listener?.finished(output.outcome)
        break
      }
      default:
        unreachable(output)
    }
  }

  async #send({ rpc, to, message }: Extract<KademliaOutput, { type: 'send' }>): Promise<void> {
    const controller = new AbortController()
    this.#inFlight.set(rpc, controller)
    this.#components.metrics.outbound(message.type)
    const ending = await this.#exchange(rpc, to, message, controller.signal)
    // an abandoned request has ended already, as far as the engine is concerned
    if (this.#inFlight.delete(rpc)) {
      if (ending.type === 'failure') {
        this.#components.metrics.outboundError(message.type)
      }
      this.handle(ending)
    }
  }

  async #exchange(
    rpc: Rpc,
    to: Extract<KademliaOutput, { type: 'send' }>['to'],
    message: Request,
    signal: AbortSignal
  ): Promise<Extract<KademliaInput, { type: 'response' | 'failure' }>> {
    try {
      const { pool, dialFilter, book } = this.#components
      const peerId = peerIdOf(to.contact)
      const all = multiaddrsOf(to)
      const addresses = dialFilter.needed(all) ? await dialFilter.filter(all, signal) : all
      const reply = await pool.request(peerId, addresses, encodeRequest(message), {
        signal,
        maxReplyBytes: limits.replyFrameBytes,
        onOpened: () => {
          this.handle({ type: 'opened', rpc })
        }
      })
      return { type: 'response', rpc, message: decodeReply(reply, book) }
    } catch (error) {
      return { type: 'failure', rpc, reason: reasonOf(error) }
    }
  }

  async #target({ io, prefix }: Extract<KademliaOutput, { type: 'target' }>): Promise<void> {
    const target = await findPreimage(prefix, this.#stopping.signal)
    if (target !== undefined) {
      this.handle({ type: 'targeted', io, target })
    }
  }

  #ring(): void {
    // a clock that was set, or a machine that slept, must not make records or saved entries expire
    this.#engine.handle(this.now(), { type: 'clock', wallAtZero: Date.now() - this.now() })
    this.handle({ type: 'tick' })
  }

  #setAlarm(): void {
    const { deadline } = this.machine
    if (deadline !== Infinity) {
      this.#alarm.setFor(this.#zero + Math.min(deadline, this.now() + longestTimer))
    }
  }
}

/** Timers take 31 bits of milliseconds; an early tick is a no-op. */
const longestTimer = 2 ** 31 - 1
const noKey = new Uint8Array(0)

function decodeReply(body: Uint8Array, book: ContactBook): Response {
  try {
    return decodeResponse(body, book)
  } catch (error) {
    throw new RequestError('malformed', 'the answer cannot be read', error)
  }
}

function reasonOf(error: unknown): FailureReason {
  return error instanceof RequestError ? error.reason : 'local'
}
