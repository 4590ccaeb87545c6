/** Identify and identify push are bounded before they are parsed. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Connection, IdentifyResult, Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Libp2pOptions } from 'libp2p'
import { boundedIdentify, boundedIdentifyPush } from '../src/identify.ts'
import { addressesMax, IdentifyBounds, protocolsMax, versionBytesMax } from '../src/identify-message.ts'
import { bytesField, joined, lengthPrefixed, readFields } from '../src/payload/protobuf.ts'

const good = multiaddr('/ip4/1.2.3.4/tcp/1').bytes
const longId = Uint8Array.from([0xa5, 3, 0xa4, 0x3f, ...new Uint8Array(8_100).fill(255)])

/** The fields that are left, as `number:length`. */
function bounded(bounds: IdentifyBounds, ...fields: readonly Uint8Array[]): string[] {
  const left = readFields(bounds.apply(joined(fields))) ?? assert.fail('no protobuf')
  return left.map(field => `${field.number}:${field.wire === 'bytes' ? field.value.length : field.wire}`)
}

const record = (...addresses: readonly Uint8Array[]): Uint8Array =>
  joined([
    bytesField(1, new Uint8Array(36)),
    bytesField(
      3,
      joined([bytesField(1, new Uint8Array(38)), ...addresses.map(address => bytesField(3, bytesField(1, address)))])
    ),
    bytesField(5, new Uint8Array(64))
  ])

describe('an identify message', () => {
  test('that an honest peer sends stays as it is', () => {
    const signed = record(...Array.from({ length: 45 }, () => good))
    const fields = [
      bytesField(5, 'ipfs/0.1.0'),
      bytesField(6, 'kubo/0.42.0'),
      bytesField(1, new Uint8Array(36)),
      ...Array.from({ length: 45 }, () => bytesField(2, good)),
      bytesField(4, good),
      ...Array.from({ length: 40 }, () => bytesField(3, '/ipfs/kad/1.0.0')),
      bytesField(8, signed)
    ]
    assert.deepEqual(new IdentifyBounds().apply(joined(fields)), joined(fields))
  })

  test('loses what is over its bound, and nothing else', () => {
    const kept = bounded(
      new IdentifyBounds(),
      bytesField(2, longId),
      bytesField(2, good),
      bytesField(4, longId),
      bytesField(3, 'a'.repeat(257)),
      bytesField(3, '/a'),
      bytesField(5, 'a'.repeat(versionBytesMax + 1)),
      bytesField(6, 'a'.repeat(versionBytesMax)),
      bytesField(1, new Uint8Array(2_049)),
      bytesField(8, record(longId)),
      bytesField(15, 'nobody reads this')
    )
    assert.deepEqual(kept, ['2:8', '3:2', `6:${versionBytesMax}`])
  })

  test('has so many addresses and protocols, over all messages of a stream', () => {
    const bounds = new IdentifyBounds()
    const addresses = Array.from({ length: 50 }, () => bytesField(2, good))
    const protocols = Array.from({ length: 150 }, (_, i) => bytesField(3, `/${i}`))
    const kept = Array.from({ length: 3 }, () => bounded(bounds, ...addresses, ...protocols)).flat()
    assert.equal(kept.filter(field => field.startsWith('2:')).length, addressesMax)
    assert.equal(kept.filter(field => field.startsWith('3:')).length, protocolsMax)
  })

  test('with a signed record of too many addresses loses it', () => {
    const signed = (count: number): Uint8Array => bytesField(8, record(...Array.from({ length: count }, () => good)))
    assert.equal(bounded(new IdentifyBounds(), signed(addressesMax)).length, 1)
    assert.equal(bounded(new IdentifyBounds(), signed(addressesMax + 1)).length, 0)
    assert.equal(bounded(new IdentifyBounds(), bytesField(8, new Uint8Array(100).fill(255))).length, 0)
  })

  test('that is no protobuf, or has fields without end, is refused', () => {
    assert.throws(() => new IdentifyBounds().apply(new Uint8Array(20).fill(255)), RangeError)
    assert.throws(() => bounded(new IdentifyBounds(), ...Array.from({ length: 513 }, () => bytesField(3, 'a'))), RangeError)
  })
})

describe('a peer', () => {
  async function makeNode(
    t: TestContext,
    services: NonNullable<Libp2pOptions['services']>,
    privateKey: PrivateKey
  ): Promise<Libp2p> {
    const made = await createLibp2p({
      privateKey,
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services
    })
    t.after(async () => made.stop())
    return made
  }

  interface Scene {
    readonly identified: Promise<IdentifyResult>
    readonly stranger: Libp2p
    readonly connection: Connection
    readonly self: Libp2p
  }

  /** A stranger whose identify says these messages. */
  async function scene(t: TestContext, key: PrivateKey, messages: readonly Uint8Array[]): Promise<Scene> {
    const services = { identify: boundedIdentify('/ipfs/id/1.0.0'), identifyPush: boundedIdentifyPush('/ipfs/id/1.0.0') }
    const self = await makeNode(t, services, await generateKeyPair('Ed25519'))
    const stranger = await makeNode(t, {}, key)
    await stranger.handle('/ipfs/id/1.0.0', async stream => say(stream, messages))
    const identified = nextIdentified(self)
    const connection = await stranger.dial(self.getMultiaddrs())
    return { identified, stranger, connection, self }
  }

  async function say(stream: Stream, messages: readonly Uint8Array[]): Promise<void> {
    stream.send(joined(messages.map(lengthPrefixed)))
    await stream.close()
  }

  async function nextIdentified(self: Libp2p): Promise<IdentifyResult> {
    return await new Promise(resolve => {
      self.addEventListener('peer:identify', ({ detail }) => resolve(detail), { once: true })
    })
  }

  const bad = bytesField(2, longId)
  const other = multiaddr('/ip4/1.2.3.4/tcp/2')

  test('is identified by what is left of ten messages', async t => {
    const key = await generateKeyPair('Ed25519')
    const self = bytesField(1, publicKeyToProtobuf(key.publicKey))
    const messages = [
      joined([self, bytesField(2, good), bytesField(3, '/a')]),
      ...Array.from({ length: 8 }, () => bad),
      bytesField(3, '/b')
    ]
    const { identified, self: asked } = await scene(t, key, messages)
    const { listenAddrs, protocols, peerId } = await identified
    assert.deepEqual(listenAddrs.map(String), ['/ip4/1.2.3.4/tcp/1'])
    assert.deepEqual(protocols, ['/a', '/b'])
    assert.deepEqual((await asked.peerStore.get(peerId)).protocols, ['/a', '/b'])
  })

  test('pushes what is left of its messages', async t => {
    const key = await generateKeyPair('Ed25519')
    const { identified, connection, self } = await scene(t, key, [
      joined([bytesField(1, publicKeyToProtobuf(key.publicKey)), bytesField(2, good)])
    ])
    await identified
    const pushed = nextIdentified(self)
    await say(await connection.newStream('/ipfs/id/push/1.0.0'), [bad, joined([bytesField(2, other.bytes), bytesField(3, '/c')])])
    const { listenAddrs, protocols } = await pushed
    assert.deepEqual(listenAddrs.map(String), [String(other)])
    assert.deepEqual(protocols, ['/c'])
  })

  test('is told the protocol version that was asked for', async t => {
    const key = await generateKeyPair('Ed25519')
    const { identified, stranger, self } = await scene(t, key, [bytesField(1, publicKeyToProtobuf(key.publicKey))])
    await identified
    const asker = await makeNode(t, { identify: boundedIdentify('/other/1.0.0') }, await generateKeyPair('Ed25519'))
    const answered = nextIdentified(asker)
    await asker.dial(self.getMultiaddrs())
    assert.equal((await answered).protocolVersion, '/ipfs/id/1.0.0')
    assert.equal((await answered).agentVersion !== undefined, true)
    assert.notEqual(String(stranger.peerId), String(asker.peerId))
  })
})
