/** The bound in the multiaddr library itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { limitMultiaddrs } from '../src/multiaddr-limits.ts'

const id = '12D3KooWGbUAvhH1CGoG5xvuB1CZMRTiNjdBEg5fgRY4vFdRdqQD'
const hash = 'uEiAkH5a4DPGKUuOBjYw0CgwjvcJCJMD2K_1aluKR_tpevQ'

test('ids and hashes that are none are refused, by whoever parses them, and all others read as before', () => {
  const texts = [
    `/ip4/1.2.3.4/tcp/1/p2p/${id}`,
    `/ipfs/${id}`,
    `/ip4/1.2.3.4/udp/1/webrtc-direct/certhash/${hash}/p2p/${id}`,
    '/p2p-circuit'
  ]
  const before = texts.map(text => [String(multiaddr(text)), String(multiaddr(multiaddr(text).bytes))])
  limitMultiaddrs()
  limitMultiaddrs()
  assert.deepEqual(
    texts.map(text => [String(multiaddr(text)), String(multiaddr(multiaddr(text).bytes))]),
    before
  )
  const bytes = (length: number): Uint8Array => Uint8Array.from([0xa5, 3, length, ...new Uint8Array(length).fill(1)])
  assert.ok(multiaddr(bytes(66)))
  assert.throws(() => multiaddr(bytes(67)), /over the limit of 66/)
  assert.throws(() => multiaddr(`/p2p/Q${'z'.repeat(200)}`), /over the limit of 134/)
  assert.throws(() => multiaddr(`/certhash/z${'2'.repeat(200)}`), /over the limit of 134/)
})
