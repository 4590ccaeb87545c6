/**
 * Addresses of strangers, as bytes and as text: bounded first, parsed second. Parsing alone is no bound: it encodes each
 * `/p2p/` value in base58, which costs the square of its length (8 KiB: 150 ms).
 */
import { CODE_P2P, multiaddr, registry, V } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { limits } from '@vicinity/kademlia'

/** The address in these bytes, which are copied. @returns `undefined` for bytes that are no address, or over a bound. */
export function parseAddress(bytes: Uint8Array): Multiaddr | undefined {
  if (!isBoundedAddress(bytes)) {
    return undefined
  }

  try {
    return multiaddr(bytes.slice())
  } catch {
    return undefined
  }
}

/** The address in a text. @returns `undefined` for a text that is no address, or over a bound. */
export function parseAddressText(text: string): Multiaddr | undefined {
  if (text.length > limits.addressCharacters) {
    return undefined
  }

  try {
    const address = multiaddr(text)
    // the bytes are made when they are first asked for: only then is base58 decoded
    return address.getComponents().every(isBoundedValue) ? address : undefined
  } catch {
    return undefined
  }
}

/**
 * Whether bytes may be parsed as an address: at most `addressBytes` long, whole components of known protocols, and at
 * most `addressPeerIds` peer ids of at most `addressPeerIdBytes`. Costs a step a component.
 */
export function isBoundedAddress(bytes: Uint8Array): boolean {
  if (bytes.length === 0 || bytes.length > limits.addressBytes) {
    return false
  }

  const walk = new ComponentWalk(bytes)
  let peerIds = 0
  while (!walk.done) {
    const component = walk.next()
    if (component === undefined) {
      return false
    }

    peerIds += component.code === CODE_P2P ? 1 : 0
    if (peerIds > limits.addressPeerIds || (component.code === CODE_P2P && component.valueBytes > limits.addressPeerIdBytes)) {
      return false
    }
  }

  return true
}

/** Protocols whose values are text in some base, which may be base58. */
const encoded = new Set(['p2p', 'certhash'])

function isBoundedValue({ name, value }: { readonly name: string; readonly value?: string }): boolean {
  return value === undefined || !encoded.has(name) || value.length <= limits.peerIdCharacters
}

/** Steps over the components of an address and measures them, without a look at their values. */
class ComponentWalk {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** @returns `undefined` where no component of a known protocol begins, or where it does not fit. */
  next(): { readonly code: number; readonly valueBytes: number } | undefined {
    const code = this.#varint()
    const size = code === undefined ? undefined : sizeOf(code)
    const valueBytes = size === V ? this.#varint() : size === undefined ? undefined : size / 8
    if (code === undefined || valueBytes === undefined || valueBytes > this.#bytes.length - this.#at) {
      return undefined
    }

    this.#at += valueBytes
    return { code, valueBytes }
  }

  /** At most 4 bytes in their shortest form: the parser reads others too, but takes them to be as short as they can be. */
  #varint(): number | undefined {
    let value = 0
    for (let count = 0; count < 4; count++) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined || (byte === 0 && count > 0)) {
        return undefined
      }

      value |= (byte & 0x7f) << (7 * count)
      if (byte < 0x80) {
        return value
      }
    }

    return undefined
  }
}

/** Bits of a protocol's values: 0 for one without, `V` for a length before each. @returns `undefined` for no protocol. */
function sizeOf(code: number): number | undefined {
  try {
    return registry.getProtocol(code).size ?? 0
  } catch {
    return undefined
  }
}
