import { assert, Kademlia, unreachable } from '@vicinity/kademlia'
import type {
  FailureReason,
  KademliaConfig,
  KademliaInput,
  KademliaOutput,
  Millis,
  Mode,
  Op,
  Operation,
  Outcome,
  PeerInfo,
  ProgressEvent,
  Request,
  Response,
  Rpc
} from '@vicinity/kademlia'
import type { Behaviour } from './behaviour.ts'
import { peerAfter, targetAt } from './contacts.ts'
import type { Manner, SimulatedContact } from './contacts.ts'
import type { World } from './world.ts'

export interface NodeInit extends Manner {
  readonly mode: Mode
  /** Whether others can dial it; what is not reachable is reached only over the connections it opens itself. */
  readonly reachable: boolean
  /** The network it begins in, where there are two. */
  readonly realm?: number | undefined
  /** What it does with requests instead of answering them honestly. */
  readonly behaviour?: Behaviour | undefined
}

/** Who hears of an operation that runs. */
export interface OperationListener {
  progress?(event: ProgressEvent, now: Millis): void
  finished(outcome: Outcome, now: Millis): void
}

/**
 * One node of a world: an engine, and the driver that stands for its sockets and timers. It decides nothing.
 *
 * A node is *up* (it has an engine) or *down*; it may come up again, with a new engine and the same identity. Whatever was
 * under way when it went down is meant for the engine it had: each life has an epoch, and only its own mail arrives.
 */
export class Node {
  readonly index: number
  readonly contact: SimulatedContact
  readonly init: NodeInit
  /** As others hear of it now. */
  info: PeerInfo
  /** Its engine, while it is up and awake. */
  machine: Kademlia | undefined
  epoch = 0
  /** How often it has slept. */
  sleeps = 0
  /** Requests that it has sent and received in all its lives, and the bytes of all messages. */
  sent = 0
  received = 0
  bytesSent = 0
  bytesReceived = 0
  readonly #world: World
  // bounded by limits.operations
  readonly #listeners = new Map<Op, OperationListener>()
  #nextOp: Op = 1
  #nextCall = 1
  #alarm = Infinity
  #draining = false
  #moves = 0
  /** While it sleeps: its engine, and whom it was connected to. */
  #asleep: { readonly machine: Kademlia; readonly peers: readonly Node[] } | undefined

  constructor(world: World, contact: SimulatedContact, init: NodeInit) {
    this.#world = world
    this.index = contact.index
    this.contact = contact
    this.init = init
    this.info = contact
  }

  /** Whether it lives and is awake. */
  get up(): boolean {
    return this.machine !== undefined
  }

  /** How often it has got another address. */
  get moves(): number {
    return this.#moves
  }

  /** Which network it is of; there is one but where two have yet to meet. */
  get realm(): number {
    return this.init.realm ?? 0
  }

  get asleep(): boolean {
    return this.#asleep !== undefined
  }

  get serves(): boolean {
    return this.machine?.mode === 'server'
  }

  /** Whether a lookup should find it: it serves, it can be reached, and it answers, honestly or not. */
  get findable(): boolean {
    return this.serves && this.init.reachable && this.init.behaviour?.findable !== false
  }

  get honest(): boolean {
    return this.init.behaviour === undefined
  }

  /** Gives it an engine, and with it a life. */
  start(config: Partial<KademliaConfig>): void {
    this.epoch++
    this.#alarm = Infinity
    this.#nextOp = 1
    const rng = this.#world.rng.split(`machine/${this.index}/${this.epoch}`)
    this.machine = new Kademlia(this.contact, { ...config, mode: this.init.mode }, rng)
    this.handle({ type: 'clock', wallAtZero: wallAtZero })
    this.handle({ type: 'self', addresses: this.info.addresses })
  }

  /** Ends its life as a crash does: nothing is said to anybody, and whatever it had begun is lost. */
  crash(): void {
    this.machine = undefined
    this.#asleep = undefined
    this.#listeners.clear()
  }

  /** Ends its life in order: its operations end as `stopped`, and the engine it had is shown to whoever watches. */
  stop(): void {
    const { machine } = this
    this.handle({ type: 'stop' })
    this.crash()
    if (machine !== undefined) {
      this.#world.observer?.stopped(this, machine)
    }
  }

  /** Stands still, engine and timers, until it is resumed. */
  suspend(peers: readonly Node[]): void {
    const { machine } = this
    this.sleeps++
    this.#asleep = machine && { machine, peers }
    this.machine = undefined
  }

  /** Has an engine again, which has heard nothing yet. @returns whom it was connected to. */
  resume(): readonly Node[] {
    const asleep = this.#asleep
    this.machine = asleep?.machine ?? this.machine
    this.#asleep = undefined
    return asleep?.peers ?? []
  }

  /** Its timers ring, all late ones at once. */
  wake(): void {
    this.#alarm = Infinity
    this.handle({ type: 'tick' })
  }

  /** Has another address from now on. */
  readdress(): void {
    this.info = peerAfter(++this.#moves, this.contact, this.init)
    this.handle({ type: 'self', addresses: this.info.addresses })
  }

  /** Starts an operation, of which the listener hears. */
  operate(operation: Operation, listener: OperationListener): Op {
    const op = this.#nextOp++
    this.#listeners.set(op, listener)
    this.handle({ type: 'start', op, operation })
    return op
  }

  handle(input: KademliaInput): void {
    const { machine } = this
    if (machine === undefined) {
      return
    }

    this.#give(machine, input)
    if (this.#draining) {
      // something that an output led to: the loop below goes on with what this input has caused
      return
    }

    this.#draining = true
    const { observer } = this.#world
    for (let output = machine.poll(); output !== undefined; output = machine.poll()) {
      observer?.output(this, output)
      this.#perform(output)
    }
    this.#draining = false
    observer?.settled(this, machine)
    this.#setAlarm(machine)
  }

  /** Something came for the engine of one life: see {@link tagOf}. */
  ended(tag: number, ending: { type: 'response'; message: Response } | { type: 'failure'; reason: FailureReason }): void {
    const rpc = this.rpcOf(tag)
    if (rpc !== undefined) {
      const input: KademliaInput =
        ending.type === 'response'
          ? { type: 'response', rpc, message: ending.message }
          : { type: 'failure', rpc, reason: ending.reason }
      this.handle(input)
    }
  }

  /** The engine's answer to a request; `undefined` if it gives none. It moves no deadline of ours, and causes nothing else. */
  serve(from: PeerInfo, message: Request): Response | undefined {
    const { machine } = this
    if (machine === undefined) {
      return undefined
    }

    assert(!this.#draining, 'a request is an event of its own')
    this.#give(machine, { type: 'request', call: this.#nextCall++, from: from.contact, message })
    const output = machine.poll()
    assert(output !== undefined && machine.poll() === undefined, 'it says one thing to a request')
    const { observer } = this.#world
    observer?.output(this, output)
    observer?.settled(this, machine)
    return output.type === 'reply' ? output.message : undefined
  }

  /** What a request's mail bears, so that a later life does not take it for its own. */
  tagOf(rpc: Rpc): number {
    return this.epoch * lifeSpan + rpc
  }

  /** The request that mail is for, if it is this life's. */
  rpcOf(tag: number): Rpc | undefined {
    const rpc = tag - this.epoch * lifeSpan
    return this.machine !== undefined && rpc >= 0 && rpc < lifeSpan ? rpc : undefined
  }

  ring(at: Millis): void {
    if (at === this.#alarm && this.machine !== undefined) {
      this.#alarm = Infinity
      if (this.machine.deadline <= this.#world.now) {
        this.handle({ type: 'tick' })
      } else {
        this.#setAlarm(this.machine)
      }
    }
  }

  #give(machine: Kademlia, input: KademliaInput): void {
    this.#world.observer?.input(this, input)
    machine.handle(this.#world.now, input)
  }

  #perform(output: KademliaOutput): void {
    switch (output.type) {
      case 'send':
        this.sent++
        this.#world.network.send(this, this.tagOf(output.rpc), output.to, output.message)
        break
      case 'target':
        this.handle({ type: 'targeted', io: output.io, target: targetAt(this.#world.keyBelow(output.prefix)) })
        break
      case 'progress':
        this.#listeners.get(output.op)?.progress?.(output.event, this.#world.now)
        break
      case 'finished': {
        const listener = this.#listeners.get(output.op)
        this.#listeners.delete(output.op)
        listener?.finished(output.outcome, this.#world.now)
        break
      }
      case 'abandon':
      case 'reply':
      case 'refuse':
      case 'silence':
      case 'table':
      case 'upkeep':
        break
      default:
        unreachable(output)
    }
  }

  #setAlarm(machine: Kademlia): void {
    const { deadline } = machine
    if (deadline < this.#alarm) {
      this.#alarm = deadline
      this.#world.alarm(this, Math.max(deadline, this.#world.now))
    }
  }
}

/** More requests than any life has. */
const lifeSpan = 4_294_967_296

/** What wall-clock time a world begins at: any will do, and it never jumps unless a fault says so. */
export const wallAtZero = 1_700_000_000_000
