import type { Multiaddr } from '@multiformats/multiaddr'

/** A list of addresses as somebody wrote it: comma-separated, blanks and empty items ignored. */
export interface AddressText {
  /** The variable or flag it came from, for error messages: `BOOTSTRAP_PEERS`, `--listen`. */
  readonly source: string
  readonly text: string
}

/** By the variables' meanings (UNIVERSAL-CONNECTIVITY §1.2); flags that override one take its place. */
export interface AddressSources {
  readonly BOOTSTRAP_PEERS?: AddressText | undefined
  /** Listened on when they are ours, name no peer and their port is free; dialled otherwise. */
  readonly REMOTE_PEERS?: AddressText | undefined
  readonly REMOTE_PEER?: AddressText | undefined
  readonly LISTEN_ADDRS?: AddressText | undefined
}

export interface ClassifiedAddresses {
  /** Never empty: `/ip4/127.0.0.1/tcp/0` when nothing was named. */
  readonly listen: Multiaddr[]
  readonly bootstrap: Multiaddr[]
  readonly dial: Multiaddr[]
}

/** Throws an `AddressError`, naming the item and its source, before anything is opened. */
export async function classifyAddresses (sources: AddressSources): Promise<ClassifiedAddresses> {
  throw new Error(`not yet: ${Object.keys(sources).length}`)
}
