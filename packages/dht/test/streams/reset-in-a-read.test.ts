import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection, Stream } from '@libp2p/interface'
import { ask, poolOf, serveRaw, startNode } from './support.ts'

/** Reaches below the muxer: the stream that the muxer writes its frames to. */
interface Inside {
  readonly muxer: { readonly maConn: { send(bytes: Uint8Array): boolean } }
}

/** A yamux window update with the RST flag: `00 01 0008 <stream id> 00000000`. */
function resetFrame(stream: Stream): number[] {
  const id = Number(stream.id)
  return [0, 1, 0, 8, (id >>> 24) & 255, (id >>> 16) & 255, (id >>> 8) & 255, id & 255, 0, 0, 0, 0]
}

test('a reset and garbage in one chunk end a connection, and no more', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  let connections = 0
  const seen = new Set<Connection>()
  await serveRaw(server, (stream, connection) => {
    if (!seen.has(connection)) {
      seen.add(connection)
      connections++
    }

    let asked = 0
    stream.addEventListener('message', event => {
      asked++
      if (asked === 1) {
        stream.send(event.data)
      } else {
        // The client waits for this answer, and opens another stream for it when the first is reset.
        const { maConn } = (connection as unknown as Inside).muxer
        maConn.send(Uint8Array.from([...resetFrame(stream), ...Array.from({ length: 12 }, () => 255)]))
      }
    })
  })

  const pool = poolOf(t, client)
  assert.equal(await ask(pool, server, 'one'), 'one')
  // The new stream is on a new connection, where the first request is answered.
  assert.equal(await ask(pool, server, 'two'), 'two')
  assert.equal(connections, 2)
})
