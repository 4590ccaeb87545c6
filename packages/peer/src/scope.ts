/** Which addresses the DHT believes: those of everywhere, or those of the public network only. */
import { isPrivate } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { NetworkScope } from './options.ts'

/** The scope as it is now: `auto` follows our own addresses. */
export class Scope {
  readonly #scope: NetworkScope
  readonly #bootstrap: readonly Multiaddr[]
  #isLocal: boolean

  constructor(scope: NetworkScope, bootstrap: readonly Multiaddr[]) {
    this.#scope = scope
    this.#bootstrap = bootstrap
    this.#isLocal = isLocalNetwork(scope, bootstrap)
  }

  get isLocal(): boolean {
    return this.#isLocal
  }

  /** Our own addresses have changed to these. */
  announced(addresses: readonly Multiaddr[]): void {
    this.#isLocal = isLocalNetwork(this.#scope, [...this.#bootstrap, ...addresses])
  }
}

/**
 * `auto` is local only while every address given is private or loopback; one public address, or one name that has to
 * be looked up, makes it public.
 */
export function isLocalNetwork(scope: NetworkScope, addresses: Iterable<Multiaddr>): boolean {
  switch (scope) {
    case 'local':
      return true
    case 'public':
      return false
    case 'auto':
      return [...addresses].every(isOfHere)
  }
}

function isOfHere(address: Multiaddr): boolean {
  try {
    return isPrivate(address)
  } catch {
    // No host to judge by.
    return false
  }
}
