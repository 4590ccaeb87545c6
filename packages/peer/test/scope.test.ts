import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { passthroughMapper, removePrivateAddressesMapper } from '@vicinity/dht'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { mapperFor } from '../src/dht.ts'
import { generateIdentity } from '../src/identity.ts'
import { isLocalNetwork } from '../src/scope.ts'

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

test('the DHT is told the public network by its own mapper, and asks again where the answer may change', async () => {
  const here = multiaddr('/ip4/127.0.0.1/tcp/1')
  const abroad = multiaddr('/ip4/1.2.3.4/tcp/1')
  assert.equal(
    mapperFor({ network: 'public', bootstrap: [here] }, () => []),
    removePrivateAddressesMapper
  )
  assert.equal(
    mapperFor({ network: 'auto', bootstrap: [here, abroad] }, () => []),
    removePrivateAddressesMapper
  )
  assert.equal(
    mapperFor({ network: 'local', bootstrap: [abroad] }, () => [abroad]),
    passthroughMapper
  )

  let announced = [here]
  const mapper = mapperFor({ network: 'auto', bootstrap: [here] }, () => announced)
  const peer = { id: peerIdFromPrivateKey(await generateIdentity()), multiaddrs: [here, abroad] }
  assert.deepEqual(mapper(peer).multiaddrs, [here, abroad])
  announced = [here, abroad]
  assert.deepEqual(mapper(peer).multiaddrs, [abroad])
})
