/**
 * Which messages were seen already, by signer and sequence number.
 *
 * GossipSub forgets a message after two minutes, and peers of other implementations number and name messages in ways
 * of their own, so a message may come again: late, or because somebody replays it, for its signature stays valid.
 * Numbers may arrive out of order, and some older peers draw them at random, so a number is refused only when it was seen
 * itself, not when it is merely lower than others.
 *
 * Bounded by `perSigner` numbers of each of `signers` signers: a signer that floods forgets only its own messages,
 * and the signer that was silent for longest is forgotten first.
 */
const bounds = {
  /** Signers whose messages are remembered. The one that was silent for longest is forgotten first. */
  signers: 1_024,
  /** Sequence numbers that are remembered of one signer: a signer that floods forgets only its own messages. */
  perSigner: 64
} as const

export class Duplicates {
  /** By signer, in the order of their latest message; each set in the order of arrival. */
  readonly #seen = new Map<string, Set<bigint>>()

  /** Whether this message was seen before; from now on it was. */
  seen(signer: string, sequenceNumber: bigint): boolean {
    const numbers = this.#seen.get(signer) ?? new Set()
    const known = numbers.has(sequenceNumber)

    numbers.add(sequenceNumber)
    trim(numbers, bounds.perSigner)

    this.#seen.delete(signer)
    this.#seen.set(signer, numbers)
    trim(this.#seen, bounds.signers)

    return known
  }

  /** How many messages are remembered. */
  get size(): number {
    let size = 0
    for (const numbers of this.#seen.values()) {
      size += numbers.size
    }

    return size
  }
}

/** Drops the oldest entry of a map or set that has grown past its bound. */
export function trim<K>(entries: { readonly size: number; keys(): Iterator<K>; delete(key: K): boolean }, max: number): void {
  if (entries.size > max) {
    const oldest = entries.keys().next()
    if (oldest.done !== true) {
      entries.delete(oldest.value)
    }
  }
}
