import assert from 'node:assert/strict'
import { Kademlia, unreachable } from '@vicinity/kademlia'
import type {
  Call,
  Contact,
  FailureReason,
  KademliaConfig,
  KademliaInput,
  KademliaOutput,
  LookupResult,
  Op,
  Operation,
  Outcome,
  PeerInfo,
  ProgressEvent,
  Request,
  Response,
  Rpc,
  Target
} from '@vicinity/kademlia'
import type { Network } from './network.ts'

export type Sent = Extract<KademliaOutput, { type: 'send' }>
type Said = Extract<KademliaOutput, { type: 'table' | 'upkeep' }>

/** How an operation went: its progress so far, and its outcome when it has one. */
export interface Run {
  readonly op: Op
  readonly progress: ProgressEvent[]
  outcome: Outcome | undefined
}

/**
 * One engine and its driver. Holds the engine to its contract all the while: every send has one ending, every start one
 * `finished`, and its deadline is never in the past, which would be a timer that rings without end.
 *
 * `up`: well. `silent`: it takes connections and says nothing. `dead`: it is gone, and dials are refused. `offline`: it
 * runs, but its network does not.
 */
export class Node {
  readonly machine: Kademlia
  readonly known: PeerInfo
  readonly connections = new Set<Node>()
  /** What it said of its table and its upkeep. */
  readonly said: Said[] = []
  /** How many requests it has sent to each peer. */
  readonly asked = new Map<string, number>()
  state: 'up' | 'silent' | 'dead' | 'offline' = 'up'
  readonly #network: Network
  readonly #open = new Set<Rpc>()
  readonly #runs = new Map<Op, Run>()
  readonly #calls = new Map<Call, (answer: Response | 'unsupported') => void>()
  #lastRpc: Rpc = 0
  #nextOp: Op = 1
  #nextCall: Call = 1
  #alarm = Infinity

  constructor(network: Network, known: PeerInfo, config: Partial<KademliaConfig>) {
    this.#network = network
    this.known = known
    this.machine = new Kademlia(known.contact, config, network.rng.split(known.contact.id))
    this.handle({ type: 'clock', wallAtZero: 1_700_000_000_000 })
    this.handle({ type: 'self', addresses: known.addresses })
  }

  get contact(): Contact {
    return this.known.contact
  }

  get name(): string {
    return this.contact.id
  }

  handle(input: KademliaInput): void {
    if (this.state === 'silent' || this.state === 'dead') {
      return
    }

    this.machine.handle(this.#network.now, input)
    for (let output = this.machine.poll(); output !== undefined; output = this.machine.poll()) {
      this.#perform(output)
    }
    assert(input.type !== 'tick' || this.machine.deadline > this.#network.now, 'a tick does what is due')
    this.#setAlarm()
  }

  start(operation: Operation): Run {
    const run: Run = { op: this.#nextOp++, progress: [], outcome: undefined }
    this.#runs.set(run.op, run)
    this.handle({ type: 'start', op: run.op, operation })
    return run
  }

  /** Runs the network until this node's lookup has ended. */
  lookup(target: Target): LookupResult {
    const run = this.start({ type: 'closest', target })
    this.#network.runUntil(() => run.outcome !== undefined, 61_000, 'a lookup ends')
    assert(run.outcome?.type === 'lookup')
    return run.outcome.result
  }

  /** Changes what it is, with what that does to its connections. */
  become(state: Node['state']): void {
    this.state = state
    for (const other of state === 'dead' || state === 'offline' ? [...this.connections] : []) {
      this.#network.disconnect(this, other)
    }
    this.handle({ type: 'tick' })
  }

  /** Ends the engine; nothing may be open afterwards. */
  stop(): void {
    this.handle({ type: 'stop' })
    assert.equal(this.#open.size, 0, 'every request has ended')
    assert.equal(this.#runs.size, 0, 'every operation has ended')
    assert.equal(this.machine.deadline, Infinity)
  }

  setMode(mode: KademliaConfig['mode']): void {
    this.handle({ type: 'mode', mode })
    for (const other of this.connections) {
      this.#network.at(this.#network.now + this.#network.latency(this, other), () => other.identify(this))
    }
  }

  identify(other: Node): void {
    if (this.connections.has(other)) {
      this.handle({ type: 'peer', peer: other.known, state: other.machine.mode === 'server' ? 'serving' : 'not-serving' })
    }
  }

  opened(rpc: Rpc): void {
    if (this.#open.has(rpc)) {
      this.handle({ type: 'opened', rpc })
    }
  }

  answered(rpc: Rpc, answer: Response | 'unsupported'): void {
    if (answer === 'unsupported') {
      this.fail(rpc, 'unsupported')
    } else if (this.#open.delete(rpc)) {
      this.handle({ type: 'response', rpc, message: answer })
    }
  }

  fail(rpc: Rpc, reason: FailureReason): void {
    if (this.#open.delete(rpc)) {
      this.handle({ type: 'failure', rpc, reason })
    }
  }

  serve(from: Contact, message: Request, answer: (answer: Response | 'unsupported') => void): void {
    const call = this.#nextCall++
    this.#calls.set(call, answer)
    this.handle({ type: 'request', call, from, message })
  }

  #perform(output: KademliaOutput): void {
    switch (output.type) {
      case 'send':
        assert(output.rpc > this.#lastRpc, 'a request has an id of its own')
        this.#lastRpc = output.rpc
        this.#open.add(output.rpc)
        this.asked.set(output.to.contact.id, (this.asked.get(output.to.contact.id) ?? 0) + 1)
        this.#network.exchange(this, output)
        break
      case 'abandon':
        assert(this.#open.delete(output.rpc), 'only what is open is abandoned')
        break
      case 'reply':
        this.#reply(output.call, output.message)
        break
      case 'refuse':
        this.#reply(output.call, 'unsupported')
        break
      case 'silence':
        this.#calls.delete(output.call)
        break
      case 'target': {
        const { io, prefix } = output
        this.#network.at(this.#network.now, () =>
          this.handle({ type: 'targeted', io, target: this.#network.preimages.find(prefix) })
        )
        break
      }
      case 'table':
      case 'upkeep':
        this.said.push(output)
        break
      case 'progress':
        this.#run(output.op).progress.push(output.event)
        break
      case 'finished':
        this.#run(output.op).outcome = output.outcome
        this.#runs.delete(output.op)
        break
      default:
        unreachable(output)
    }
  }

  #run(op: Op): Run {
    const run = this.#runs.get(op)
    assert(run !== undefined, 'what is said of an operation is said while it runs')
    return run
  }

  #reply(call: Call, answer: Response | 'unsupported'): void {
    this.#calls.get(call)?.(answer)
    this.#calls.delete(call)
  }

  #setAlarm(): void {
    const { deadline } = this.machine
    if (deadline < this.#alarm) {
      this.#alarm = deadline
      this.#network.at(Math.max(deadline, this.#network.now), () => this.#ring(deadline))
    }
  }

  /** Of several alarms only the earliest counts; it sets the next. */
  #ring(at: number): void {
    if (at === this.#alarm) {
      this.#alarm = Infinity
      if (this.machine.deadline <= this.#network.now) {
        this.handle({ type: 'tick' })
      } else {
        this.#setAlarm()
      }
    }
  }
}
