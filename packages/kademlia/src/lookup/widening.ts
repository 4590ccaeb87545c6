import { unreachable } from '../assert.ts'
import type { PeerInfo, Target } from '../contact.ts'
import { commonPrefixLength, compareDistance, flipBit } from '../key.ts'
import { limits } from '../limits.ts'
import type { Machine } from '../machine.ts'
import { log2 } from '../math.ts'
import type { Millis } from '../time.ts'
import type { Prefix } from '../upkeep/refresh.ts'
import type { LookupResult, SybilAlarm } from './lookup.ts'
import type { LookupStart } from './pool.ts'

export interface WideningConfig {
  /** The lookup that is widened: its walks are like it but for their targets. */
  readonly started: LookupStart
  readonly k: number
  /** When it ends with what it has: when that lookup would have. */
  readonly deadline: Millis
  /** How that lookup ended. */
  readonly result: LookupResult
  /** Why it is widened. */
  readonly suspicion: Omit<SybilAlarm, 'region'>
}

export type WideningInput =
  | { readonly type: 'tick' }
  /** The preimage that was asked for. */
  | { readonly type: 'targeted'; readonly target: Target }
  /** A walk ended. */
  | { readonly type: 'walked'; readonly result: LookupResult }
  | { readonly type: 'stop'; readonly reason: 'cancelled' | 'stopped' }

export type WideningOutput =
  /** A preimage of a random key with this prefix is wanted. */
  | { readonly type: 'target'; readonly prefix: Prefix }
  /** Look this up, until the deadline. */
  | { readonly type: 'walk'; readonly lookup: LookupStart; readonly deadline: Millis }
  | { readonly type: 'finished'; readonly result: LookupResult }

type Phase = 'between' | 'targeting' | 'targeted' | 'walking' | 'done' | 'reported'

/**
 * What a lookup becomes whose neighbours look made up: Sybils nearer to its key than anybody honest. An answer names the k
 * nearest to its target, perhaps all of them Sybils, so the honest ones around are reached by walks to other targets: one
 * into each subtree beside the key, from the one that is expected to hold k to 2k peers down to the first that is expected
 * to hold none. Together they are the region in which the key's k nearest would be without the Sybils.
 *
 * A target is a random key of its subtree, found by hashing (`target`, answered by `targeted`); where that is too deep to
 * be hashed, the id of a peer found there. One walk at a time, so α holds for the whole; all within the first deadline.
 *
 * Phases: `between` walks; `targeting` until there is a preimage; `targeted` until the next poll; `walking` until the walk
 * has ended, which it does by itself when the whole is to end; `done` until the next poll.
 */
export class Widening implements Machine<WideningInput, WideningOutput> {
  readonly #config: WideningConfig
  /** The subtrees that are still to be walked, each by the bit in which it differs from the key. */
  // bounded by limits.regionWalks
  readonly #bits: number[]
  /** The shortest prefix that a peer of the region shares with the key. */
  readonly #regionBits: number
  // bounded by limits.regionWalks + 1 times k
  readonly #found = new Map<string, PeerInfo>()
  #target: Target
  #requests: number
  #answers: number
  /** Of the walk that had the most. */
  #hops: number
  #reason: LookupResult['reason'] = 'converged'
  #phase: Phase = 'between'

  constructor(config: WideningConfig) {
    this.#config = config
    this.#target = config.started.target
    this.#bits = subtrees(config.suspicion.networkSize, config.k)
    this.#regionBits = this.#bits[0] ?? 0
    this.#requests = config.result.requests
    this.#answers = config.result.answers
    this.#hops = config.result.hops
    this.#find(config.result.closest)
  }

  get deadline(): Millis {
    return this.#phase === 'reported' ? Infinity : this.#config.deadline
  }

  handle(now: Millis, input: WideningInput): void {
    if (this.#phase === 'done' || this.#phase === 'reported') {
      return
    }

    switch (input.type) {
      case 'tick':
        if (now >= this.#config.deadline) {
          this.#end('timeout')
        }
        break
      case 'targeted':
        if (this.#phase === 'targeting') {
          this.#target = input.target
          this.#phase = 'targeted'
        }
        break
      case 'walked':
        this.#walked(input.result)
        break
      case 'stop':
        this.#end(input.reason)
        break
      default:
        unreachable(input)
    }
  }

  poll(): WideningOutput | undefined {
    switch (this.#phase) {
      case 'between':
        return this.#next()
      case 'targeted':
        return this.#walk(this.#target)
      case 'done':
        this.#phase = 'reported'
        return { type: 'finished', result: this.#result() }
      case 'targeting':
      case 'walking':
      case 'reported':
        return undefined
      default:
        return unreachable(this.#phase)
    }
  }

  #next(): WideningOutput {
    for (let bit = this.#bits.shift(); bit !== undefined; bit = this.#bits.shift()) {
      if (bit < limits.preimageBits) {
        this.#phase = 'targeting'
        return { type: 'target', prefix: { key: flipBit(this.#config.started.target.key, bit), bits: bit + 1 } }
      }

      const known = [...this.#found.values()].find(peer => this.#shared(peer) === bit)
      if (known !== undefined) {
        return this.#walk(known.contact)
      }
    }

    this.#phase = 'reported'
    return { type: 'finished', result: this.#result() }
  }

  #walk(target: Target): WideningOutput {
    this.#phase = 'walking'
    const { started, deadline } = this.#config
    return { type: 'walk', lookup: { ...started, target }, deadline }
  }

  #walked(result: LookupResult): void {
    this.#find(result.closest)
    this.#requests += result.requests
    this.#answers += result.answers
    this.#hops = Math.max(this.#hops, result.hops)
    this.#phase = 'between'
    if (result.reason !== 'converged') {
      this.#end(result.reason)
    }
  }

  /** A walk ends as the whole is to end, and by itself. */
  #end(reason: LookupResult['reason']): void {
    if (this.#phase !== 'walking') {
      this.#reason = reason
      this.#phase = 'done'
    }
  }

  #find(peers: readonly PeerInfo[]): void {
    for (const peer of peers) {
      this.#found.set(peer.contact.id, peer)
    }
  }

  #shared(peer: PeerInfo): number {
    return commonPrefixLength(this.#config.started.target.key, peer.contact.key)
  }

  #result(): LookupResult {
    const { started, k, result, suspicion } = this.#config
    const { key } = started.target
    const found = [...this.#found.values()].sort((a, b) => compareDistance(key, a.contact.key, b.contact.key))
    const region = found.filter(peer => this.#shared(peer) >= this.#regionBits)
    return {
      ...result,
      reason: this.#reason,
      closest: found.slice(0, k),
      requests: this.#requests,
      answers: this.#answers,
      hops: this.#hops,
      alarm: { ...suspicion, region }
    }
  }
}

/**
 * The subtrees beside a key that make up the region of its k nearest, shallowest first, each by the bit in which it differs
 * from the key; that of bit c holds N / 2^(c+1) peers. Beside the first, which holds k to 2k, there are as many, which is
 * where the k nearest are on average; with it, where they are of keys that have fewer peers around them too.
 */
function subtrees(peers: number, k: number): number[] {
  const first = Math.max(0, Math.floor(log2(peers / k)) - 1)
  const last = Math.min(Math.floor(log2(peers)), first + limits.regionWalks - 1)
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}
