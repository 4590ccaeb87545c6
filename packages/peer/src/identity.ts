/**
 * Key files: one private key, as libp2p's private-key protobuf (Ed25519: 68 bytes, secp256k1: 36), mode 0600.
 *
 * An identity is never replaced by accident. A file that cannot be used is refused, with the reason, and left as it
 * is; a new one is written beside it first and then linked to its name, which succeeds only if the name is free,
 * so that neither a crash nor a second process leaves half a file or takes the other's place.
 */
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { IdentityError } from './errors.ts'
import { readKey } from './key-bytes.ts'
import { unreachable } from './unreachable.ts'

export type KeyType = 'ed25519' | 'secp256k1'

export const keyTypes: readonly KeyType[] = ['ed25519', 'secp256k1']

/** The two kinds of key there are need 68 bytes at most; nothing larger is read. */
const fileBytesMax = 1_024

export interface LoadIdentityOptions {
  /** The kind of key wanted: another kind in the file is an error. Without it, either is taken, and Ed25519 created. */
  readonly keyType?: KeyType | undefined
  /** Create the file when there is none; otherwise that is an error. */
  readonly create?: boolean | undefined
  /** Called with a sentence when the file can be used but should not be left as it is. */
  readonly warn?: ((warning: string) => void) | undefined
}

/** A new key, in memory only. Ed25519 gives ids that begin `12D3KooW`, secp256k1 `16Uiu2`. */
export async function generateIdentity(keyType: KeyType = 'ed25519'): Promise<PrivateKey> {
  return keyType === 'ed25519' ? generateKeyPair('Ed25519') : generateKeyPair('secp256k1')
}

/** The key in a file. Throws an `IdentityError` for anything but a whole key of the wanted kind. */
export async function loadIdentity(file: string, options: LoadIdentityOptions = {}): Promise<PrivateKey> {
  const bytes = await readKeyFile(file)

  if (bytes === undefined) {
    if (options.create !== true) {
      throw new IdentityError('ERR_IDENTITY_MISSING', file, `there is no key file ${file}: create it with "vicinity id create"`)
    }

    return createIdentity(file, options)
  }

  await checkPermissions(file, options.warn)
  const key = await parseKey(file, bytes)
  if (options.keyType !== undefined && keyTypeOf(key) !== options.keyType) {
    throw new IdentityError(
      'ERR_IDENTITY_KEY_TYPE',
      file,
      `the key file ${file} holds a ${keyTypeOf(key)} key, not ${options.keyType}: name another file or another key type`
    )
  }

  return key
}

/** Writes a key to a new file, with the folders it needs. Throws an `IdentityError` when the file is there already. */
export async function saveIdentity(file: string, key: PrivateKey): Promise<void> {
  const bytes = privateKeyToProtobuf(key)
  const draft = join(dirname(file), `.${process.pid}-${crypto.randomUUID()}.key`)

  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeDraft(draft, bytes)
    await link(draft, file)
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      throw new IdentityError(
        'ERR_IDENTITY_EXISTS',
        file,
        `the key file ${file} is there already: an identity is never overwritten; name another file`,
        { cause: error }
      )
    }

    throw new IdentityError(
      'ERR_IDENTITY_UNWRITABLE',
      file,
      `cannot write the key file ${file} (${describe(error)}): ${adviceOf(error)}`,
      { cause: error }
    )
  } finally {
    await rm(draft, { force: true }).catch(() => {})
  }

  await verify(file, bytes)
}

/** Warns of a key that others than its owner can read. Windows keeps no such bits. */
async function checkPermissions(file: string, warn: LoadIdentityOptions['warn']): Promise<void> {
  const { mode } = await stat(file)
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    warn?.(`the key file ${file} can be read by others than its owner: run chmod 600 on it`)
  }
}

async function createIdentity(file: string, options: LoadIdentityOptions): Promise<PrivateKey> {
  const key = await generateIdentity(options.keyType)

  try {
    await saveIdentity(file, key)
  } catch (error) {
    // Another process created it in between: theirs is the identity.
    if (error instanceof IdentityError && error.code === 'ERR_IDENTITY_EXISTS') {
      return loadIdentity(file, { ...options, create: false })
    }

    throw error
  }

  return key
}

/** The file's bytes, or `undefined` when there is no such file. */
async function readKeyFile(file: string): Promise<Uint8Array | undefined> {
  try {
    const info = await stat(file)
    if (!info.isFile()) {
      throw new IdentityError('ERR_IDENTITY_UNREADABLE', file, `${file} is not a file: name the key file itself`)
    }
    if (info.size > fileBytesMax) {
      throw new IdentityError(
        'ERR_IDENTITY_CORRUPT',
        file,
        `${file} has ${info.size} bytes, too many for a key: it is left as it is; name the right file`
      )
    }

    return await readFile(file)
  } catch (error) {
    if (error instanceof IdentityError) {
      throw error
    }
    if (errorCode(error) === 'ENOENT') {
      return undefined
    }

    throw new IdentityError(
      'ERR_IDENTITY_UNREADABLE',
      file,
      `cannot read the key file ${file} (${describe(error)}): make it readable for this user`,
      { cause: error }
    )
  }
}

/** A key from a file's bytes, which must hold it and nothing else. */
async function parseKey(file: string, bytes: Uint8Array): Promise<PrivateKey> {
  if (bytes.length === 0) {
    throw new IdentityError(
      'ERR_IDENTITY_EMPTY',
      file,
      `the key file ${file} is empty: restore it from a copy, or name another file`
    )
  }

  const read = await readKey(bytes)
  switch (read.type) {
    case 'key':
      return read.key
    case 'other-key':
      throw new IdentityError(
        'ERR_IDENTITY_KEY_TYPE',
        file,
        `the key file ${file} holds an ${read.name} key: only Ed25519 and secp256k1 are used here`
      )
    case 'none':
      throw corrupt(file, `it ${read.why}`)
    default:
      return unreachable(read)
  }
}

function corrupt(file: string, why: string, cause?: unknown): IdentityError {
  return new IdentityError(
    'ERR_IDENTITY_CORRUPT',
    file,
    `the key file ${file} is corrupt (${why}): it is left as it is; restore it from a copy, or name another file`,
    cause === undefined ? undefined : { cause }
  )
}

async function writeDraft(draft: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** What was written is read back: a key that cannot be loaded again is better known now than at the next start. */
async function verify(file: string, bytes: Uint8Array): Promise<void> {
  const written = await readKeyFile(file)
  if (written === undefined || !equal(written, bytes)) {
    throw corrupt(file, 'what was written does not read back')
  }

  await parseKey(file, written)
}

function keyTypeOf(key: PrivateKey): KeyType {
  return key.type === 'secp256k1' ? 'secp256k1' : 'ed25519'
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function adviceOf(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'make room, or name a file elsewhere'
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return "check the folder's permissions, or name a file elsewhere"
    default:
      return 'name a file elsewhere'
  }
}

function describe(error: unknown): string {
  switch (errorCode(error)) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied'
    case 'EROFS':
      return 'the file system is read-only'
    case 'ENOSPC':
      return 'no space left'
    default:
      return error instanceof Error ? error.message : String(error)
  }
}
