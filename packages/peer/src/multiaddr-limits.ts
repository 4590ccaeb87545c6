/**
 * A bound in the multiaddr library itself, for addresses that dependencies parse on their own: DNS records of a
 * `/dnsaddr/`, signed records of gossip, the peer store.
 *
 * The library's registry of protocols belongs to the whole process. The entries replaced here read and write the same
 * values, and refuse those that no peer id and no certificate hash has.
 */
import { CODE_CERTHASH, CODE_P2P, registry } from '@multiformats/multiaddr'

/** Bytes of a peer id: a multihash of SHA-512, the longest in use, has 66. */
const valueBytesMax = 66
/** Characters of a peer id in base 16, the longest of the bases. */
const valueCharactersMax = 2 * valueBytesMax + 2

const codes = [CODE_P2P, CODE_CERTHASH]
// bounded by codes
const limited = new Set<number>()

/** From now on, parsing an address costs no more than the length of its text or bytes allows. Any further call does nothing. */
export function limitMultiaddrs(): void {
  for (const code of codes) {
    if (limited.has(code)) {
      continue
    }

    limited.add(code)
    const codec = registry.getProtocol(code)
    registry.addProtocol({
      ...codec,
      bytesToValue: bytes => {
        check(codec.name, bytes.length, valueBytesMax)
        return codec.bytesToValue?.(bytes) ?? ''
      },
      stringToValue: text => {
        check(codec.name, text.length, valueCharactersMax)
        return codec.stringToValue?.(text) ?? text
      }
    })
  }
}

function check(name: string, length: number, most: number): void {
  if (length > most) {
    throw new RangeError(`a /${name}/ value of ${length} characters or bytes is over the limit of ${most}`)
  }
}
