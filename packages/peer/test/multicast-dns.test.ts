/** Multicast DNS: what one packet may cost, and that honest announcements are still found. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import { defaultLogger } from '@libp2p/logger'
import type { PeerInfo } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { addressesMax, boundedMulticastDns, boundedResponse, packetBytesMax } from '../src/multicast-dns.ts'

const peer = '12D3KooWGbUAvhH1CGoG5xvuB1CZMRTiNjdBEg5fgRY4vFdRdqQD'
const announced = `dnsaddr=/ip4/192.168.1.2/tcp/1/p2p/${peer}`
const txt = (data: unknown): { type: string; data: unknown } => ({ type: 'TXT', data })
const textsOf = (answers: readonly { data?: unknown }[] = []): string[] => answers.flatMap(({ data }) => data as string[])

test('of the texts in a packet those that announce addresses are kept, without the broken ones', () => {
  const long = `dnsaddr=/ip4/192.168.1.2/tcp/1/p2p/Q${'z'.repeat(200)}`
  const { answers, additionals } = boundedResponse({
    answers: [
      { type: 'PTR', data: 'x' },
      { type: 'A', data: '1.2.3.4' },
      txt([Buffer.from(announced), Buffer.from(long)]),
      txt(Buffer.from('other=1'))
    ],
    additionals: [txt('dnsaddr=nonsense'), txt(announced)]
  })
  assert.deepEqual(answers, [{ type: 'PTR', data: 'x' }, txt([announced])])
  assert.deepEqual(additionals, [txt([announced])])
})

test('no more addresses are read than a peer announces', () => {
  const many = Array.from({ length: 1_000 }, (_, i) => txt(Buffer.from(`dnsaddr=/ip4/192.168.1.2/tcp/${i + 1}/p2p/${peer}`)))
  const { answers, additionals } = boundedResponse({ answers: many, additionals: many })
  assert.equal(textsOf(answers).length, addressesMax)
  assert.equal(textsOf(additionals).length, 0)
})

test('a packet over the bound is not decoded, one at the bound is', async t => {
  const sender = createSocket('udp4').bind(0, '127.0.0.1')
  await once(sender, 'listening')
  t.after(() => sender.close())
  const { port } = sender.address()
  // the service binds all addresses at a port that is free at this one, but for the sender's
  const free = createSocket('udp4').bind(0)
  await once(free, 'listening')
  const at = free.address().port
  free.close()
  await once(free, 'close')
  assert.notEqual(at, port)

  const service = boundedMulticastDns({ port: at, broadcast: false })({
    logger: defaultLogger(),
    addressManager: { getAddresses: () => [] }
  } as unknown as Parameters<ReturnType<typeof boundedMulticastDns>>[0])
  const found: PeerInfo[] = []
  const second = new Promise<void>(resolve => {
    service.addEventListener('peer', ({ detail }) => {
      found.push(detail)
      if (detail.multiaddrs.some(address => address.equals(multiaddr('/ip4/192.168.1.2/tcp/2')))) {
        resolve()
      }
    })
  })
  await service.start()
  t.after(async () => service.stop())

  const send = async (tcpPort: number, bytes: number): Promise<void> =>
    new Promise((resolve, reject) => {
      sender.send(packet(tcpPort, bytes), at, '127.0.0.1', error => (error === null ? resolve() : reject(error)))
    })
  await send(1, packetBytesMax + 1)
  await send(2, packetBytesMax)
  await second
  assert.deepEqual(
    found.map(({ multiaddrs }) => multiaddrs.map(String)),
    [['/ip4/192.168.1.2/tcp/2']]
  )
})

/** An announcement, filled up with a record that nobody reads. */
function packet(tcpPort: number, bytes: number): Buffer {
  const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255])
  const name = Buffer.concat([
    ...['_p2p', '_udp', 'local'].map(label => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0])
  ])
  const record = (type: number, data: Buffer): Buffer =>
    Buffer.concat([name, u16(type), u16(1), Buffer.from([0, 0, 0, 120]), u16(data.length), data])
  const text = Buffer.from(`dnsaddr=/ip4/192.168.1.2/tcp/${tcpPort}/p2p/${peer}`)
  const announcement = Buffer.concat([
    u16(0),
    u16(0x8400),
    u16(0),
    u16(3),
    u16(0),
    u16(0),
    record(12, Buffer.concat([Buffer.from([1, 0x61]), name])),
    record(16, Buffer.from([text.length, ...text]))
  ])
  const overhead = record(99, Buffer.alloc(0)).length
  return Buffer.concat([announcement, record(99, Buffer.alloc(bytes - announcement.length - overhead))])
}
