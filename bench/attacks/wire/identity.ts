/** An Ed25519 identity of libp2p from a seed: its key in protobuf, its peer id, its signatures. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Random } from './bytes.ts'

/** PKCS #8 before the 32 bytes of an Ed25519 key (RFC 8410, section 7). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')

export class Identity {
  readonly #key: KeyObject
  /** The public key as libp2p's protobuf has it. */
  readonly publicKey: Buffer
  /** The secret key as libp2p's protobuf has it. */
  readonly secretKey: Buffer
  /** The peer id: the public key in an identity multihash. */
  readonly id: Buffer

  constructor(seed: Uint8Array) {
    this.#key = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' })
    const spki = createPublicKey(this.#key).export({ format: 'der', type: 'spki' })
    this.publicKey = Buffer.concat([Buffer.from([0x08, 0x01, 0x12, 0x20]), spki.subarray(-32)])
    this.secretKey = Buffer.concat([Buffer.from([0x08, 0x01, 0x12, 0x40]), seed, spki.subarray(-32)])
    this.id = Buffer.concat([Buffer.from([0x00, this.publicKey.length]), this.publicKey])
  }

  static random(random: Random): Identity {
    return new Identity(random.bytes(32))
  }

  sign(bytes: Uint8Array): Buffer {
    return sign(null, bytes, this.#key)
  }
}
