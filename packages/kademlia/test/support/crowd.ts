/** A network too large to run whole: an engine that looks around in it, and peers that answer as theirs would. */
import assert from 'node:assert/strict'
import { commonPrefixLength, Kademlia, limits, Rng, Table } from '@vicinity/kademlia'
import type {
  KademliaConfig,
  KademliaInput,
  Key,
  LookupResult,
  Op,
  Operation,
  PeerInfo,
  ProgressEvent,
  Rpc,
  Target
} from '@vicinity/kademlia'
import { flipBit } from '../../src/key.ts'
import { contactAt, entryOf, keyNear, nearest, peerOf, randomKey } from './contacts.ts'
import { drain } from './drain.ts'

/** What an operation did. */
export interface Ran {
  readonly result: LookupResult
  readonly progress: readonly ProgressEvent[]
  /** Whom it asked for what, in order. */
  readonly asked: ReadonlyArray<{ readonly peer: PeerInfo; readonly target: Target }>
  /** The most requests that it had in flight. */
  readonly width: number
  /** How many preimages it asked for. */
  readonly targets: number
}

export class Crowd {
  readonly rng: Rng
  readonly honest: PeerInfo[]
  readonly machine: Kademlia
  /** Who names only its own. */
  readonly sybils = new Map<string, readonly PeerInfo[]>()
  /** Called with every request that an operation sends; what it returns is done before anybody answers. */
  interrupt: (sent: number) => KademliaInput | undefined = () => undefined
  /** Whether preimages that are asked for are found. */
  hashing = true
  readonly #tables = new Map<string, Table>()
  #now = 0
  #op: Op = 0

  constructor(seed: string, count: number, config: Partial<KademliaConfig> = {}) {
    this.rng = new Rng(seed)
    this.honest = Array.from({ length: count }, () => peerOf(contactAt(randomKey(this.rng))))
    const self = contactAt(randomKey(this.rng))
    const quiet = { refreshInterval: Infinity, bootstrapInterval: Infinity }
    this.machine = new Kademlia(self, { ...quiet, ...config }, this.rng.split('machine'))
    const entries = [...this.#tableOf(peerOf(self)).entries()].map(({ peer }) => ({ peer, heard: 0, roundTrip: 1 }))
    this.#feed({ type: 'restore', entries: entries.slice(0, limits.restoredEntries) })
    assert.equal(this.machine.sizes['requests'], 0, 'it knows enough, and has nothing to do')
  }

  /** The honest peers nearest to a key, in truth. */
  truth(key: Key, count: number = limits.k): PeerInfo[] {
    return nearest(this.honest, key, count)
  }

  /** Puts `count` Sybils around a key, nearer than any honest peer. */
  surround(key: Key, count: number): PeerInfo[] {
    const [closest] = this.truth(key, 1)
    assert(closest !== undefined)
    const bits = commonPrefixLength(key, closest.contact.key) + 1
    const sybils = Array.from({ length: count }, () => {
      const extra = Math.clz32(this.rng.uint32())
      return peerOf(contactAt(keyNear(key, bits + extra, this.rng)))
    })
    for (const { contact } of sybils) {
      this.sybils.set(contact.id, sybils)
    }

    return sybils
  }

  closest(target: Target, options: Partial<Extract<Operation, { type: 'closest' }>> = {}): Ran {
    const op = ++this.#op
    const ran = { progress: [] as ProgressEvent[], asked: [] as Array<{ peer: PeerInfo; target: Target }>, width: 0, targets: 0 }
    const inFlight: Array<{ rpc: Rpc; peer: PeerInfo; target: Target }> = []
    const inputs: KademliaInput[] = [{ type: 'start', op, operation: { type: 'closest', target, ...options } }]
    for (;;) {
      const next = inputs.shift() ?? this.#answer(inFlight.shift())
      for (const output of this.#feed(next)) {
        if (output.type === 'send') {
          assert.equal(output.op, op)
          assert(output.message.type === 'FIND_NODE')
          inFlight.push({ rpc: output.rpc, peer: output.to, target: output.message.target })
          ran.asked.push({ peer: output.to, target: output.message.target })
          const interruption = this.interrupt(ran.asked.length)
          inputs.push(...(interruption === undefined ? [] : [interruption]))
        } else if (output.type === 'abandon') {
          inFlight.splice(0, inFlight.length, ...inFlight.filter(({ rpc }) => rpc !== output.rpc))
        } else if (output.type === 'progress') {
          assert.equal(output.op, op)
          ran.progress.push(output.event)
        } else if (output.type === 'target') {
          ran.targets++
          const key = this.#inSubtree(output.prefix.key, output.prefix.bits)
          inputs.push(...(this.hashing ? [{ type: 'targeted', io: output.io, target: contactAt(key) } as const] : []))
        } else if (output.type === 'finished') {
          assert(output.op === op && output.outcome.type === 'lookup')
          return { ...ran, result: output.outcome.result }
        }
      }
      ran.width = Math.max(ran.width, inFlight.length)
    }
  }

  #answer(request: { rpc: Rpc; peer: PeerInfo; target: Target } | undefined): KademliaInput {
    if (request === undefined) {
      this.#now = this.machine.deadline
      assert(this.#now < Infinity, 'what has not ended waits for something')
      return { type: 'tick' }
    }

    this.#now++
    const { rpc, peer, target } = request
    const own = this.sybils.get(peer.contact.id)
    const closer = own === undefined ? this.#honestly(peer, target) : nearest(own, target.key, limits.k)
    return { type: 'response', rpc, message: { type: 'FIND_NODE', closer } }
  }

  /** Sybils are near their key, so honest peers that are asked about it know them. */
  #honestly(peer: PeerInfo, { key }: Target): PeerInfo[] {
    const table = this.#tableOf(peer)
    const sybils = [...this.sybils.values()][0] ?? []
    return nearest([...table.closest(key, limits.k), ...sybils], key, limits.k)
  }

  /** A converged table: what a node has that has met everybody, in an order of its own. */
  #tableOf(self: PeerInfo): Table {
    const known = this.#tables.get(self.contact.id)
    if (known !== undefined) {
      return known
    }

    const table = new Table(self.contact, limits.k)
    const start = this.rng.below(this.honest.length)
    for (let i = 0; i < this.honest.length; i++) {
      const peer = this.honest[(start + i) % this.honest.length] as PeerInfo
      if (peer.contact !== self.contact && table.hasRoom(peer.contact)) {
        table.add(entryOf(peer))
      }
    }
    this.#tables.set(self.contact.id, table)
    return table
  }

  #inSubtree(key: Key, bits: number): Key {
    return keyNear(flipBit(key, bits - 1), bits - 1, this.rng)
  }

  #feed(input: KademliaInput): ReturnType<typeof drain<NonNullable<ReturnType<Kademlia['poll']>>>> {
    this.machine.handle(this.#now, input)
    return drain(this.machine)
  }
}
