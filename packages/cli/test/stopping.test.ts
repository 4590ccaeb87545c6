/** SIGINT and SIGTERM at a node that runs: see `signals.test.ts` for those that come before. */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { test } from 'node:test'
import { startNode } from './fixtures/node.ts'
import { Process } from './fixtures/process.ts'
import { startStock } from './fixtures/stock.ts'
import { entry, preload, vicinity } from './fixtures/vicinity.ts'
import type { AddressInfo } from 'node:net'

const signals = ['SIGINT', 'SIGTERM'] as const

async function endsWell(node: Process): Promise<void> {
  assert.deepEqual(await node.ended(), { code: 0, signal: null })
  // After it come the connections that are closed, and nothing else.
  const last = node.stdout.slice(node.stdout.indexOf('Shutting down...'))
  assert.deepEqual(
    last.filter(line => !line.startsWith('closed,')),
    ['Shutting down...']
  )
  assert.equal(node.groupAlive(), false)
}

for (const signal of signals) {
  test(`${signal} while a bootstrap peer does not answer`, async t => {
    // Takes connections and says nothing.
    const silent = createServer(socket => {
      socket.on('error', () => {})
    }).listen(0, '127.0.0.1')
    t.after(() => {
      silent.close()
    })
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const connected = once(silent, 'connection')
    const node = vicinity(t, ['node', '--bootstrap', `/ip4/127.0.0.1/tcp/${port}`])
    await connected
    node.signal(signal)
    await endsWell(node)
  })

  test(`${signal} during the bootstrap`, async t => {
    const stock = await startStock(t, '/ip4/127.0.0.1/tcp/0')
    const node = vicinity(t, ['node', '--bootstrap', stock.address])
    await node.line('Starting Kademlia bootstrap process')
    node.signal(signal)
    await endsWell(node)
  })

  test(`${signal} at rest closes every connection`, async t => {
    const stock = await startStock(t, '/ip4/127.0.0.1/tcp/0')
    const node = await startNode(t, ['--bootstrap', stock.address])
    await node.process.line('bootstrap')
    node.process.signal(signal)
    await endsWell(node.process)
    await stock.event('closed', ({ peer }) => peer === node.id)
  })
}

test('Ctrl-C in a terminal, where it reaches the older Node and the one that it started', async t => {
  const older = preload("Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.11.0' } })")
  const node = Process.start(t, process.execPath, [...older, entry, 'node'])
  await node.errorLine(/--bootstrap/)
  node.signalGroup('SIGINT')
  await endsWell(node)
})

test('a reader that goes away ends the node quietly', async t => {
  const stock = await startStock(t, '/ip4/127.0.0.1/tcp/0')
  const node = await startNode(t, ['--bootstrap', stock.address])
  await node.process.line('bootstrap')
  // The next line that the node writes, a ping's, finds nobody.
  node.process.closeOutput()
  assert.deepEqual(await node.process.ended(), { code: 0, signal: null })
})
