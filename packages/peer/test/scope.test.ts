import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { isLocalNetwork } from '../src/scope.ts'

const isLocal = (...addresses: string[]): boolean => isLocalNetwork('auto', addresses.map(address => multiaddr(address)))

test('auto is local only while every address is private or loopback', () => {
  assert.equal(isLocal(), true)
  assert.equal(isLocal('/ip4/127.0.0.1/tcp/1', '/ip6/::1/tcp/1', '/ip4/192.168.1.2/udp/1/quic-v1', '/ip6/fd00::1/tcp/1'), true)
  assert.equal(isLocal('/ip4/127.0.0.1/tcp/1', '/ip4/1.2.3.4/tcp/1'), false)
  assert.equal(isLocal('/ip6/2001:4860::1/tcp/1'), false)
  assert.equal(isLocal('/dnsaddr/bootstrap.libp2p.io'), false)
})

test('what was said stands', () => {
  assert.equal(isLocalNetwork('local', [multiaddr('/ip4/1.2.3.4/tcp/1')]), true)
  assert.equal(isLocalNetwork('public', [multiaddr('/ip4/127.0.0.1/tcp/1')]), false)
})
