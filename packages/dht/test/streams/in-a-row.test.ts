import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import type { Connection } from '@libp2p/interface'
import { quicStreamLimit } from '../../src/streams/index.ts'
import { framed, protocol, serve, startNode, text, until } from './support.ts'
import type { Over } from './support.ts'

const requests = 1_000

for (const over of ['tcp', 'quic'] satisfies Over[]) {
  test(`a thousand requests in a row, each on a stream of its own that the asker closes (${over})`, async t => {
    const [server, client] = await Promise.all([startNode(t, over), startNode(t, over)])
    const served = await serve(t, server)
    const connection = await client.libp2p.dial(server.addresses)
    for (let i = 0; i < requests; i++) {
      assert.equal(await askOnce(connection, `${i}`, 'close'), text(framed(`re: ${i}`)))
    }

    assert.equal(served.counters.answers, requests)
    await until(() => served.counters.streams === 0)
    assert.equal(server.libp2p.getConnections()[0]?.streams.filter(stream => stream.protocol === protocol).length, 0)
    assert.equal(served.waiting, false)
  })
}

// The server has a process of its own here: in ours the asker's work would make the garbage collector run for it.
test('a thousand requests in a row, each on a stream that the asker resets after its answer (quic)', async t => {
  const child = fork(new URL('fixtures/quic-server.ts', import.meta.url), [String(quicStreamLimit)], {
    execArgv: ['-C', 'vicinity-source', '--disable-warning=ExperimentalWarning']
  })
  t.after(() => {
    child.kill()
  })
  const address = await new Promise<string>((resolve, reject) => {
    child.once('message', message => {
      resolve(message as string)
    })
    child.once('exit', code => {
      reject(new Error(`the server exited with ${code}`))
    })
  })
  const client = await startNode(t, 'quic')
  const connection = await client.libp2p.dial(multiaddr(address))
  for (let i = 0; i < requests; i++) {
    assert.equal(await askOnce(connection, `${i}`, 'reset'), text(framed(`re: ${i}`)))
  }
})

async function askOnce(connection: Connection, message: string, end: 'close' | 'reset'): Promise<string> {
  const stream = await connection.newStream(protocol)
  const answer = Promise.withResolvers<string>()
  stream.addEventListener('message', event => {
    answer.resolve(text(event.data.subarray()))
  })
  stream.addEventListener('close', event => {
    answer.reject(event.error ?? new Error('closed without an answer'))
  })
  stream.send(framed(message))
  const received = await answer.promise
  if (end === 'close') {
    await stream.close()
  } else {
    stream.abort(new Error('that was all'))
  }

  return received
}
