import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { isLocalNetwork, Scope } from '../src/scope.ts'

const isLocal = (...addresses: string[]): boolean =>
  isLocalNetwork(
    'auto',
    addresses.map(address => multiaddr(address))
  )

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

test('the scope follows our own addresses in auto, and nothing else does', () => {
  const here = multiaddr('/ip4/127.0.0.1/tcp/1')
  const abroad = multiaddr('/ip4/1.2.3.4/tcp/1')
  const auto = new Scope('auto', [here])
  assert.equal(auto.isLocal, true)
  auto.announced([here, abroad])
  assert.equal(auto.isLocal, false)
  auto.announced([here])
  assert.equal(auto.isLocal, true)
  assert.equal(new Scope('auto', [here, abroad]).isLocal, false)

  const local = new Scope('local', [abroad])
  local.announced([abroad])
  assert.equal(local.isLocal, true)
  assert.equal(new Scope('public', [here]).isLocal, false)
})
