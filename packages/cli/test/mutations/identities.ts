/**
 * New identities for recorded bytes. A peer that misbehaves is refused for minutes, so each case comes from another one; a recorded
 * identify answer names the key of the recorded peer, which is replaced, and a signed record, which is left out.
 */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { joinBytes } from './yamux.ts'
import type { PeerId } from '@libp2p/interface'

export interface FreshIdentity {
  readonly id: PeerId
  /** The 32 bytes of its public key. */
  readonly key: Uint8Array
}

export async function freshIdentity(): Promise<FreshIdentity> {
  const privateKey = await generateKeyPair('Ed25519')
  return { id: peerIdFromPrivateKey(privateKey), key: privateKey.publicKey.raw }
}

/** The agent, which only identify names. */
const mark = Buffer.from('universal-connectivity/')

/** Puts another key in the place of the recorded one in what identify says, mutated or not. */
export function withKey(bytes: Uint8Array, recorded: Uint8Array, key: Uint8Array): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const at = buffer.includes(mark) ? buffer.indexOf(recorded) : -1
  if (at < 0) {
    return bytes
  }

  const replaced = bytes.slice()
  replaced.set(key, at)
  return replaced
}

export function isIdentify(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(mark)
}

const signedPeerRecord = 8

/** A length-prefixed identify message without its signed record. */
export function withoutRecord(framed: Uint8Array): Uint8Array {
  const start = varint(framed, 0)
  const kept: Uint8Array[] = []
  for (let at = start.next; at < framed.length; ) {
    const tag = varint(framed, at)
    const length = varint(framed, tag.next)
    // Every field of identify is length-delimited.
    const end = length.next + length.value
    if (tag.value >> 3 !== signedPeerRecord) {
      kept.push(framed.subarray(at, end))
    }
    at = end
  }

  const body = joinBytes(kept)
  return joinBytes([Uint8Array.of((body.length & 127) | 128, body.length >> 7), body])
}

function varint(bytes: Uint8Array, at: number): { readonly value: number; readonly next: number } {
  let [value, next] = [0, at]
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[next++] ?? 0
    value |= (byte & 127) << shift
    if (byte < 128) {
      return { value, next }
    }
  }
}
