import { keyToBytes } from '@vicinity/kademlia'

/** Longer descriptions say more than anybody reads. */
const longest = 2_000

/** A value of the machine on one line, for people: a peer is its id, a key its first digits. */
export function describe(value: unknown): string {
  const text = JSON.stringify(value, simpler) ?? 'nothing'
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

function simpler(_name: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return String(value)
  }

  if (value instanceof Uint8Array) {
    return hex(value)
  }

  if (value instanceof Uint32Array) {
    return `${hex(keyToBytes(value).subarray(0, 4))}…`
  }

  return idOf(value) ?? value
}

/** The id of a contact, or of a peer's. */
function idOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) {
    return undefined
  }

  if ('contact' in value && 'addresses' in value) {
    return idOf(value.contact)
  }

  return 'id' in value && 'bytes' in value && typeof value.id === 'string' ? value.id : undefined
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}
