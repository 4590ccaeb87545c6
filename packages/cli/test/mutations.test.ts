/** Mutations of recorded sessions, on both sides of a connection and at every layer: the node lives through all of them. */
import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Process } from './fixtures/process.ts'

const script = fileURLToPath(new URL('../scripts/mutations.ts', import.meta.url))

// It takes two and a half minutes of two processors that do nothing else.
test('100,000 mutations end no process', { timeout: 900_000 }, async t => {
  const keep = join(tmpdir(), 'vicinity-mutations')
  const running = Process.start(t, process.execPath, ['-C', 'vicinity-source', script, '--count', '100000', '--keep', keep])
  const { code } = await running.exit
  for (const line of running.stdout) {
    t.diagnostic(line)
  }
  assert.equal(code, 0, running.report())
})
