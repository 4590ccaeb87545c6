import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Process } from './fixtures/process.ts'
import { entry, preload, runVicinity, vicinity } from './fixtures/vicinity.ts'

const signals = ['SIGINT', 'SIGTERM'] as const
const signalAt = ['--import', new URL('./fixtures/signal-at.js', import.meta.url).href]
const neverStops = ['--import', new URL('./fixtures/never-stops.js', import.meta.url).href]

for (const signal of signals) {
  for (const module of ['../src/main.ts', 'commander', '@vicinity/peer']) {
    test(`${signal} while ${module} is being loaded`, async t => {
      const { code, stdout } = await runVicinity(t, ['node'], {
        nodeArgs: signalAt,
        env: { SIGNAL_AT: module, SIGNAL_NAME: signal }
      })
      assert.deepEqual(stdout, ['Shutting down...'])
      assert.equal(code, 0)
    })
  }

  test(`${signal} under --json is an object too`, async t => {
    const { code, stdout } = await runVicinity(t, ['node', '--json'], {
      nodeArgs: signalAt,
      env: { SIGNAL_AT: 'commander', SIGNAL_NAME: signal }
    })
    assert.deepEqual(
      stdout.map(line => JSON.parse(line) as unknown),
      [{ type: 'stopping' }]
    )
    assert.equal(code, 0)
  })

  test(`a second ${signal} ends at once a node that does not stop`, async t => {
    const node = vicinity(t, ['node'], { nodeArgs: neverStops, env: { CLOCK_STEP_MS: '1000' } })
    await node.line('running')
    node.signal(signal)
    await node.line('Shutting down...')
    node.signal(signal)
    assert.equal((await node.ended()).code, signal === 'SIGINT' ? 130 : 143)
    assert.deepEqual(node.stdout, ['running', 'Shutting down...'])
  })

  test(`the echo of ${signal} is not a second one, and a node that does not stop ends by itself`, async t => {
    const node = vicinity(t, ['node'], { nodeArgs: neverStops, env: { CLOCK_STEP_MS: '1' } })
    await node.line('running')
    node.signal(signal)
    await node.line('Shutting down...')
    node.signal(signal)
    assert.equal((await node.ended()).code, 0)
    assert.deepEqual(node.stdout, ['running', 'Shutting down...'])
    assert.equal(node.groupAlive(), false)
  })
}

test("a command other than node ends at once, by the signal's exit code and without a word", async t => {
  const { code, stdout } = await runVicinity(t, ['id', 'show'], {
    nodeArgs: signalAt,
    env: { SIGNAL_AT: 'commander', SIGNAL_NAME: 'SIGTERM' }
  })
  assert.equal(code, 143)
  assert.deepEqual(stdout, [])
})

test('an older Node passes a signal on once, and neither process outlives it', async t => {
  const older = preload("Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.11.0' } })")
  // What the older one starts inherits this variable, and with it the command that never stops.
  const env = { CLOCK_STEP_MS: '1000', NODE_OPTIONS: neverStops.join(' ') }
  for (const signal of signals) {
    const outer = Process.start(t, process.execPath, [...older, entry, 'node'], { env })
    await outer.line('running')
    outer.signal(signal)
    await outer.line('Shutting down...')
    assert.equal((await outer.ended()).code, 0)
    assert.deepEqual(outer.stdout, ['running', 'Shutting down...'])
    assert.equal(outer.groupAlive(), false)
  }
})

test('an error that nobody caught is a line and exit code 1', async t => {
  const failing = preload("setTimeout(() => { throw new Error('one\\ntwo') }, 0)")
  const late = preload("setTimeout(() => { Promise.reject(new Error('left\\nalone')) }, 0)")
  for (const [nodeArgs, line] of [
    [failing, 'error,one two'],
    [late, 'error,left alone']
  ] as const) {
    const { code, stdout } = await runVicinity(t, ['node'], {
      nodeArgs: [...nodeArgs, ...neverStops],
      env: { CLOCK_STEP_MS: '1' }
    })
    assert.deepEqual(
      stdout.filter(text => text !== 'running'),
      [line]
    )
    assert.equal(code, 1)
  }
})
