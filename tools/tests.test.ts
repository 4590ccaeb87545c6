import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { findTests } from './tests.js'

describe('finding tests', () => {
  const root = mkdtempSync(join(tmpdir(), 'vicinity-tests-'))

  before(() => {
    for (const file of [
      'packages/wire/test/varint.test.ts',
      'packages/wire/test/deep/frame.test.ts',
      'packages/wire/test/helper.ts',
      'packages/wire/src/odd.test.ts',
      'packages/dht/test/server.test.ts',
      'conformance/lookup.test.ts',
      'tools/tidy.test.ts'
    ]) {
      mkdirSync(dirname(join(root, file)), { recursive: true })
      writeFileSync(join(root, file), '')
    }
  })
  after(() => rmSync(root, { recursive: true }))

  it('looks in every package, in conformance and in tools, at any depth', () => {
    assert.deepEqual(findTests(root), [
      'conformance/lookup.test.ts',
      'packages/dht/test/server.test.ts',
      'packages/wire/test/deep/frame.test.ts',
      'packages/wire/test/varint.test.ts',
      'tools/tidy.test.ts'
    ])
  })

  it('keeps the files whose path contains one of the words', () => {
    assert.deepEqual(findTests(root, ['wire/', 'tidy']), [
      'packages/wire/test/deep/frame.test.ts',
      'packages/wire/test/varint.test.ts',
      'tools/tidy.test.ts'
    ])
    assert.deepEqual(findTests(root, ['nothing']), [])
  })
})
