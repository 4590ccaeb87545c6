/** Addresses and peers of strangers are bounded before they are parsed, and nothing that is dropped anyway is parsed. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { defaultLogger } from '@libp2p/logger'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { limits } from '@vicinity/kademlia'
import type { SavedEntry } from '@vicinity/kademlia'
import { encodeMessage } from '@vicinity/wire'
import type { WirePeer } from '@vicinity/wire'
import { MemoryDatastore } from 'datastore-core'
import fc from 'fast-check'
import { Key } from 'interface-datastore'
import { passthroughMapper } from '../src/addresses/mappers.ts'
import { parseAddress, parseAddressText } from '../src/addresses/parse.ts'
import { ContactBook } from '../src/contacts.ts'
import { decodeRequest, decodeResponse } from '../src/messages.ts'
import { SavedTable } from '../src/saved-table.ts'

/** A `/p2p/` component whose value has this length. */
function p2p(valueBytes: number): Uint8Array {
  const length = valueBytes < 128 ? [valueBytes] : [(valueBytes & 127) | 128, valueBytes >> 7]
  return Uint8Array.from([0xa5, 3, ...length, ...new Uint8Array(valueBytes).fill(255)])
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

const id = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
const tcp = multiaddr('/ip4/1.2.3.4/tcp/1').bytes
const dns = (characters: number): string => `/dns4/${'a'.repeat(characters)}/tcp/1`

function newBook(): ContactBook {
  return new ContactBook({ peerInfoMapper: passthroughMapper, limitGroups: () => false })
}

async function named(...addresses: readonly Uint8Array[]): Promise<WirePeer> {
  const key = await generateKeyPair('Ed25519')
  return { id: peerIdFromPrivateKey(key).toMultihash().bytes, addresses, connection: 'CONNECTED' }
}

describe('an address in bytes', () => {
  const good = [
    '/ip4/1.2.3.4/tcp/1',
    `/ip6/2001:4860::1/udp/1/quic-v1/webtransport/certhash/uEiAkH5a4DPGKUuOBjYw0CgwjvcJCJMD2K_1aluKR_tpevQ/p2p/${id}/p2p-circuit/p2p/${id}`,
    '/dns4/example.com/tcp/443/tls/sni/example.com/ws',
    '/ip6zone/eth0/ip6/fe80::1/tcp/1',
    '/unix/tmp%2Fsocket',
    '/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:1234'
  ]
  for (const text of good) {
    test(`of ${text.slice(0, 40)} is what the library reads`, () => {
      assert.equal(String(parseAddress(multiaddr(text).bytes)), String(multiaddr(text)))
    })
  }

  test('may have 512 bytes, and no more', () => {
    // the name has a tag, a length of two bytes, and a port of three behind it
    const at = multiaddr(dns(limits.addressBytes - 6)).bytes
    assert.equal(at.length, limits.addressBytes)
    assert.ok(parseAddress(at) !== undefined)
    assert.equal(parseAddress(multiaddr(dns(limits.addressBytes - 5)).bytes), undefined)
    assert.equal(parseAddress(new Uint8Array()), undefined)
  })

  test('may name two peers of 44 bytes each, and no longer ones and no more', () => {
    const longest = p2p(limits.addressPeerIdBytes)
    assert.ok(parseAddress(join(tcp, longest)) !== undefined)
    assert.equal(parseAddress(join(tcp, p2p(limits.addressPeerIdBytes + 1))), undefined)
    assert.ok(parseAddress(join(tcp, longest, Uint8Array.of(0xa2, 2), longest)) !== undefined)
    assert.equal(parseAddress(join(tcp, longest, longest, longest)), undefined)
  })

  test('is whole, of known protocols, with numbers in their shortest form', () => {
    assert.equal(parseAddress(tcp.subarray(0, -1)), undefined)
    assert.equal(parseAddress(join(tcp, Uint8Array.of(0xff, 0x7f))), undefined)
    assert.equal(parseAddress(join(tcp, Uint8Array.of(54, 9, 0x61))), undefined)
    // the library takes the length to be one byte, and a component that nobody measured to begin at the next
    assert.equal(parseAddress(Uint8Array.of(54, 0x81, 0, 0x61)), undefined)
    assert.equal(parseAddress(new Uint8Array(9).fill(255)), undefined)
  })

  test('is what the library reads, whatever it is, and nothing throws', () => {
    const component = fc.oneof(
      fc.constantFrom(...good.map(text => multiaddr(text).bytes)),
      fc.integer({ min: 0, max: 70 }).map(p2p),
      fc.uint8Array({ maxLength: 12 }),
      fc
        .tuple(fc.constantFrom([4], [41], [6], [53], [54], [0xa5, 3], [0xd2, 3], [0xc0, 3]), fc.uint8Array({ maxLength: 20 }))
        .map(([code, rest]) => Uint8Array.from([...code, ...rest]))
    )
    let accepted = 0
    fc.assert(
      fc.property(fc.array(component, { minLength: 1, maxLength: 4 }), parts => {
        const bytes = join(...parts)
        const address = parseAddress(bytes)
        if (address !== undefined) {
          accepted++
          assert.equal(String(address), String(multiaddr(bytes)))
          assert.deepEqual(address.bytes, bytes)
        }
      }),
      { numRuns: 1_000 }
    )
    assert.ok(accepted > 0)
  })
})

describe('an address in text', () => {
  test('may have 1,024 characters, and ids of 128', () => {
    assert.ok(parseAddressText(dns(limits.addressCharacters - 12)) !== undefined)
    assert.equal(parseAddressText(dns(limits.addressCharacters - 11)), undefined)
    assert.equal(String(parseAddressText(`/ip4/1.2.3.4/tcp/1/p2p/${id}`)), `/ip4/1.2.3.4/tcp/1/p2p/${id}`)
    assert.equal(parseAddressText(`/p2p/Q${'z'.repeat(limits.peerIdCharacters)}`), undefined)
    assert.equal(parseAddressText(`/ip4/1.2.3.4/udp/1/webrtc-direct/certhash/z${'2'.repeat(limits.peerIdCharacters)}`), undefined)
    assert.equal(parseAddressText('no address'), undefined)
  })
})

describe('an answer', () => {
  test('with ids of 8 KiB in its addresses keeps its peers, and the addresses beside them', async () => {
    const closer = [await named(p2p(8_100)), await named(p2p(300), tcp)]
    const response = decodeResponse(encodeMessage({ type: 'FIND_NODE', closer }), newBook())
    assert.ok(response.type === 'FIND_NODE')
    assert.deepEqual(
      response.closer.map(({ addresses }) => addresses.text),
      [[], ['/ip4/1.2.3.4/tcp/1']]
    )
  })

  test('has no more addresses parsed than 20 peers may have', async () => {
    const addresses = Array.from({ length: limits.addressesStored }, (_, i) => multiaddr(`/ip4/1.2.3.4/tcp/${i + 1}`).bytes)
    const closer = await Promise.all(Array.from({ length: 30 }, async () => named(...addresses)))
    const response = decodeResponse(encodeMessage({ type: 'FIND_NODE', closer }), newBook())
    assert.ok(response.type === 'FIND_NODE')
    assert.equal(response.closer.length, 30)
    assert.equal(
      response.closer.reduce((sum, peer) => sum + peer.addresses.count, 0),
      limits.addressesRead
    )
  })

  for (const type of ['GET_VALUE', 'GET_PROVIDERS', 'PUT_VALUE', 'ADD_PROVIDER', 'PING'] as const) {
    test(`of the type ${type}, for which nobody asked, is refused unread`, async () => {
      const book = newBook()
      const message = { type, closer: [await named(tcp)], providers: [await named(tcp)] }
      assert.notEqual(decodeResponse(encodeMessage(message), book).type, 'FIND_NODE')
      assert.equal(book.size, 0)
    })
  }
})

describe('a request', () => {
  test('has no peers read: nothing stores providers', async () => {
    const book = newBook()
    const message = {
      type: 'ADD_PROVIDER' as const,
      key: Uint8Array.of(1),
      closer: [await named(tcp)],
      providers: [await named(tcp)]
    }
    const request = decodeRequest(encodeMessage(message), book)
    assert.ok(request.type === 'ADD_PROVIDER')
    assert.deepEqual(request.providers, [])
    assert.equal(book.size, 0)
  })

  test('has no record copied: nothing stores values', () => {
    const record = { key: Uint8Array.of(1), value: new Uint8Array(1_000) }
    const request = decodeRequest(encodeMessage({ type: 'PUT_VALUE', key: Uint8Array.of(1), record }), newBook())
    assert.ok(request.type === 'PUT_VALUE')
    assert.equal(request.record, undefined)
  })
})

describe('a saved table', () => {
  const log = defaultLogger().forComponent('test')
  const key = new Key('/dht/routing-table')

  async function loaded(text: string): Promise<SavedEntry[]> {
    const datastore = new MemoryDatastore()
    await datastore.put(key, new TextEncoder().encode(text))
    return await new SavedTable(datastore, '/dht', log).load(newBook())
  }

  test('is read without what exceeds a bound', async () => {
    const entry = { id: String(id), heard: 1, roundTrip: 1 }
    const long = `/ip4/1.2.3.4/tcp/1/p2p/Q${'z'.repeat(500)}`
    const [first, ...others] = await loaded(
      JSON.stringify([
        { ...entry, addresses: [long, '/ip4/1.2.3.4/tcp/1'] },
        { ...entry, addresses: [long] },
        { ...entry, id: `Q${'z'.repeat(5_000)}`, addresses: ['/ip4/1.2.3.4/tcp/1'] }
      ])
    )
    assert.deepEqual(first?.peer.addresses.text, ['/ip4/1.2.3.4/tcp/1'])
    assert.deepEqual(others, [])
  })

  test('over 4 MiB is not parsed, and none is written', async () => {
    const entry = JSON.stringify({ id: String(id), addresses: ['/ip4/1.2.3.4/tcp/1'], heard: 1, roundTrip: 1 })
    const tooLong = (character: number): string =>
      `[${entry}]${' '.repeat(limits.savedTableBytes - entry.length - 2 + character)}`
    assert.equal((await loaded(tooLong(0))).length, 1)
    assert.deepEqual(await loaded(tooLong(1)), [])

    const datastore = new MemoryDatastore()
    const table = new SavedTable(datastore, '/dht', log)
    const book = newBook()
    const multiaddrs = Array.from({ length: 32 }, (_, i) => multiaddr(dns(480 + (i % 8))))
    const peer = book.info(book.of(id), multiaddrs)
    await table.save(Array.from({ length: 400 }, () => ({ peer, heard: 1, roundTrip: 1 })))
    assert.ok((await datastore.get(key)).byteLength <= limits.savedTableBytes)
    assert.ok((await table.load(newBook())).length > 0)
  })
})
