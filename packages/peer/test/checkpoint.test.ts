/** The lesson's words, one event after the other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkpointLine, errorLine } from '../src/checkpoint.ts'
import type { PeerEvent } from '../src/events.ts'

const peer = '12D3KooWGbUAvhH1CGoG5xvuB1CZMRTiNjdBEg5fgRY4vFdRdqQD'
const address = '/ip4/127.0.0.1/tcp/9000'

const lines: ReadonlyArray<readonly [PeerEvent, string | undefined]> = [
  [{ type: 'starting', peer, agent: 'a/1' }, undefined],
  [{ type: 'listening', address }, undefined],
  [{ type: 'bootstrap-adding', address }, `Adding bootstrap peer: ${address}`],
  [
    { type: 'bootstrap-failed', address, reason: 'connection refused', attempt: 1, retryMs: 1_000 },
    `Failed to connect to bootstrap node ${address}: connection refused`
  ],
  [{ type: 'bootstrap-failed', address, reason: 'connection refused', attempt: 2, retryMs: 2_000 }, undefined],
  [{ type: 'dial-failed', address, reason: 'connection refused', attempt: 1, retryMs: 1_000 }, undefined],
  [{ type: 'subscribed', topic: 'universal-connectivity' }, 'Subscribed to topic: universal-connectivity'],
  [{ type: 'dht-started', protocol: '/ipfs/kad/1.0.0' }, 'Kademlia DHT service started'],
  [{ type: 'bootstrap-started' }, 'Starting Kademlia bootstrap process'],
  [{ type: 'bootstrap-done', contacts: 3 }, 'bootstrap'],
  [{ type: 'bootstrap-error', reason: 'nobody answered' }, 'error,Bootstrap failed: nobody answered'],
  [{ type: 'started' }, undefined],
  [{ type: 'incoming', local: address, remote: `${address}1` }, `incoming,${address},${address}1`],
  [{ type: 'connected', peer, address, direction: 'outbound' }, `connected,${peer},${address}`],
  [{ type: 'closed', peer }, `closed,${peer}`],
  [
    { type: 'identify', peer, protocolVersion: '/ipfs/id/1.0.0', agent: 'evil\nclosed,x', protocols: [] },
    `identify,${peer},/ipfs/id/1.0.0,evil\\nclosed,x`
  ],
  [
    { type: 'identify', peer, protocolVersion: 'evil/1,agent\u200b', agent: 'a,b\u202e', protocols: [] },
    `identify,${peer},evil/1\\u{2c}agent\\u{200b},a,b\\u{202e}`
  ],
  [{ type: 'ping', peer, ms: 3 }, `ping,${peer},3 ms`],
  [{ type: 'ping-failed', peer, reason: 'timed out' }, undefined],
  [{ type: 'routing-update', peer, change: 'added', size: 1 }, `kademlia,routing_update,new ${peer}`],
  [{ type: 'routing-update', peer, change: 'removed', size: 0 }, undefined],
  [{ type: 'closest-peers', count: 20 }, 'kademlia,closestpeers,20'],
  [
    {
      type: 'message',
      from: peer,
      signed: true,
      topic: 'universal-connectivity',
      kind: 'chat',
      text: 'a\r\nmsg,b\\',
      format: 'text'
    },
    `msg,${peer},universal-connectivity,a\\r\\nmsg,b\\\\`
  ],
  [
    { type: 'message', from: null, signed: false, topic: 'universal-connectivity', kind: 'chat', text: 'hi', format: 'text' },
    'msg,unsigned,universal-connectivity,hi'
  ],
  [{ type: 'messages-left-out', from: peer, count: 3 }, undefined],
  [{ type: 'undecodable', from: peer, topic: 't', reason: 'no text' }, 'error,Failed to decode message: no text'],
  [{ type: 'peer-subscribed', peer, topic: 't' }, undefined],
  [{ type: 'peer-unsubscribed', peer, topic: 't' }, undefined],
  [{ type: 'greeted', peers: [peer] }, undefined],
  [{ type: 'stopping' }, 'Shutting down...'],
  [{ type: 'stopped' }, undefined]
]

for (const [event, line] of lines) {
  test(JSON.stringify(event), () => {
    assert.equal(checkpointLine(event), line)
  })
}

const messageLine = (text: string): string =>
  checkpointLine({ type: 'message', from: peer, signed: true, topic: 't', kind: 'chat', text, format: 'text' }) ?? ''

test('a message line shows so many characters, and how many are left out', () => {
  const whole = 'x'.repeat(4_096)
  assert.equal(messageLine(whole), `msg,${peer},t,${whole}`)
  assert.equal(messageLine(`${whole}yz`), `msg,${peer},t,${whole}… (2 more characters)`)
  assert.equal(messageLine(`${whole}\nclosed,x`), `msg,${peer},t,${whole}… (9 more characters)`)
})

test('a message line stays short and well-formed whatever the text is', () => {
  const long = fc.array(fc.constantFrom('👩', 'x', '\n', '\u200b', '\ud800'), { minLength: 3_000, maxLength: 5_000 })
  fc.assert(
    fc.property(long, parts => {
      const line = messageLine(parts.join(''))
      assert.ok(line.isWellFormed())
      assert.ok(line.length < 64 + 4_096 * '\\u{200b}'.length + 64)
      assert.doesNotMatch(line, /[\p{Cc}\u200b]/u)
    }),
    { numRuns: 20 }
  )
})

test('an error stays on its line', () => {
  assert.equal(errorLine('a\nb'), 'error,a\\nb')
})
