import { sha256 } from '@noble/hashes/sha2.js'
import { commonPrefixLength, keyFromBytes } from '@vicinity/kademlia'
import type { Prefix, Target } from '@vicinity/kademlia'

/** Hashes tried before other work gets a turn: some 2 ms. */
const batch = 1_024

/** The first bytes of a SHA2-256 multihash: what a peer id and most content keys look like, which py-libp2p insists on. */
const multihashPrefix = [0x12, 0x20]

/**
 * Random bytes that hash to a key with the given prefix: a peer is sent bytes and hashes them itself, so a target
 * somewhere in the keyspace can only be found by trying. n bits take 2^n tries on average.
 *
 * @returns `undefined` when the signal is aborted first.
 */
export async function findPreimage(prefix: Prefix, signal: AbortSignal): Promise<Target | undefined> {
  const bytes = new Uint8Array(34)
  while (!signal.aborted) {
    crypto.getRandomValues(bytes)
    bytes.set(multihashPrefix)
    const counter = new DataView(bytes.buffer, 30)
    for (let i = 0; i < batch; i++) {
      counter.setUint32(0, i)
      const key = keyFromBytes(sha256(bytes))
      if (commonPrefixLength(key, prefix.key) >= prefix.bits) {
        return { bytes, key }
      }
    }

    await new Promise<void>(resolve => {
      setTimeout(resolve, 0)
    })
  }

  return undefined
}
