import { unreachable } from './assert.ts'
import { defaultConfig, validateConfig } from './config.ts'
import type { KademliaConfig, Mode } from './config.ts'
import { noAddresses } from './contact.ts'
import type { Contact, PeerInfo, Target } from './contact.ts'
import { spread } from './groups.ts'
import type { Call, FailureReason, Io, KademliaInput, KademliaOutput, Operation, PeerState, ProgressEvent, SavedEntry } from './io.ts'
import { limits } from './limits.ts'
import { Pool } from './lookup/pool.ts'
import type { Op, PoolOutput } from './lookup/pool.ts'
import type { Machine } from './machine.ts'
import type { Request, Response } from './messages.ts'
import { ConnectedPeers } from './peers.ts'
import { Requests } from './requests.ts'
import type { InFlight, Rpc } from './requests.ts'
import type { Rng } from './rng.ts'
import { serve } from './serve.ts'
import { Table } from './table/table.ts'
import type { Millis, WallMillis } from './time.ts'
import { Upkeep } from './upkeep/upkeep.ts'
import type { UpkeepLookup, UpkeepOutput } from './upkeep/upkeep.ts'

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
  readonly #pool: Pool
  readonly #upkeep: Upkeep
  // bounded by limits.operations: the driver's operations that wait for an upkeep to end
  readonly #joined = new Map<Op, 'bootstrap' | 'refresh'>()
  // bounded by limits.refreshLookups + 1: our own lookups
  readonly #ownLookups = new Map<Op, UpkeepLookup>()
  // bounded by limits.refreshLookups: the buckets that preimages were asked for
  readonly #targets = new Map<Io, number>()
  // bounded by what one input can cause: the driver drains it after every input
  #out: KademliaOutput[] = []
  #read = 0
  #self: PeerInfo
  #mode: Mode
  #wallAtZero: WallMillis = 0
  #nextOwnOp: Op = -1
  #nextIo: Io = 1
  #stopped = false

  /** @throws RangeError naming a setting out of its range. */
  constructor (self: Contact, config: Partial<KademliaConfig>, rng: Rng) {
    this.#config = { ...defaultConfig, ...config }
    validateConfig(this.#config)
    this.#self = { contact: self, addresses: noAddresses, groups: [] }
    this.#mode = this.#config.mode
    this.#table = new Table(self, this.#config.k)
    this.#pool = new Pool(this.#table, this.#config)
    this.#upkeep = new Upkeep(this.#table, this.#config, rng)
  }

  /** How many peers the table holds. */
  get size (): number {
    return this.#table.size
  }

  get mode (): Mode {
    return this.#mode
  }

  get stopped (): boolean {
    return this.#stopped
  }

  /** The routing table, to be read. */
  get table (): Pick<Table, 'size' | 'depth' | 'bucketCount' | 'bucketSize' | 'closest' | 'entries' | 'get' | 'has'> {
    return this.#table
  }

  /** The table as it should be saved. */
  entries (): SavedEntry[] {
    return Array.from(this.#table.entries(), ({ peer, heard, roundTrip }) => ({
      peer, heard: this.#wallAtZero + heard, roundTrip
    }))
  }

  /** The size of every collection that comes and goes, for leak checks. */
  get sizes (): Readonly<Record<string, number>> {
    return {
      peers: this.#peers.size,
      requests: this.#requests.size,
      lookups: this.#pool.size,
      joined: this.#joined.size,
      ownLookups: this.#ownLookups.size,
      targets: this.#targets.size,
      outputs: this.#out.length - this.#read,
      ...this.#upkeep.sizes
    }
  }

  get deadline (): Millis {
    return this.#stopped ? Infinity : Math.min(this.#requests.deadline, this.#pool.deadline, this.#upkeep.deadline)
  }

  handle (now: Millis, input: KademliaInput): void {
    if (this.#stopped) {
      this.#afterStop(input)
      return
    }

    this.#take(now, input)
    if (!this.#stopped) {
      // carry what the machines say to where it belongs, until all are quiet
      while (this.#settleRequests(now) || this.#settlePool(now) || this.#settleUpkeep(now)) {}
    }
  }

  poll (): KademliaOutput | undefined {
    const output = this.#out[this.#read]
    if (output === undefined) {
      this.#out = []
      this.#read = 0
      return undefined
    }

    this.#read++
    return output
  }

  #take (now: Millis, input: KademliaInput): void {
    switch (input.type) {
      case 'tick':
        this.#requests.handle(now, input)
        this.#pool.handle(now, input)
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
        this.#restore(now, input.entries)
        break
      case 'stop':
        this.#stop(now)
        break
      case 'start':
        this.#start(now, input.op, input.operation)
        break
      case 'cancel':
        this.#cancel(now, input.op)
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
        this.#request(input.call, input.from, input.message)
        break
      case 'peer':
        this.#peer(now, input.peer, input.state)
        break
      case 'targeted': {
        const bucket = this.#targets.get(input.io)
        if (bucket !== undefined) {
          this.#targets.delete(input.io)
          this.#upkeep.handle(now, { type: 'targeted', bucket, target: input.target })
        }
        break
      }
      default:
        unreachable(input)
    }
  }

  #settleRequests (now: Millis): boolean {
    const output = this.#requests.poll()
    if (output === undefined) {
      return false
    }

    const { rpc, to, purpose } = output.request
    if (output.type === 'abandoned') {
      this.#out.push({ type: 'abandon', rpc })
      this.#failed(now, output.request, 'timeout')
    } else if (purpose !== undefined) {
      this.#pool.handle(now, { type: 'late', op: purpose, contact: to.contact })
      this.#progress(purpose, path => ({ type: 'late', peer: to, path }))
    }

    return true
  }

  #settlePool (now: Millis): boolean {
    const output = this.#pool.poll()
    if (output?.type === 'ask') {
      const { op, peer, target } = output
      this.#send(now, peer, target, op)
      this.#progress(op, path => ({ type: 'asked', peer, path }))
    } else if (output !== undefined) {
      this.#lookedUp(now, output)
    }

    return output !== undefined
  }

  #settleUpkeep (now: Millis): boolean {
    const output = this.#upkeep.poll()
    switch (output?.type) {
      case undefined:
        return false
      case 'ask':
        this.#send(now, output.peer, this.#table.self, undefined)
        break
      case 'vacant':
        this.#offerServers(now)
        break
      case 'lookup': {
        const op = this.#nextOwnOp--
        this.#ownLookups.set(op, output.lookup)
        const lookup = { target: output.target, timeout: this.#config.queryTimeout, awaitPeers: true }
        this.#pool.handle(now, { type: 'start', op, lookup })
        break
      }
      case 'target': {
        const io = this.#nextIo++
        this.#targets.set(io, output.bucket)
        this.#out.push({ type: 'target', io, prefix: output.prefix })
        break
      }
      case 'table':
        this.#out.push(output)
        this.#tableChanged(now, output.change)
        break
      case 'upkeep':
        this.#out.push(output)
        this.#finishJoined(output)
        break
      default:
        unreachable(output)
    }

    return true
  }

  #send (now: Millis, to: PeerInfo, target: Target, purpose: Purpose): void {
    const rpc = this.#requests.send(now, to, purpose)
    const op = purpose !== undefined && purpose > 0 ? purpose : undefined
    this.#out.push({ type: 'send', rpc, op, to, message: { type: 'FIND_NODE', target } })
  }

  #response (now: Millis, rpc: Rpc, message: Response): void {
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
      this.#pool.handle(now, { type: 'answered', op, contact: peer.contact, closer })
      this.#progress(op, path => ({ type: 'answered', peer, closer, path }))
    }
  }

  #failed (now: Millis, request: InFlight<Purpose>, reason: FailureReason | 'timeout'): void {
    const { purpose: op, to } = request
    const { contact } = to
    if (reason === 'unsupported') {
      this.#upkeep.handle(now, { type: 'gone', contact })
    }

    // nobody could have answered during a failure of our own making
    this.#upkeep.handle(now, { type: 'failed', contact, sent: reason === 'local' ? Infinity : request.sent })

    if (op !== undefined) {
      this.#pool.handle(now, { type: 'failed', op, contact })
      this.#progress(op, path => ({ type: 'failed', peer: to, reason, path }))
    }
  }

  #request (call: Call, from: Contact, message: Request): void {
    if (this.#mode === 'client') {
      this.#out.push({ type: 'refuse', call, reason: 'client' })
      return
    }

    const serving = { table: this.#table, peers: this.#peers, k: this.#config.k, self: this.#self }
    const answer = serve(serving, from, message)
    if (answer === 'silence') {
      this.#out.push({ type: 'silence', call })
    } else if (answer === 'unsupported') {
      this.#out.push({ type: 'refuse', call, reason: 'unsupported' })
    } else {
      this.#out.push({ type: 'reply', call, message: answer })
    }
  }

  #peer (now: Millis, peer: PeerInfo, state: PeerState): void {
    switch (state) {
      case 'connected':
        this.#peers.set(peer)
        break
      case 'serving':
        this.#peers.set(peer, true)
        this.#table.readdress(peer)
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
        this.#table.readdress(peer)
        break
      default:
        unreachable(state)
    }
  }

  #tableChanged (now: Millis, change: 'added' | 'removed'): void {
    if (change === 'added') {
      this.#pool.handle(now, { type: 'peers' })
    } else {
      this.#offerServers(now)
    }
  }

  #offerServers (now: Millis): void {
    for (const peer of this.#peers.servers(this.#table)) {
      this.#upkeep.handle(now, { type: 'candidate', peer })
    }
  }

  /** Entries that answered not long ago are believed and probed in their turn; older ones are candidates. */
  #restore (now: Millis, entries: readonly SavedEntry[]): void {
    for (const { peer, heard, roundTrip } of entries.slice(0, limits.restoredEntries)) {
      const at = Math.min(now, heard - this.#wallAtZero)
      if (peer.contact.id === this.#self.contact.id) {
        continue
      }

      if (now - at <= limits.restoreTrust) {
        this.#upkeep.handle(now, { type: 'restored', peer, heard: at, roundTrip })
      } else {
        this.#upkeep.handle(now, { type: 'candidate', peer })
      }
    }
  }

  #start (now: Millis, op: Op, operation: Operation): void {
    if (this.#pool.full || this.#joined.size >= limits.operations) {
      this.#out.push({ type: 'finished', op, outcome: { type: 'refused', reason: 'full' } })
      return
    }

    if (operation.type === 'bootstrap' || operation.type === 'refresh') {
      this.#joined.set(op, operation.type)
      this.#upkeep.handle(now, { type: 'start', kind: operation.type })
      return
    }

    const wanted = operation.type === 'findPeer' ? operation.contact : undefined
    const target = operation.type === 'findPeer' ? operation.contact : operation.target
    const { timeout = this.#config.queryTimeout, awaitPeers = false } = operation
    this.#pool.handle(now, { type: 'start', op, lookup: { target, wanted, timeout, awaitPeers } })
  }

  #cancel (now: Millis, op: Op): void {
    if (this.#joined.delete(op)) {
      this.#out.push({ type: 'finished', op, outcome: { type: 'refused', reason: 'cancelled' } })
      return
    }

    this.#pool.handle(now, { type: 'stop', op, reason: 'cancelled' })
    this.#abandon(purpose => purpose === op)
  }

  #lookedUp (now: Millis, { op, target, result }: Extract<PoolOutput, { type: 'finished' }>): void {
    const lookup = this.#ownLookups.get(op)
    this.#ownLookups.delete(op)
    this.#upkeep.handle(now, { type: 'looked', key: target.key, contacts: result.closest.length, lookup })
    if (op > 0) {
      this.#out.push({ type: 'finished', op, outcome: { type: 'lookup', result } })
    }
  }

  #finishJoined ({ kind, phase, contacts }: Extract<UpkeepOutput, { type: 'upkeep' }>): void {
    for (const [op, joined] of this.#joined) {
      if (phase === 'ended' && joined === kind) {
        this.#joined.delete(op)
        this.#out.push({ type: 'finished', op, outcome: { type: 'upkeep', kind, contacts } })
      }
    }
  }

  #abandon (unwanted: (purpose: Purpose) => boolean): void {
    for (const { rpc } of this.#requests.drop(request => unwanted(request.purpose))) {
      this.#out.push({ type: 'abandon', rpc })
    }
  }

  /** Only the driver's own operations report their progress. */
  #progress (op: Op, event: (path: ProgressEvent['path']) => ProgressEvent): void {
    const path = op > 0 ? this.#pool.counts(op) : undefined
    if (path !== undefined) {
      this.#out.push({ type: 'progress', op, event: event(path) })
    }
  }

  #stop (now: Millis): void {
    this.#pool.handle(now, { type: 'stopAll' })
    for (let output = this.#pool.poll(); output !== undefined; output = this.#pool.poll()) {
      if (output.type === 'finished') {
        this.#lookedUp(now, output)
      }
    }

    for (const op of this.#joined.keys()) {
      this.#out.push({ type: 'finished', op, outcome: { type: 'refused', reason: 'stopped' } })
    }

    this.#abandon(() => true)
    this.#upkeep.handle(now, { type: 'stop' })
    this.#joined.clear()
    this.#targets.clear()
    this.#peers.clear()
    this.#stopped = true
  }

  #afterStop (input: KademliaInput): void {
    if (input.type === 'start') {
      this.#out.push({ type: 'finished', op: input.op, outcome: { type: 'refused', reason: 'stopped' } })
    } else if (input.type === 'request') {
      this.#out.push({ type: 'refuse', call: input.call, reason: 'stopped' })
    }
  }
}
