/**
 * The bytes of a key file: libp2p's private-key protobuf, in every form that implementations have written it, and the
 * reason where bytes are no key.
 */
import { generateKeyPairFromSeed, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'

export type ReadKey =
  | { readonly type: 'key'; readonly key: PrivateKey }
  | { readonly type: 'other-key'; readonly name: string }
  /** `why` completes "it …". */
  | { readonly type: 'none'; readonly why: string }

/** An Ed25519 key whose public half is repeated, as libp2p wrote it until 2018: type 1, 96 bytes. */
const repeatedHeader = Uint8Array.of(0x08, 0x01, 0x12, 0x60)
/** The private half of an Ed25519 key (RFC 8032, section 5.1.5). */
const seedBytes = 32
/** The public half of an Ed25519 key. */
const publicBytes = 32
/** Line ends that are looked for at the end of a file, in bytes. */
const lineEndBytesMax = 4

/** The key that the bytes hold, if they hold one and nothing else. */
export async function readKey(bytes: Uint8Array): Promise<ReadKey> {
  return isRepeated(bytes) ? await readRepeated(bytes) : await readPlain(bytes)
}

async function readPlain(bytes: Uint8Array): Promise<ReadKey> {
  let key: PrivateKey
  try {
    key = privateKeyFromProtobuf(bytes)
  } catch {
    return { type: 'none', why: (await describeText(bytes)) ?? 'does not parse as a private key' }
  }

  if (key.type !== 'Ed25519' && key.type !== 'secp256k1') {
    return { type: 'other-key', name: key.type }
  }

  const canonical = privateKeyToProtobuf(key)
  if (!isEqual(canonical, bytes)) {
    return { type: 'none', why: (await describeText(bytes)) ?? 'holds more or other bytes than its key' }
  }
  if (key.type === 'Ed25519' && !(await belongs(key.raw.subarray(0, seedBytes), key.publicKey.raw))) {
    return { type: 'none', why: 'has a public half that does not belong to its private one' }
  }

  return { type: 'key', key }
}

async function readRepeated(bytes: Uint8Array): Promise<ReadKey> {
  const seed = bytes.subarray(repeatedHeader.length, repeatedHeader.length + seedBytes)
  const [first, second] = [1, 2]
    .map(half => bytes.subarray(-half * publicBytes, half === 1 ? undefined : -publicBytes))
    .toReversed()
  for (const [name, half] of [
    ['first', first],
    ['second', second]
  ] as const) {
    if (half === undefined || !(await belongs(seed, half))) {
      return { type: 'none', why: `repeats its public half, and the ${name} one does not belong to its private half` }
    }
  }

  return { type: 'key', key: await generateKeyPairFromSeed('Ed25519', seed) }
}

function isRepeated(bytes: Uint8Array): boolean {
  return (
    bytes.length === repeatedHeader.length + seedBytes + 2 * publicBytes &&
    isEqual(bytes.subarray(0, repeatedHeader.length), repeatedHeader)
  )
}

async function belongs(seed: Uint8Array, publicHalf: Uint8Array): Promise<boolean> {
  const { publicKey } = await generateKeyPairFromSeed('Ed25519', seed)
  return isEqual(publicKey.raw, publicHalf)
}

/** Names the form of a file that holds a key in another form; `undefined` where it holds none. */
async function describeText(bytes: Uint8Array): Promise<string | undefined> {
  const text = Buffer.from(bytes).toString('latin1')
  if (text.startsWith('-----BEGIN')) {
    return 'is a PEM file, and libp2p keeps keys as a protobuf: create one with "vicinity id create"'
  }

  // A key may end with such a byte itself, so each number of them is tried.
  for (let ends = 1; ends <= lineEndBytesMax && /[\r\n]/.test(text.at(-ends) ?? ''); ends++) {
    if (await holdsKey(bytes.subarray(0, -ends))) {
      return 'has a line end after its key, which an editor or "echo" adds: take it off'
    }
  }

  const isBase64 = /^[\w+/-]+={0,2}\s*$/.test(text)
  if (isBase64 && (await holdsKey(Buffer.from(text.trim(), 'base64')))) {
    return 'holds its key as base64 text: decode it first, for instance with "base64 -d"'
  }

  return undefined
}

async function holdsKey(bytes: Uint8Array): Promise<boolean> {
  if (bytes.length === 0 || /^[\s\w+/=-]+$/.test(Buffer.from(bytes).toString('latin1'))) {
    return false
  }

  return (await readKey(bytes)).type === 'key'
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
