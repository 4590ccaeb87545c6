/** Peers find each other through the DHT: nobody is told of everybody. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { onlyStartLines, startLines, startNode } from './fixtures/node.ts'
import { startStock } from './fixtures/stock.ts'

test('two nodes greet each other, the second started by the command that the first prints', async t => {
  const first = await startNode(t, [], { cwd: fileURLToPath(new URL('../../..', import.meta.url)) })
  const command = (await first.process.errorLine(/--bootstrap/)).trim()
  const address = command.split(' ').at(-1) ?? ''
  assert.equal(command, `node packages/cli/bin/vicinity.js node --bootstrap ${address}`)
  assert.ok(address.endsWith(`/p2p/${first.id}`), address)

  const second = await startNode(t, ['--bootstrap', address])
  await second.process.line('bootstrap')
  assert.deepEqual(onlyStartLines(second.process.stdout), startLines([address]))
  for (const [one, other] of [
    [first, second],
    [second, first]
  ] as const) {
    await one.process.line(new RegExp(`^connected,${other.id},`))
    await one.process.line(new RegExp(`^identify,${other.id},/ipfs/id/1\\.0\\.0,universal-connectivity/0\\.1\\.0$`))
    await one.process.line(`kademlia,routing_update,new ${other.id}`)
    await one.process.line(`msg,${other.id},universal-connectivity,Hello from ${other.id}!`)
  }
  await second.process.line(new RegExp(`^ping,${first.id},\\d+ ms$`))
})

test('the printed command carries what both have to share, and those with another protocol stay apart', async t => {
  const ours = ['--protocol', '/vicinity-test/kad/1.0.0']
  const first = await startNode(t, ours)
  const command = (await first.process.errorLine(/--bootstrap/)).trim()
  assert.ok(command.endsWith(` --bootstrap ${first.address} ${ours.join(' ')}`), command)

  const second = await startNode(t, command.split(' ').slice(3))
  await second.process.line(`kademlia,routing_update,new ${first.id}`)
  const stranger = await startNode(t, ['--bootstrap', first.address])
  await stranger.process.line(`msg,${first.id},universal-connectivity,Hello from ${first.id}!`)
  assert.deepEqual(
    stranger.process.stdout.filter(line => line.startsWith('kademlia,routing_update')),
    []
  )
})

test('S, a stock peer; A and B join through S, C through B: all learn of all, and C hears A', async t => {
  const s = await startStock(t, '/ip4/127.0.0.1/tcp/0')
  const a = await startNode(t, ['--bootstrap', s.address])
  const b = await startNode(t, ['--bootstrap', s.address])
  const c = await startNode(t, ['--bootstrap', b.address])
  const ours = [a, b, c]
  for (const one of ours) {
    for (const other of [s, ...ours].filter(peer => peer !== one)) {
      await one.process.line(`kademlia,routing_update,new ${other.id}`)
    }
    await s.event('table-added', ({ peer }) => peer === one.id)
  }
  await c.process.line(`msg,${a.id},universal-connectivity,Hello from ${a.id}!`)
})
