import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runVicinity } from './fixtures/vicinity.ts'
import type { TestContext } from 'node:test'

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'vicinity-id-'))
  t.after(async () => {
    await rm(path, { recursive: true })
  })
  return path
}

test('id create prints the id alone on standard output and ends with the command that uses the file', async t => {
  const cwd = await folder(t)
  const created = await runVicinity(t, ['id', 'create'], { cwd })
  assert.equal(created.code, 0)
  assert.equal(created.stdout.length, 1)
  assert.match(created.stdout[0] ?? '', /^12D3KooW/)
  assert.match(created.stderr.at(-1) ?? '', /^ {2}\S.* node --key-file vicinity\.key$/)
  assert.equal((await stat(join(cwd, 'vicinity.key'))).mode & 0o777, 0o600)

  const shown = await runVicinity(t, ['id', 'show'], { cwd })
  assert.deepEqual(shown.stdout, created.stdout)
  assert.equal(shown.code, 0)
})

test('id create makes either kind of key, and says as JSON what it made', async t => {
  const cwd = await folder(t)
  for (const [keyType, prefix] of [
    ['ed25519', '12D3KooW'],
    ['secp256k1', '16Uiu2']
  ] as const) {
    const { stdout, code } = await runVicinity(
      t,
      ['id', 'create', '--key-type', keyType, '--key-file', `${keyType}.key`, '--json'],
      { cwd }
    )
    const made = JSON.parse(stdout.join('\n')) as { id: string; keyType: string; file: string }
    assert.ok(made.id.startsWith(prefix), made.id)
    assert.deepEqual({ keyType: made.keyType, file: made.file }, { keyType, file: `${keyType}.key` })
    assert.equal(code, 0)
  }
})

test('an identity is never overwritten', async t => {
  const cwd = await folder(t)
  await runVicinity(t, ['id', 'create', '--key-file', 'me.key'], { cwd })
  const before = await readFile(join(cwd, 'me.key'))
  const again = await runVicinity(t, ['id', 'create', '--key-file', 'me.key'], { cwd })
  assert.equal(again.code, 1)
  assert.deepEqual(again.stdout, [])
  assert.match(again.stderr[0] ?? '', /^vicinity: .*me\.key.*never overwritten/)
  assert.deepEqual(await readFile(join(cwd, 'me.key')), before)
})

test('id show refuses a file that is missing, empty or corrupt, and leaves it as it is', async t => {
  const cwd = await folder(t)
  const contents = { 'empty.key': '', 'corrupt.key': 'not a key at all' }
  for (const [file, content] of Object.entries(contents)) {
    await writeFile(join(cwd, file), content)
  }
  for (const file of ['missing.key', ...Object.keys(contents)]) {
    const { code, stdout, stderr } = await runVicinity(t, ['id', 'show', '--key-file', file], { cwd })
    assert.equal(code, 1, file)
    assert.deepEqual(stdout, [])
    assert.ok(stderr[0]?.includes(file), stderr[0])
  }
  for (const [file, content] of Object.entries(contents)) {
    assert.equal(await readFile(join(cwd, file), 'utf8'), content)
  }
})
