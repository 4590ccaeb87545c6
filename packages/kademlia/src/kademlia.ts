import { unreachable } from './assert.ts'
import { defaultConfig, validateConfig } from './config.ts'
import type { KademliaConfig, Mode } from './config.ts'
import { leadsElsewhere, noAddresses } from './contact.ts'
import type { Contact, PeerInfo, Target } from './contact.ts'
import type { NetworkSize } from './estimate/network-size.ts'
import { spread } from './groups.ts'
import { isInert } from './io.ts'
import type { FailureReason, InboundRequest, KademliaInput, KademliaOutput, PeerState, SavedEntry } from './io.ts'
import type { Op } from './lookup/pool.ts'
import type { Machine } from './machine.ts'
import type { Response } from './messages.ts'
import { Operations } from './operations.ts'
import { Outputs } from './outputs.ts'
import { ConnectedPeers } from './peers.ts'
import { Requests } from './requests.ts'
import type { InFlight, Rpc } from './requests.ts'
import { restore } from './restore.ts'
import type { Rng } from './rng.ts'
import { serve } from './serve.ts'
import { Table } from './table/table.ts'
import { Targets } from './targets.ts'
import type { Millis, WallMillis } from './time.ts'
import { Upkeep } from './upkeep/upkeep.ts'

/** The lookup that asked a request, or `undefined` for a check or probe of the upkeep. */
type Purpose = Op | undefined

/**
 * A Kademlia node, whole: the routing table, the lookups, the upkeep of the table, and the answers to others. It joins
 * the smaller machines (each described where it stands) and carries what they say to each other and to the driver.
 *
 * Feed it with `handle`, then `poll` until there is nothing left; call `handle` with a tick at `deadline`.
 * After `stop` it ends everything it has begun, and answers nothing more.
 */
export class Kademlia implements Machine<KademliaInput, KademliaOutput> {
  readonly #config: KademliaConfig
  readonly #table: Table
  readonly #peers = new ConnectedPeers()
  readonly #requests = new Requests<Purpose>()
  readonly #operations: Operations
  readonly #upkeep: Upkeep
  readonly #targets = new Targets()
  readonly #out = new Outputs<KademliaOutput>()
  #self: PeerInfo
  #mode: Mode
  #wallAtZero: WallMillis = 0
  #stopped = false

  /** @throws RangeError naming a setting out of its range. */
  constructor(self: Contact, config: Partial<KademliaConfig>, rng: Rng) {
    this.#config = { ...defaultConfig, ...config }
    validateConfig(this.#config)
    this.#self = { contact: self, addresses: noAddresses, groups: [] }
    this.#mode = this.#config.mode
    this.#table = new Table(self, this.#config.k)
    this.#operations = new Operations(this.#table, this.#config)
    this.#upkeep = new Upkeep(this.#table, this.#config, rng)
  }

  /** How many peers the table holds. */
  get size(): number {
    return this.#table.size
  }

  get mode(): Mode {
    return this.#mode
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** How many peers the network has, once a few lookups have told. */
  get networkSize(): NetworkSize | undefined {
    return this.#operations.networkSize
  }

  /** The routing table, to be read. */
  get table(): Pick<Table, 'size' | 'depth' | 'bucketCount' | 'bucketSize' | 'closest' | 'entries' | 'get' | 'has'> {
    return this.#table
  }

  /** The table as it should be saved. */
  entries(): SavedEntry[] {
    return Array.from(this.#table.entries(), ({ peer, heard, roundTrip }) => ({
      peer,
      heard: this.#wallAtZero + heard,
      roundTrip
    }))
  }

  /** The size of every collection that comes and goes, for leak checks. */
  get sizes(): Readonly<Record<string, number>> {
    return {
      peers: this.#peers.size,
      requests: this.#requests.size,
      targets: this.#targets.size,
      outputs: this.#out.size,
      ...this.#operations.sizes,
      ...this.#upkeep.sizes
    }
  }

  get deadline(): Millis {
    return this.#stopped ? Infinity : Math.min(this.#requests.deadline, this.#operations.deadline, this.#upkeep.deadline)
  }

  handle(now: Millis, input: KademliaInput): void {
    if (this.#stopped) {
      this.#afterStop(input)
      return
    }

    this.#take(now, input)
    if (!this.#stopped && !isInert(input)) {
      // carry what the machines say to where it belongs, until all are quiet
      while (this.#settleRequests(now) || this.#settleOperations(now) || this.#settleUpkeep(now)) {}
    }
  }

  poll(): KademliaOutput | undefined {
    return this.#out.poll()
  }

  #take(now: Millis, input: KademliaInput): void {
    switch (input.type) {
      case 'tick':
        this.#requests.handle(now, input)
        this.#operations.handle(now, input)
        this.#upkeep.handle(now, input)
        break
      case 'clock':
        this.#wallAtZero = input.wallAtZero
        break
      case 'self':
        this.#self = { ...this.#self, addresses: input.addresses }
        break
      case 'mode':
        this.#mode = input.mode
        break
      case 'restore':
        for (const entry of restore(input.entries, now, this.#wallAtZero)) {
          this.#upkeep.handle(now, entry)
        }
        break
      case 'stop':
        this.#stop(now)
        break
      case 'start':
      case 'cancel':
        this.#operations.handle(now, input)
        break
      case 'opened':
        this.#requests.handle(now, input)
        break
      case 'response':
        this.#response(now, input.rpc, input.message)
        break
      case 'failure': {
        const request = this.#requests.end(input.rpc)
        if (request !== undefined) {
          this.#failed(now, request, input.reason)
        }
        break
      }
      case 'request':
        this.#request(input)
        break
      case 'peer':
        this.#peer(now, input.peer, input.state)
        break
      case 'targeted': {
        const targeted = this.#targets.take(input.io, input.target)
        if (targeted !== undefined && 'op' in targeted) {
          this.#operations.handle(now, targeted)
        } else if (targeted !== undefined) {
          this.#upkeep.handle(now, targeted)
        }
        break
      }
      default:
        unreachable(input)
    }
  }

  #settleRequests(now: Millis): boolean {
    const output = this.#requests.poll()
    if (output === undefined) {
      return false
    }

    const { rpc, to, purpose } = output.request
    if (output.type === 'abandoned') {
      this.#out.push({ type: 'abandon', rpc })
      this.#failed(now, output.request, 'timeout')
    } else if (purpose !== undefined) {
      this.#operations.handle(now, { type: 'late', op: purpose, peer: to })
    }

    return true
  }

  #settleOperations(now: Millis): boolean {
    const output = this.#operations.poll()
    switch (output?.type) {
      case undefined:
        return false
      case 'ask':
        this.#send(now, output.peer, output.target, output.op)
        break
      case 'abandon':
        this.#abandon(purpose => purpose === output.op)
        break
      case 'upkeep':
        this.#upkeep.handle(now, { type: 'start', kind: output.kind })
        break
      case 'target':
        this.#out.push({ type: 'target', io: this.#targets.want({ op: output.op }), prefix: output.prefix })
        break
      case 'looked':
        this.#upkeep.handle(now, output)
        break
      case 'progress':
      case 'finished':
        this.#out.push(output)
        break
      default:
        unreachable(output)
    }

    return true
  }

  #settleUpkeep(now: Millis): boolean {
    const output = this.#upkeep.poll()
    switch (output?.type) {
      case undefined:
        return false
      case 'ask':
        this.#send(now, output.peer, this.#table.self, undefined)
        break
      case 'rested': {
        const peer = this.#peers.server(output.id)
        if (peer !== undefined) {
          this.#upkeep.handle(now, { type: 'candidate', peer })
        }
        break
      }
      case 'lookup':
        this.#operations.handle(now, output)
        break
      case 'target':
        this.#out.push({ type: 'target', io: this.#targets.want({ bucket: output.bucket }), prefix: output.prefix })
        break
      case 'table':
        this.#out.push(output)
        this.#tableChanged(now, output.change)
        break
      case 'upkeep':
        this.#out.push(output)
        if (output.phase === 'ended') {
          this.#operations.handle(now, { type: 'upkept', kind: output.kind, contacts: output.contacts })
        }
        break
      default:
        unreachable(output)
    }

    return true
  }

  #send(now: Millis, to: PeerInfo, target: Target, purpose: Purpose): void {
    const rpc = this.#requests.send(now, to, purpose)
    const op = purpose === undefined ? undefined : this.#operations.servedBy(purpose)
    this.#out.push({ type: 'send', rpc, op, to, message: { type: 'FIND_NODE', target } })
  }

  #response(now: Millis, rpc: Rpc, message: Response): void {
    const request = this.#requests.end(rpc)
    if (request === undefined) {
      return
    }

    if (message.type !== 'FIND_NODE') {
      this.#failed(now, request, 'malformed')
      return
    }

    const roundTrip = Math.max(1, now - (request.opened ?? request.sent))
    this.#requests.timeout.measured(roundTrip)
    const peer = this.#peers.best(request.to)
    this.#upkeep.handle(now, { type: 'answered', peer, roundTrip })

    const op = request.purpose
    if (op !== undefined) {
      const closer = this.#config.limitGroups ? spread(message.closer) : message.closer
      this.#operations.handle(now, { type: 'answered', op, peer, closer })
    }
  }

  #failed(now: Millis, request: InFlight<Purpose>, reason: FailureReason | 'timeout'): void {
    const { purpose: op, to } = request
    if (reason === 'unsupported') {
      this.#upkeep.handle(now, { type: 'gone', contact: to.contact })
    }

    // nobody could have answered during a failure of our own making
    const sent = reason === 'local' ? Infinity : request.sent
    if (this.#known(to, reason)) {
      this.#upkeep.handle(now, { type: 'failed', contact: to.contact, sent })
    }

    if (op !== undefined) {
      this.#operations.handle(now, { type: 'failed', op, peer: to, reason })
    }
  }

  /** Whether a failure says anything of the peer: that nobody answered where somebody else told us it was does not. */
  #known(to: PeerInfo, reason: FailureReason | 'timeout'): boolean {
    const entry = this.#table.get(to.contact)
    return entry === undefined || !leadsElsewhere(entry.addresses, to.addresses) || (reason !== 'dial' && reason !== 'timeout')
  }

  #request({ call, from, message }: InboundRequest): void {
    const serving = { mode: this.#mode, table: this.#table, peers: this.#peers, k: this.#config.k, self: this.#self }
    this.#out.push(serve(serving, call, from, message))
  }

  #peer(now: Millis, peer: PeerInfo, state: PeerState): void {
    switch (state) {
      case 'connected':
        this.#peers.set(peer)
        break
      case 'serving':
        this.#peers.set(peer, true)
        this.#upkeep.handle(now, { type: 'readdressed', peer })
        this.#upkeep.handle(now, { type: 'candidate', peer })
        break
      case 'not-serving':
        this.#peers.set(peer, false)
        this.#upkeep.handle(now, { type: 'gone', contact: peer.contact })
        break
      case 'disconnected':
        this.#peers.delete(peer.contact)
        break
      case 'readdressed':
        this.#peers.update(peer)
        this.#upkeep.handle(now, { type: 'readdressed', peer })
        break
      default:
        unreachable(state)
    }
  }

  #tableChanged(now: Millis, change: 'added' | 'removed'): void {
    if (change === 'added') {
      this.#operations.handle(now, { type: 'peers' })
    } else {
      this.#offerServers(now)
    }
  }

  #offerServers(now: Millis): void {
    for (const peer of this.#peers.servers(this.#table)) {
      this.#upkeep.handle(now, { type: 'candidate', peer })
    }
  }

  #abandon(unwanted: (purpose: Purpose) => boolean): void {
    for (const { rpc } of this.#requests.drop(request => unwanted(request.purpose))) {
      this.#out.push({ type: 'abandon', rpc })
    }
  }

  #stop(now: Millis): void {
    this.#abandon(() => true)
    this.#upkeep.handle(now, { type: 'stop' })
    this.#operations.handle(now, { type: 'stop' })
    while (this.#settleOperations(now)) {}
    this.#targets.clear()
    this.#peers.clear()
    this.#stopped = true
  }

  #afterStop(input: KademliaInput): void {
    if (input.type === 'start') {
      this.#out.push({ type: 'finished', op: input.op, outcome: { type: 'refused', reason: 'stopped' } })
    } else if (input.type === 'request') {
      this.#out.push({ type: 'refuse', call: input.call, reason: 'stopped' })
    }
  }
}
