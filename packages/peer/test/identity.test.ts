/** Key files: what a good one is, and that a bad one is refused and left alone. */
import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import fc from 'fast-check'
import { IdentityError } from '../src/errors.ts'
import type { IdentityErrorCode } from '../src/errors.ts'
import { generateIdentity, loadIdentity, saveIdentity } from '../src/identity.ts'

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'identity-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

async function refused(work: Promise<unknown>, code: IdentityErrorCode, file: string): Promise<void> {
  await assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof IdentityError, String(error))
    assert.equal(error.code, code)
    assert.equal(error.file, file)
    assert.ok(error.message.includes(file))
    return true
  })
}

test('a key is saved for its owner alone, and read back', async t => {
  for (const [type, bytes, prefix] of [
    ['ed25519', 68, '12D3KooW'],
    ['secp256k1', 36, '16Uiu2']
  ] as const) {
    const file = join(await folder(t), 'deep', 'er', 'key')
    const key = await generateIdentity(type)
    await saveIdentity(file, key)

    assert.ok((await loadIdentity(file)).equals(key))
    assert.ok((await loadIdentity(file, { keyType: type })).equals(key))
    assert.ok(peerIdFromPrivateKey(key).toString().startsWith(prefix))
    assert.equal((await stat(file)).size, bytes)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    // Nothing of the writing is left behind.
    assert.deepEqual(await readdir(join(file, '..')), ['key'])
  }
})

test('the checkers’ key file: protobuf of type 1 and 64 bytes, seed and public key', async t => {
  const file = join(await folder(t), 'key')
  // RFC 8032, section 7.1, test 1.
  const seed = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'
  const publicKey = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
  await writeFile(file, Buffer.from(`08011240${seed}${publicKey}`, 'hex'))

  const key = await loadIdentity(file)
  assert.equal(Buffer.from(key.publicKey.raw).toString('hex'), publicKey)
})

test('a file is created when asked for, once, whoever asks at the same time', async t => {
  const file = join(await folder(t), 'key')
  await refused(loadIdentity(file), 'ERR_IDENTITY_MISSING', file)

  const keys = await Promise.all(
    Array.from({ length: 8 }, async () => loadIdentity(file, { create: true, keyType: 'secp256k1' }))
  )
  for (const key of keys) {
    assert.ok(keys[0]?.equals(key))
  }
  assert.equal(keys[0]?.type, 'secp256k1')
})

test('a key file that others can read is loaded with a warning', {
  skip: process.platform === 'win32' && 'no such bits'
}, async t => {
  const file = join(await folder(t), 'key')
  await saveIdentity(file, await generateIdentity())
  const warnings: string[] = []
  const warn = (warning: string): void => void warnings.push(warning)
  await loadIdentity(file, { warn })
  assert.deepEqual(warnings, [])

  await chmod(file, 0o644)
  await loadIdentity(file, { warn })
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /chmod 600/)
})

test('an identity is never overwritten', async t => {
  const file = join(await folder(t), 'key')
  await saveIdentity(file, await generateIdentity())
  const before = await readFile(file)

  await refused(saveIdentity(file, await generateIdentity()), 'ERR_IDENTITY_EXISTS', file)
  assert.deepEqual(await readFile(file), before)
})

test('a key of another type than wanted is refused', async t => {
  const file = join(await folder(t), 'key')
  await saveIdentity(file, await generateIdentity('ed25519'))
  await refused(loadIdentity(file, { keyType: 'secp256k1' }), 'ERR_IDENTITY_KEY_TYPE', file)
})

test('whatever is no whole key is refused and left as it is, also when creating is allowed', async t => {
  const good = privateKeyToProtobuf(await generateIdentity())
  const wrongHalf = good.with(40, (good[40] ?? 0) ^ 1)
  const bad: ReadonlyArray<readonly [IdentityErrorCode, Uint8Array]> = [
    ['ERR_IDENTITY_EMPTY', new Uint8Array()],
    ['ERR_IDENTITY_CORRUPT', good.subarray(0, 67)],
    ['ERR_IDENTITY_CORRUPT', Uint8Array.of(...good, 0)],
    ['ERR_IDENTITY_CORRUPT', wrongHalf],
    ['ERR_IDENTITY_CORRUPT', Buffer.from('-----BEGIN PRIVATE KEY-----')],
    ['ERR_IDENTITY_CORRUPT', new Uint8Array(1_000_000)],
    ['ERR_IDENTITY_KEY_TYPE', privateKeyToProtobuf(await generateKeyPair('ECDSA'))]
  ]

  const path = await folder(t)
  for (const [index, [code, bytes]] of bad.entries()) {
    const file = join(path, `key-${index}`)
    await writeFile(file, bytes)
    await refused(loadIdentity(file, { create: true }), code, file)
    assert.deepEqual(new Uint8Array(await readFile(file)), new Uint8Array(bytes))
  }
})

test('no bytes but a key’s own load', async t => {
  const file = join(await folder(t), 'key')
  const good = privateKeyToProtobuf(await generateIdentity('secp256k1'))
  const damaged = fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })).map(([at, byte]) => good.with(at, byte))

  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 100 }), damaged), async bytes => {
      await writeFile(file, bytes)
      const key = await loadIdentity(file).catch((error: unknown) => {
        assert.ok(error instanceof IdentityError, String(error))
      })
      if (key !== undefined) {
        assert.deepEqual(new Uint8Array(privateKeyToProtobuf(key)), bytes)
      }
    }),
    { numRuns: 300 }
  )
})

test('a folder in the file’s place, and a file that may not be read, are refused', async t => {
  const path = await folder(t)
  await mkdir(join(path, 'key'))
  await refused(loadIdentity(join(path, 'key'), { create: true }), 'ERR_IDENTITY_UNREADABLE', join(path, 'key'))
  await refused(
    saveIdentity(join(path, 'key', 'x', '\0'), await generateIdentity()),
    'ERR_IDENTITY_UNWRITABLE',
    join(path, 'key', 'x', '\0')
  )

  const file = join(path, 'secret')
  await saveIdentity(file, await generateIdentity())
  await chmod(file, 0o000)
  if (process.getuid?.() === 0) {
    t.diagnostic('the superuser reads every file: the refusal is not seen')
  } else {
    await refused(loadIdentity(file, { create: true }), 'ERR_IDENTITY_UNREADABLE', file)
  }
})
