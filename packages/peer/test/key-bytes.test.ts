import assert from 'node:assert/strict'
import { test } from 'node:test'
import { privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { generateIdentity } from '../src/identity.ts'
import { readKey } from '../src/key-bytes.ts'

/** The form of older versions: type 1, 96 bytes, the public half twice. */
function repeated(key: Uint8Array, second = key.subarray(36)): Uint8Array {
  return Uint8Array.of(0x08, 0x01, 0x12, 0x60, ...key.subarray(4), ...second)
}

async function whyNot(bytes: Uint8Array): Promise<string> {
  const read = await readKey(bytes)
  assert.equal(read.type, 'none')
  return read.type === 'none' ? read.why : ''
}

test('a key that repeats its public half is read when both agree', async () => {
  const key = await generateIdentity()
  const bytes = privateKeyToProtobuf(key)
  const read = await readKey(repeated(bytes))
  assert.ok(read.type === 'key' && read.key.equals(key))

  const other = privateKeyToProtobuf(await generateIdentity())
  assert.match(await whyNot(repeated(bytes, other.subarray(36))), /second one does not belong/)
  assert.match(await whyNot(repeated(bytes.with(40, (bytes[40] ?? 0) ^ 1), bytes.subarray(36))), /first one does not belong/)
  assert.match(await whyNot(repeated(bytes).with(5, (bytes[5] ?? 0) ^ 1)), /first one does not belong/)
})

for (const type of ['ed25519', 'secp256k1'] as const) {
  test(`a file that holds a key in another form is called by its name: ${type}`, async () => {
    const bytes = privateKeyToProtobuf(await generateIdentity(type))
    const base64 = Buffer.from(bytes).toString('base64')
    assert.match(await whyNot(Buffer.from(base64)), /base64/)
    assert.match(await whyNot(Buffer.from(`${base64}\n`)), /base64/)
    assert.match(await whyNot(Buffer.concat([bytes, Buffer.from('\n')])), /line end/)
    assert.match(await whyNot(Buffer.concat([bytes, Buffer.from('\r\n')])), /line end/)
    assert.match(await whyNot(Buffer.from('-----BEGIN PRIVATE KEY-----\nMC4CAQ==\n')), /PEM/)
    assert.match(await whyNot(Buffer.from('not a key at all\n')), /does not parse/)
  })
}
