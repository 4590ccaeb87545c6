/** Errors that escape: whose connection ends, what the process may survive, and what is told. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { culprit, endEscaped, escapes, onBehalfOf, onEscape } from '../../src/guard/escapes.ts'
import type { Culprit, Escape } from '../../src/guard/escapes.ts'
import type { Outcome, Way } from './escaping.ts'

class Connection implements Culprit {
  readonly ended: Error[] = []
  readonly remoteAddr: { toString(): string } = { toString: () => '/ip4/192.0.2.1/tcp/1' }

  abort(error: Error): void {
    this.ended.push(error)
  }
}

async function escape(t: TestContext, asked: readonly Way[]): Promise<Outcome[]> {
  const child = fork(fileURLToPath(new URL('escaping.ts', import.meta.url)))
  t.after(() => child.kill())
  const outcomes: Outcome[] = []
  for (const way of asked) {
    child.send(way)
    const [outcome] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [Outcome | number]
    assert.ok(typeof outcome === 'object', `the process ended with ${JSON.stringify(outcome)}`)
    outcomes.push(outcome)
  }
  return outcomes
}

const wherever = ['microtask', 'timer', 'listener', 'rejection', 'later'] as const

test('an error that escapes wherever on behalf of a connection ends that one, and the process goes on', async t => {
  const outcomes = await escape(t, wherever)
  assert.deepEqual(
    outcomes.map(({ way, goesOn, connection, other }) => [way, goesOn, connection, other]),
    wherever.map(way => [way, true, `it broke in a ${way}`, undefined])
  )
})

test('an error of our own code on behalf of nobody is for the caller, and not counted', async t => {
  const [outcome] = await escape(t, ['foreign'])
  assert.deepEqual(outcome, { way: 'foreign', goesOn: false, told: [], escapes: 0 })
})

test('each reason is told once, and each escape is counted', async t => {
  const outcomes = await escape(t, ['timer', 'timer', 'microtask', 'timer'])
  assert.deepEqual(
    outcomes.map(outcome => outcome.escapes),
    [1, 2, 3, 4]
  )
  assert.deepEqual(outcomes.at(-1)?.told, [
    'it broke in a timer of /ip4/192.0.2.1/tcp/1, 1',
    'it broke in a microtask of /ip4/192.0.2.1/tcp/1, 3'
  ])
})

test('what runs on behalf of a connection knows it, also later, and nothing else does', async () => {
  const connections = [new Connection(), new Connection()]
  const seen = await Promise.all(
    connections.map(async connection =>
      onBehalfOf(connection, async () => {
        await Promise.resolve()
        return culprit()
      })
    )
  )
  assert.deepEqual(seen, connections)
  assert.equal(culprit(), undefined)
})

/** An error with the stack that it would have at these places. */
function thrownAt(...places: readonly string[]): Error {
  const error = new Error('it broke')
  error.stack = ['Error: it broke', ...places.map(place => `    at ${place}`)].join('\n')
  return error
}

const ofPackage = 'Decoder.read (file:///app/node_modules/@libp2p/yamux/dist/src/decode.js:1:2)'
const ofCommonJs = 'Receiver.getInfo (/app/node_modules/ws/lib/receiver.js:1:2)'
const ofNode = 'process.processTicksAndRejections (node:internal/process/task_queues:105:5)'
const ofNobody = 'new Promise (<anonymous>)'
const ofSource = 'Guard.start (file:///app/packages/peer/src/guard/guard.ts:1:2)'
const installed = ['@vicinity/peer', 'vicinity'].map(name => `Guard.start (file:///app/node_modules/${name}/dist/guard.js:1:2)`)

test('an error whose whole stack is of dependencies ends nothing', () => {
  const before = escapes()
  for (const error of [thrownAt(ofPackage), thrownAt(ofCommonJs, ofNode), thrownAt(ofNobody, ofPackage, ofNode)]) {
    assert.equal(endEscaped(error), true, error.stack)
  }
  assert.equal(escapes(), before + 3)
})

test('an error with a place in our own code, or in no package, or without a place is for the caller', () => {
  const before = escapes()
  const ours = [ofSource, ...installed].flatMap(place => [thrownAt(place), thrownAt(ofPackage, place, ofNode)])
  for (const error of [...ours, thrownAt(ofNode), thrownAt(ofNobody), thrownAt()]) {
    assert.equal(endEscaped(error), false, error.stack)
  }
  for (const reason of ['text', undefined, null, 7, { stack: thrownAt(ofPackage).stack }]) {
    assert.equal(endEscaped(reason), false)
  }
  assert.equal(escapes(), before)
})

test('whatever is thrown on behalf of a connection ends it with an error, even when it has ended already', () => {
  const told: Escape[] = []
  const stop = onEscape(escaped => told.push(escaped))
  const connection = new Connection()
  assert.equal(
    onBehalfOf(connection, () => endEscaped('just a text')),
    true
  )
  assert.deepEqual(
    connection.ended.map(({ message }) => message),
    ['just a text']
  )
  assert.deepEqual(
    told.map(({ error, address }) => [error.message, address]),
    [['just a text', '/ip4/192.0.2.1/tcp/1']]
  )

  stop()
  connection.abort = () => {
    throw new Error('ended twice')
  }
  assert.equal(
    onBehalfOf(connection, () => endEscaped(new Error('another'))),
    true
  )
  assert.equal(told.length, 1)
})

test('reasons without end are not told without end, and are counted', () => {
  let told = 0
  const stop = onEscape(() => told++)
  const before = escapes()
  for (let number = 0; number < 1_000; number++) {
    onBehalfOf(new Connection(), () => endEscaped(new Error(`reason ${number}`)))
  }
  stop()
  assert.equal(escapes(), before + 1_000)
  assert.ok(told > 0 && told <= 256, `${told} reasons were told`)
})
