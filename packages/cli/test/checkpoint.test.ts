/**
 * The Kademlia checkpoint's contract, line by line, against a stock js-libp2p peer in a process of its own, over each
 * transport that both have.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onlyStartLines, startLines, startNode } from './fixtures/node.ts'
import { readFlat, startStock, writeFlat } from './fixtures/stock.ts'
import { kademliaProtocol } from './fixtures/stock-peer.ts'

const transports = [
  { name: 'TCP', listen: '/ip4/127.0.0.1/tcp/0' },
  { name: 'QUIC', listen: '/ip4/127.0.0.1/udp/0/quic-v1' },
  { name: 'WebSocket', listen: '/ip4/127.0.0.1/tcp/0/ws' }
]

for (const { name, listen } of transports) {
  test(`a stock peer as bootstrap peer over ${name}`, async t => {
    const stock = await startStock(t, listen)
    const node = await startNode(t, [], { env: { BOOTSTRAP_PEERS: stock.address } })
    const ours = node.process

    // The start, in the lesson's order.
    await ours.line('bootstrap')
    assert.deepEqual(onlyStartLines(ours.stdout), startLines([stock.address]))

    // Events, whenever they happen.
    assert.equal(await ours.line(/^connected,/), `connected,${stock.id},${stock.address}`)
    assert.match(await ours.line(/^identify,/), new RegExp(`^identify,${stock.id},ipfs/0\\.1\\.0,.*js-libp2p`))
    assert.match(await ours.line(/^ping,/), new RegExp(`^ping,${stock.id},\\d+ ms$`))
    assert.match(await ours.line(/^kademlia,closestpeers,/), /,\d+$/)

    // Each is in the other's routing table.
    await ours.line(`kademlia,routing_update,new ${stock.id}`)
    await stock.event('table-added', ({ peer }) => peer === node.id)

    const identified = await stock.event('identified', ({ peer }) => peer === node.id)
    assert.equal(identified.agent, 'universal-connectivity/0.1.0')
    assert.equal(identified.protocolVersion, '/ipfs/id/1.0.0')
    for (const protocol of [kademliaProtocol, '/meshsub/1.1.0', '/meshsub/1.0.0', '/gossipsub/1.0', '/ipfs/ping/1.0.0']) {
      assert.ok(identified.protocols.includes(protocol), `${protocol} is not among ${identified.protocols.join(' ')}`)
    }

    // A message each way: our greeting, and whatever the stock peer says.
    const greeting = await stock.event('message', ({ from }) => from === node.id)
    const { from, message } = readFlat(greeting.data)
    assert.deepEqual({ from, message }, { from: node.id, message: `Hello from ${node.id}!` })
    stock.tell({ do: 'publish', to: node.id, data: writeFlat(stock.id, 'hello, neighbour') })
    assert.equal(await ours.line(/^msg,/), `msg,${stock.id},universal-connectivity,hello, neighbour`)

    // 1,000 requests in a row on one connection, each on a stream of its own that the asker closes.
    stock.tell({ do: 'burst', peer: node.id, count: 1_000 })
    assert.deepEqual(await stock.event('burst'), { event: 'burst', asked: 1_000, answered: 1_000, error: '' })

    stock.tell({ do: 'stop' })
    await ours.line(`closed,${stock.id}`)
    ours.signal('SIGTERM')
    assert.equal((await ours.ended()).code, 0)
    assert.ok(ours.stdout.includes('Shutting down...'))
    assert.deepEqual(
      ours.stdout.filter(line => line.startsWith('error,')),
      []
    )
  })
}

test('a peer that dials us is incoming, then connected', async t => {
  const node = await startNode(t)
  const stock = await startStock(t, '/ip4/127.0.0.1/tcp/0', node.address)
  assert.match(await node.process.line(/^incoming,/), /^incoming,\/ip4\/127\.0\.0\.1\/tcp\/\d+.*,\/ip4\/127\.0\.0\.1\/tcp\/\d+/)
  assert.match(await node.process.line(/^connected,/), new RegExp(`^connected,${stock.id},/ip4/127\\.0\\.0\\.1/tcp/\\d+`))
  // Nothing to bootstrap from, so nothing is said of it.
  assert.deepEqual(onlyStartLines(node.process.stdout), startLines([]))
})

test('whatever a remote text holds, it stays on its line', async t => {
  const stock = await startStock(t, '/ip4/127.0.0.1/tcp/0')
  const node = await startNode(t, ['--bootstrap', stock.address])
  stock.tell({ do: 'publish', to: node.id, data: Buffer.from(`one\nclosed,${stock.id}\r\u001b[2J\\`).toString('base64') })
  assert.equal(
    await node.process.line(/^msg,/),
    `msg,${stock.id},universal-connectivity,one\\nclosed,${stock.id}\\r\\u{1b}[2J\\\\`
  )
  stock.tell({ do: 'publish', to: node.id, data: Buffer.of(0xff, 0xfe, 0xfd).toString('base64') })
  assert.match(await node.process.line(/^error,/), /^error,Failed to decode message: /)
})

test('each kind of identity, and what a payload format looks like to others', async t => {
  const stock = await startStock(t, '/ip4/127.0.0.1/tcp/0')
  const ed25519 = await startNode(t, ['--bootstrap', stock.address, '--payload', 'text'])
  assert.match(ed25519.id, /^12D3KooW/)
  const secp256k1 = await startNode(t, ['--bootstrap', stock.address, '--key-type', 'secp256k1'])
  assert.match(secp256k1.id, /^16Uiu2/)

  const text = await stock.event('message', ({ from }) => from === ed25519.id)
  assert.equal(Buffer.from(text.data, 'base64').toString(), `Hello from ${ed25519.id}!`)
  const flat = await stock.event('message', ({ from }) => from === secp256k1.id)
  assert.equal(readFlat(flat.data).from, secp256k1.id)
})

test('under --json every line of standard output is an object', async t => {
  const stock = await startStock(t, '/ip4/127.0.0.1/tcp/0')
  const node = await startNode(t, ['--json'], { env: { BOOTSTRAP_PEERS: ` , ${stock.address},, ` } })
  const { process: ours } = node
  await ours.line(/"type":"bootstrap-done"/)
  ours.signal('SIGINT')
  assert.equal((await ours.ended()).code, 0)
  const types = ours.stdout.map(line => (JSON.parse(line) as { type: string }).type)
  for (const type of [
    'listening',
    'bootstrap-adding',
    'connected',
    'subscribed',
    'dht-started',
    'bootstrap-started',
    'bootstrap-done',
    'stopping'
  ]) {
    assert.ok(types.includes(type), `${type} is not among ${types.join(' ')}`)
  }
})
