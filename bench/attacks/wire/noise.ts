/**
 * The initiator of libp2p's noise handshake (Noise_XX_25519_ChaChaPoly_SHA256), by hand: an attack can stop in the middle,
 * send what no library sends, and does not read what it does not want.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { bytesField, uint16 } from './bytes.ts'
import type { Channel } from './channel.ts'
import type { Identity } from './identity.ts'

const tagBytes = 16
export const messageBytesMax = 65_535
const plainBytesMax = messageBytesMax - tagBytes
const nothing = Buffer.alloc(0)
/** SPKI before the 32 bytes of an X25519 key (RFC 8410, section 4). */
const spki = Buffer.from('302a300506032b656e032100', 'hex')

interface Pair {
  readonly secret: KeyObject
  readonly bytes: Buffer
}

export function noisePair(): Pair {
  const { privateKey, publicKey } = generateKeyPairSync('x25519')
  return { secret: privateKey, bytes: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32) }
}

function agree({ secret }: Pair, bytes: Uint8Array): Buffer {
  return diffieHellman({
    privateKey: secret,
    publicKey: createPublicKey({ key: Buffer.concat([spki, bytes]), format: 'der', type: 'spki' })
  })
}

function derive(chainingKey: Uint8Array, input: Uint8Array): [Buffer, Buffer] {
  const secret = createHmac('sha256', chainingKey).update(input).digest()
  const first = createHmac('sha256', secret)
    .update(Buffer.from([1]))
    .digest()
  return [
    first,
    createHmac('sha256', secret)
      .update(first)
      .update(Buffer.from([2]))
      .digest()
  ]
}

/** One direction's key and counter. */
class Cipher {
  readonly #key: Buffer
  #count = 0

  constructor(key: Buffer) {
    this.#key = key
  }

  seal(plain: Uint8Array, data: Uint8Array = nothing): Buffer {
    const cipher = createCipheriv('chacha20-poly1305', this.#key, this.#nonce(), { authTagLength: tagBytes })
    cipher.setAAD(data, { plaintextLength: plain.length })
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  }

  open(sealed: Buffer, data: Uint8Array = nothing): Buffer {
    const decipher = createDecipheriv('chacha20-poly1305', this.#key, this.#nonce(), { authTagLength: tagBytes })
    decipher.setAAD(data, { plaintextLength: sealed.length - tagBytes })
    decipher.setAuthTag(sealed.subarray(-tagBytes))
    return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()])
  }

  #nonce(): Buffer {
    const nonce = Buffer.alloc(12)
    nonce.writeBigUInt64LE(BigInt(this.#count++), 4)
    return nonce
  }
}

/** The handshake's symmetric state (Noise, section 5.2). */
class Symmetric {
  #hash: Buffer = Buffer.from('Noise_XX_25519_ChaChaPoly_SHA256')
  #chainingKey = this.#hash
  #cipher: Cipher | undefined

  constructor() {
    this.mixHash(nothing)
  }

  mixHash(bytes: Uint8Array): void {
    this.#hash = createHash('sha256').update(this.#hash).update(bytes).digest()
  }

  mixKey(input: Uint8Array): void {
    const [chainingKey, key] = derive(this.#chainingKey, input)
    this.#chainingKey = chainingKey
    this.#cipher = new Cipher(key)
  }

  seal(plain: Uint8Array): Buffer {
    const sealed = this.#cipher?.seal(plain, this.#hash) ?? Buffer.from(plain)
    this.mixHash(sealed)
    return sealed
  }

  open(sealed: Buffer): Buffer {
    const plain = this.#cipher?.open(sealed, this.#hash) ?? sealed
    this.mixHash(sealed)
    return plain
  }

  split(): [Cipher, Cipher] {
    const [first, second] = derive(this.#chainingKey, nothing)
    return [new Cipher(first), new Cipher(second)]
  }
}

/** A channel after the handshake: `seal` gives bytes for the channel, `receive` the next message's plain bytes. */
export interface Secured {
  seal(plain: Uint8Array): Buffer
  receive(): Promise<Buffer>
}

export async function secure(channel: Channel, identity: Identity, muxer = '/yamux/1.0.0'): Promise<Secured> {
  const state = new Symmetric()
  const ephemeral = noisePair()
  const fixed = noisePair()
  state.mixHash(ephemeral.bytes)
  channel.write(prefixed(Buffer.concat([ephemeral.bytes, state.seal(nothing)])))

  const reply = await receiveMessage(channel)
  const theirs = reply.subarray(0, 32)
  state.mixHash(theirs)
  state.mixKey(agree(ephemeral, theirs))
  const theirFixed = state.open(reply.subarray(32, 80))
  state.mixKey(agree(ephemeral, theirFixed))
  state.open(reply.subarray(80))

  const sealedKey = state.seal(fixed.bytes)
  state.mixKey(agree(fixed, theirs))
  const payload = Buffer.concat([
    bytesField(1, identity.publicKey),
    bytesField(2, identity.sign(Buffer.concat([Buffer.from('noise-libp2p-static-key:'), fixed.bytes]))),
    bytesField(4, bytesField(2, muxer))
  ])
  channel.write(prefixed(Buffer.concat([sealedKey, state.seal(payload)])))
  const [ours, others] = state.split()
  return { seal: plain => sealAll(ours, plain), receive: async () => others.open(await receiveMessage(channel)) }
}

function sealAll(cipher: Cipher, plain: Uint8Array): Buffer {
  const messages: Buffer[] = []
  for (let at = 0; at < plain.length; at += plainBytesMax) {
    messages.push(prefixed(cipher.seal(plain.subarray(at, at + plainBytesMax))))
  }

  return Buffer.concat(messages)
}

export function prefixed(message: Uint8Array): Buffer {
  return Buffer.concat([uint16(message.length), message])
}

async function receiveMessage(channel: Channel): Promise<Buffer> {
  return await channel.read((await channel.read(2)).readUInt16BE())
}
