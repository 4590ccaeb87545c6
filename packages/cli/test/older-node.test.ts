import assert from 'node:assert/strict'
import { test } from 'node:test'
import { preload, runVicinity } from './fixtures/vicinity.ts'

/** What makes a Node pass for an older one; the Node that the entry then starts is itself again. */
const older = preload("Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.11.0' } })")

test('an older Node starts the newer one, with the same streams, arguments and exit code', async t => {
  const { code, stdout } = await runVicinity(t, ['node', '--payload', 'xml'], { nodeArgs: older })
  assert.deepEqual(stdout, ['error,--payload is "xml": it has to be one of flat, text, oneof, json, pipe'])
  assert.equal(code, 1)

  const help = await runVicinity(t, ['--help'], { nodeArgs: older })
  assert.equal(help.stdout[0], 'Examples:')
  assert.equal(help.code, 0)
})

test('where there is no newer Node, it says what to do', async t => {
  // A Node that was handed over to and is still too old is where it ends: the same as finding none.
  const { code, stdout, stderr } = await runVicinity(t, ['node'], { nodeArgs: older, env: { VICINITY_HANDED_OVER: '20.11.0' } })
  assert.equal(code, 1)
  assert.match(stdout.join('\n'), /^error,vicinity needs Node\.js 24 or newer and this is 20\.11\.0\. Install it from/)
  assert.match(stderr.join('\n'), /npm install/)
})
