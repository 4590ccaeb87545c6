import type { Key } from '../key.ts'
import type { LookupResult, SybilAlarm } from '../lookup/lookup.ts'
import { divergence } from './divergence.ts'
import { neighbours } from './neighbours.ts'
import { NetworkSizeEstimate } from './network-size.ts'
import type { NetworkSize } from './network-size.ts'

export interface WatchConfig {
  readonly k: number
  /** The divergence above which the peers around a key look made up; `Infinity` for never. */
  readonly sybilThreshold: number
}

/** What finished lookups tell: how large the network is, and by that, whether the peers around a key look made up. */
export class Watch {
  readonly #config: WatchConfig
  readonly #size: NetworkSizeEstimate

  constructor(config: WatchConfig) {
    this.#config = config
    this.#size = new NetworkSizeEstimate(config.k)
  }

  get networkSize(): NetworkSize | undefined {
    return this.#size.value
  }

  /** Notes a lookup; those that were cut short, or had enough before the end, say nothing. */
  looked(key: Key, { reason, closest }: LookupResult): void {
    if (reason === 'converged') {
      this.#size.looked(key, closest)
    }
  }

  /** Whether the peers around a key look made up; `undefined` where they do not, or nobody can tell. */
  suspicion(key: Key, { reason, closest }: LookupResult): Omit<SybilAlarm, 'region'> | undefined {
    const { k, sybilThreshold } = this.#config
    const found = reason === 'converged' && sybilThreshold < Infinity ? neighbours(key, closest, k) : undefined
    const size = found === undefined ? undefined : this.#size.value
    if (found === undefined || size === undefined) {
      return undefined
    }

    const diverged = divergence(key, found, size.peers)
    return diverged > sybilThreshold ? { divergence: diverged, networkSize: size.peers } : undefined
  }
}
