import type { PeerInfo } from '../contact.ts'
import { commonPrefixLength } from '../key.ts'
import type { Key } from '../key.ts'
import { exp, log, powerOfTwo } from '../math.ts'

/**
 * How little the peers around a key look like those of an honest network of `peers` peers: the Kullback-Leibler
 * divergence Σ p ln(p/q), where p is the histogram of the lengths of the prefixes that they share with the key, and q the
 * same on average over all keys (Sridhar et al., "Content Censorship in the InterPlanetary File System", NDSS 2024,
 * section VI). In nats and without smoothing, which is what a threshold of .94 means: honest keys come to .22 / .46 / .59 /
 * .83 at p50 / p90 / p95 / p99, and a twentieth that lies where nobody is expected adds much.
 *
 * @param neighbours - sorted, nearest first; not empty
 * @returns 0 or more; Infinity where somebody is missing who cannot be
 */
export function divergence(key: Key, neighbours: readonly PeerInfo[], peers: number): number {
  const count = neighbours.length
  let sum = 0
  for (let from = 0; from < count; ) {
    const bits = commonPrefixLength(key, (neighbours[from] as PeerInfo).contact.key)
    let to = from + 1
    while (to < count && commonPrefixLength(key, (neighbours[to] as PeerInfo).contact.key) === bits) {
      to++
    }

    const expected = expectedWithin(bits, peers, count) - expectedWithin(bits + 1, peers, count)
    sum += ((to - from) / count) * log((to - from) / expected)
    from = to
  }

  return sum
}

/**
 * How many of the `count` nearest to a key share at least `bits` bits with it, on average over all keys. Of N peers a
 * binomially distributed number B does, each with the probability 2^-bits, so this is
 * E[min(count, B)] = count - Σ (count - j) P(B = j) for j < count.
 */
function expectedWithin(bits: number, peers: number, count: number): number {
  if (bits === 0) {
    return count
  }

  const share = powerOfTwo(-bits)
  const mean = peers * share
  if (mean < 1e-9) {
    return mean // the sum below would lose it among its rounding errors
  }

  let missing = 0
  let probability = exp(peers * log(1 - share))
  for (let j = 0; j < count; j++) {
    missing += (count - j) * probability
    probability *= ((peers - j) / (j + 1)) * (share / (1 - share))
  }

  return count - missing
}
