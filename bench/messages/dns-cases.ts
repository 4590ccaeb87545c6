/** Multicast DNS: one UDP packet to the target's socket. */
import { createSocket } from 'node:dgram'
import { concat, utf8 } from './protobuf.ts'

const port = 5353
const datagramBytesMax = 65_507

export interface PacketCase {
  readonly name: string
  readonly packet: Uint8Array
}

const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255)
const name = concat(
  ['_p2p', '_udp', 'local'].map(label => concat([Uint8Array.of(label.length), utf8(label)])).concat([Uint8Array.of(0)])
)

function header(answers: number): Uint8Array {
  return concat([u16(0), u16(0x8400), u16(0), u16(answers), u16(0), u16(0)])
}

function record(owner: Uint8Array, type: number, data: Uint8Array): Uint8Array {
  return concat([owner, u16(type), u16(1), Uint8Array.of(0, 0, 0, 120), u16(data.length), data])
}

/** A packet with the announcement that is believed, and as many texts as fit. */
function announcing(text: (index: number) => string): Uint8Array {
  const pointer = concat([Uint8Array.of(1, 0x61), name])
  const records = [record(name, 12, pointer)]
  let bytes = 12 + (records[0]?.length ?? 0)
  for (let index = 0; ; index++) {
    const content = utf8(`dnsaddr=${text(index)}`)
    const next = record(name, 16, concat([Uint8Array.of(content.length), content]))
    bytes += next.length
    if (bytes > datagramBytesMax) {
      return concat([header(records.length), ...records])
    }

    records.push(next)
  }
}

/** A chain of compression pointers, each to the one before it, and names that begin at its end. */
function chained(): Uint8Array {
  // pointers reach no further than 16,383 bytes
  const links = 8_150
  const parts = [header(1 + 3_600)]
  // the chain is the content of a text record, whose owner is the root
  const chain: Uint8Array[] = [Uint8Array.of(0)]
  const start = 12 + 1 + 10
  for (let link = 0; link < links; link++) {
    const target = link === 0 ? start : start + 1 + 2 * (link - 1)
    chain.push(u16(0xc000 | target))
  }

  parts.push(record(Uint8Array.of(0), 99, concat(chain)))
  const end = u16(0xc000 | (start + 1 + 2 * (links - 1)))
  for (let index = 0; index < 3_600; index++) {
    parts.push(record(end, 99, new Uint8Array()))
  }

  return concat(parts).subarray(0, datagramBytesMax)
}

const id = '12D3KooWGbUAvhH1CGoG5xvuB1CZMRTiNjdBEg5fgRY4vFdRdqQD'

export function packetCases(): PacketCase[] {
  return [
    { name: 'mDNS packet, long ids', packet: announcing(() => `/p2p/Q${'z'.repeat(240)}`) },
    { name: 'mDNS packet, short addresses', packet: announcing(index => (index === 0 ? `/tcp/1/p2p/${id}` : `/tcp/${index}`)) },
    { name: 'mDNS packet, chain of pointers', packet: chained() }
  ]
}

export async function sendPacket({ packet }: PacketCase): Promise<void> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve, reject) => {
    socket.send(packet, port, '127.0.0.1', error => (error === null ? resolve() : reject(error)))
  })
  socket.close()
}
