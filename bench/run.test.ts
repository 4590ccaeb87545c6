import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { benchmarks } from './run.ts'

function run(...args: string[]): { code: number | null; out: string; err: string } {
  const entry = fileURLToPath(new URL('run.ts', import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-C', 'vicinity-source', entry, ...args], { encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

for (const name of benchmarks()) {
  test(`the benchmark ${name} runs with tiny inputs`, () => {
    const { code, out, err } = run(name, '--smoke')
    assert.equal(code, 0, err)
    assert.match(out, new RegExp(`^# ${name}$`, 'm'))
    assert.match(out, /\d/)
  })
}

test('a benchmark that is not there is said to be not there, with those that are', () => {
  const { code, err } = run('srve')
  assert.equal(code, 2)
  assert.match(err, /no benchmark srve/)
  assert.match(err, /serve/)
})
