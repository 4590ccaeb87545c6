/** Which addresses are believed, told and dialled, and how peers are named once and no more. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Peer, PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { limits } from '@vicinity/kademlia'
import { decodeLimits, decodeMessage, encodeMessage } from '@vicinity/wire'
import fc from 'fast-check'
import { DialFilter } from '../src/addresses/dial-filter.ts'
import { AddressList } from '../src/addresses/list.ts'
import { passthroughMapper, removePrivateAddressesMapper, removePublicAddressesMapper } from '../src/addresses/mappers.ts'
import type { PeerInfoMapper } from '../src/addresses/mappers.ts'
import { ContactBook, multiaddrsOf, toLibp2pPeer } from '../src/contacts.ts'
import { eventually } from './support/waiting.ts'

async function somebody(): Promise<PeerId> {
  return peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
}

function texts(addresses: readonly { toString(): string }[]): string[] {
  return addresses.map(String)
}

const self = await somebody()

describe('a mapper', () => {
  const publicOnes = ['/ip4/1.2.3.4/tcp/1', '/ip6/2001:4860::1/tcp/1', '/dns4/example.com/tcp/1']
  const privateOnes = [
    '/ip4/10.0.0.1/tcp/1',
    '/ip4/127.0.0.1/tcp/1',
    '/ip4/169.254.1.1/tcp/1',
    '/ip4/192.168.1.1/udp/1/quic-v1',
    '/ip6/::1/tcp/1',
    '/ip6/fe80::1/tcp/1',
    '/ip6/fd00::1/tcp/1',
    '/ip6/::ffff:10.0.0.1/tcp/1'
  ]
  const kept = (mapper: PeerInfoMapper): string[] =>
    texts(mapper({ id: self, multiaddrs: [...publicOnes, ...privateOnes].map(text => multiaddr(text)) }).multiaddrs)

  test('keeps what its name says', () => {
    assert.deepEqual(kept(removePrivateAddressesMapper), publicOnes)
    assert.deepEqual(kept(removePublicAddressesMapper), texts(privateOnes.map(text => multiaddr(text))))
    assert.equal(kept(passthroughMapper).length, publicOnes.length + privateOnes.length)
  })
})

describe('before dialling', () => {
  const hosts: Record<string, string[]> = {
    'good.example': ['1.2.3.4'],
    'both.example': ['2001:4860::1', '1.2.3.4'],
    'inside.example': ['192.168.1.1'],
    'mixed.example': ['1.2.3.4', '10.0.0.1'],
    'link.example': ['fe80::1%eth0'],
    'mixed-link.example': ['1.2.3.4', 'fe80::1%eth0'],
    'nothing.example': []
  }
  const asked: string[] = []
  const resolve = async (name: string): Promise<string[]> => {
    asked.push(name)
    return hosts[name] ?? []
  }
  const filter = new DialFilter(removePrivateAddressesMapper, self, resolve)
  const allowed = async (...addresses: string[]): Promise<string[]> =>
    texts(await filter.filter(addresses.map(text => multiaddr(text))))

  test('numbers are taken as they are, and nothing is looked up', async () => {
    asked.length = 0
    assert.equal(filter.needed([multiaddr('/ip4/1.2.3.4/tcp/1')]), false)
    assert.deepEqual(await allowed('/ip4/1.2.3.4/tcp/1', '/ip6/2001:4860::1/tcp/1'), [
      '/ip4/1.2.3.4/tcp/1',
      '/ip6/2001:4860::1/tcp/1'
    ])
    assert.deepEqual(asked, [])
  })

  test('a name is dialled by the number it has, of the family it asks for', async () => {
    assert.deepEqual(await allowed('/dns4/good.example/tcp/1'), ['/ip4/1.2.3.4/tcp/1'])
    assert.deepEqual(await allowed('/dns/both.example/tcp/1', '/dns4/both.example/tcp/1', '/dns6/both.example/tcp/1'), [
      '/ip6/2001:4860::1/tcp/1',
      '/ip4/1.2.3.4/tcp/1',
      '/ip6/2001:4860::1/tcp/1'
    ])
    assert.deepEqual(await allowed('/dns6/good.example/tcp/1'), [])
  })

  test('a name that a certificate is for is dialled by name', async () => {
    const addresses = ['/dns4/good.example/tcp/443/tls/ws', '/dns4/good.example/tcp/443/wss']
    assert.deepEqual(await allowed(...addresses), texts(addresses.map(text => multiaddr(text))))
  })

  test('a name that leads inside, even by one of its numbers, is dropped; so is one that leads nowhere', async () => {
    for (const name of ['inside', 'mixed', 'link', 'mixed-link', 'nothing', 'unheard-of']) {
      for (const rest of ['tcp/1', 'tcp/443/wss']) {
        assert.deepEqual(await allowed(`/dns4/${name}.example/${rest}`), [], `${name} ${rest}`)
      }
    }
  })

  test('a dnsaddr, which libp2p would look up unseen, is dropped', async () => {
    assert.deepEqual(await allowed('/dnsaddr/good.example', '/ip4/1.2.3.4/tcp/1'), ['/ip4/1.2.3.4/tcp/1'])
  })

  test('no more names are looked up than would be dialled', async () => {
    asked.length = 0
    const many = Array.from({ length: 32 }, () => '/dns4/good.example/tcp/1')
    assert.equal((await allowed(...many)).length, limits.addressesDialled)
    assert.equal(asked.length, limits.addressesDialled)
  })

  test('names are dialled as they are where everything is believed, and where nobody can look them up', async () => {
    asked.length = 0
    const name = multiaddr('/dns4/inside.example/tcp/1')
    assert.deepEqual(texts(await new DialFilter(passthroughMapper, self, resolve).filter([name])), [String(name)])
    assert.deepEqual(asked, [])
    const inPage = new DialFilter(removePrivateAddressesMapper, self, async () => undefined)
    assert.deepEqual(texts(await inPage.filter([name])), [String(name)])
  })

  test('what the peer store knows goes through the same', async () => {
    const addresses = ['/ip4/127.0.0.1/tcp/1', '/dns4/inside.example/tcp/1', '/ip4/1.2.3.4/tcp/1', '/dns4/good.example/tcp/2']
    const peer = {
      id: self,
      addresses: addresses.map(text => ({ multiaddr: multiaddr(text), isCertified: true }))
    } as unknown as Peer
    const believed = await filter.store({ get: async () => peer }).get(self)
    assert.deepEqual(texts(believed.addresses.map(address => address.multiaddr)), ['/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.4/tcp/2'])
  })
})

describe('a list of addresses', () => {
  function encoded(list: AddressList): { bytes: number; addresses: Uint8Array[] } {
    // addresses that a reader would leave out count too
    const readAll = { ...decodeLimits, addressBytes: limits.peerRecordBytes }
    const { closer } = decodeMessage(encodeMessage({ type: 'FIND_NODE', closer: [list.encoded] }), readAll)
    return { bytes: list.encoded.length, addresses: [...(closer[0]?.addresses ?? assert.fail('the peer was not read'))] }
  }

  test('is encoded once', () => {
    const list = new AddressList(self.toMultihash().bytes, [multiaddr('/ip4/1.2.3.4/tcp/1')])
    assert.equal(list.encoded, list.encoded)
  })

  test('sends at most 16 addresses, and at most 8 KiB in all, the first ones', () => {
    const address = fc.integer({ min: 1, max: 1_500 }).map(length => multiaddr(`/dns4/${'a'.repeat(length)}/tcp/1`))
    fc.assert(
      fc.property(fc.array(address, { maxLength: 32 }), multiaddrs => {
        const { bytes, addresses } = encoded(new AddressList(self.toMultihash().bytes, multiaddrs))
        assert.ok(bytes <= limits.peerRecordBytes)
        assert.ok(addresses.length <= limits.addressesSent)
        assert.deepEqual(texts(addresses.map(each => multiaddr(each))), texts(multiaddrs.slice(0, addresses.length)))
        const next = multiaddrs[addresses.length]
        assert.ok(
          next === undefined ||
            addresses.length === limits.addressesSent ||
            bytes + next.bytes.length > limits.peerRecordBytes - 16
        )
      })
    )
  })
})

describe('a contact book', () => {
  const everything = { peerInfoMapper: passthroughMapper, limitGroups: () => false }

  function wire(id: PeerId, ...addresses: string[]) {
    return {
      id: id.toMultihash().bytes,
      addresses: addresses.map(text => multiaddr(text).bytes),
      connection: 'CONNECTED' as const
    }
  }

  test('has one contact for a peer, whoever names it', async () => {
    const book = new ContactBook(everything)
    const peer = await somebody()
    const contact = book.of(peer)
    assert.equal(book.of(peer), contact)
    assert.equal(book.read(wire(peer))?.contact, contact)
    assert.equal(book.target(peer.toMultihash().bytes), contact)
    assert.equal(book.known(peer.toMultihash().bytes), contact)
    assert.equal(book.known(Uint8Array.of(1)), undefined)
    assert.equal(contact.id, peer.toString())
  })

  test('reads what was said before at once, and what is new anew', async () => {
    const book = new ContactBook(everything)
    const peer = await somebody()
    const first = book.read(wire(peer, '/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.4/tcp/2'))
    assert.ok(first)
    assert.equal(book.read(wire(peer, '/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.4/tcp/2')), first)
    const news = [
      ['/ip4/1.2.3.4/tcp/1'],
      ['/ip4/1.2.3.4/tcp/2', '/ip4/1.2.3.4/tcp/1'],
      ['/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.4/tcp/3'],
      []
    ]
    for (const addresses of news) {
      const read = book.read(wire(peer, ...addresses))
      assert.ok(read && read !== first)
      assert.deepEqual(texts(multiaddrsOf(read)), addresses)
    }

    assert.deepEqual(texts(multiaddrsOf(first)), ['/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.4/tcp/2'])
  })

  test('keeps no message that named somebody', async () => {
    const book = new ContactBook(everything)
    const peer = await somebody()
    const buffer = new Uint8Array(1_000)
    const { id, addresses, connection } = wire(peer, '/ip4/1.2.3.4/tcp/1')
    buffer.set(id)
    buffer.set(addresses[0] ?? [], 100)
    const read = book.read({
      id: buffer.subarray(0, id.length),
      addresses: [buffer.subarray(100, 100 + (addresses[0]?.length ?? 0))],
      connection
    })
    assert.ok(read)
    buffer.fill(0xff)
    assert.deepEqual(texts(toLibp2pPeer(read).multiaddrs), ['/ip4/1.2.3.4/tcp/1'])
    assert.equal(book.known(peer.toMultihash().bytes), read.contact)
    assert.deepEqual([...(book.known(peer.toMultihash().bytes)?.bytes ?? [])], [...peer.toMultihash().bytes])
  })

  test('believes anew when the network has turned public', async () => {
    let isPublic = false
    const book = new ContactBook({
      peerInfoMapper: peer => (isPublic ? removePrivateAddressesMapper(peer) : peer),
      limitGroups: () => isPublic
    })
    const said = wire(
      await somebody(),
      '/ip4/127.0.0.1/tcp/1',
      '/ip4/1.2.3.4/tcp/1',
      '/ip4/1.2.9.9/tcp/1',
      '/ip6/2001:4860::1/tcp/1'
    )
    const local = book.read(said)
    isPublic = true
    const open = book.read(said)
    assert.ok(local && open)
    assert.deepEqual([multiaddrsOf(local).length, local.groups.length], [4, 0])
    // two addresses in one IPv4 /16, one in an IPv6 /32
    assert.deepEqual([multiaddrsOf(open).length, open.groups.length], [3, 2])
  })

  test('takes the peer’s own id off its addresses, and leaves a relay’s', async () => {
    const book = new ContactBook(everything)
    const [peer, relay] = [await somebody(), await somebody()]
    const read = book.read(
      wire(
        peer,
        `/ip4/1.2.3.4/tcp/1/p2p/${peer}`,
        `/ip4/1.2.3.4/tcp/2/p2p/${relay}/p2p-circuit/p2p/${peer}`,
        `/ip4/1.2.3.4/tcp/3/p2p/${relay}/p2p-circuit`
      )
    )
    assert.ok(read)
    assert.deepEqual(texts(multiaddrsOf(read)), [
      '/ip4/1.2.3.4/tcp/1',
      `/ip4/1.2.3.4/tcp/2/p2p/${relay}/p2p-circuit`,
      `/ip4/1.2.3.4/tcp/3/p2p/${relay}/p2p-circuit`
    ])
  })

  test('stores 32 addresses of a peer, and reads those that are some', async () => {
    const book = new ContactBook(everything)
    const many = Array.from({ length: 100 }, (_, i) => multiaddr(`/ip4/1.2.3.4/tcp/${i + 1}`))
    const peer = await somebody()
    assert.equal(book.info(book.of(peer), many).addresses.count, 32)
    const read = book.read({
      ...wire(peer),
      addresses: [Uint8Array.of(255, 255), ...many.slice(0, 2).map(({ bytes }) => bytes), new Uint8Array(3)]
    })
    assert.equal(read?.addresses.count, 2)
  })

  test('reads no peer from bytes that are no id', () => {
    const book = new ContactBook(everything)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), id => {
        const read = book.read({ id, addresses: [], connection: 'CONNECTED' })
        // should bytes be an id by chance, then it is that id
        assert.deepEqual(read === undefined ? undefined : [...read.contact.bytes], read === undefined ? undefined : [...id])
      })
    )
  })

  test('forgets those whom nothing refers to any more', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const book = new ContactBook(everything)
    const kept = book.of(await somebody())
    const ids: Uint8Array[] = []
    for (let i = 0; i < 50; i++) {
      const id = (await somebody()).toMultihash().bytes
      ids.push(id)
      book.read({ id, addresses: [multiaddr('/ip4/1.2.3.4/tcp/1').bytes], connection: 'CONNECTED' })
    }

    await eventually(() => {
      collect()
      return book.size === 1
    })
    assert.ok(ids.every(id => book.known(id) === undefined))
    assert.equal(book.known(kept.bytes), kept)
  })
})
