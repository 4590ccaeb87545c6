/** Gossip: RPCs of every kind as large as they may be, and the payloads of each chat format. */
import { randomBytes } from 'node:crypto'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { longId } from './addresses.ts'
import { gossip } from './attacker.ts'
import type { Attacker } from './attacker.ts'
import type { Case } from './dht-cases.ts'
import { concat, field, fill, framed, numberField, utf8 } from './protobuf.ts'

const MiB = 1024 * 1024
const rpcBytes = 4 * MiB - 64
const chat = utf8('universal-connectivity')
const discovery = utf8('universal-connectivity-browser-peer-discovery')
const count = 5_000

let sequence = BigInt(Date.now()) * 1_000_000n

/** A message with the topic, signed by the attacker. */
async function signed({ key }: Attacker, data: Uint8Array, topic = chat): Promise<Uint8Array> {
  const number = new Uint8Array(8)
  new DataView(number.buffer).setBigUint64(0, sequence++)
  const content = concat([
    field(1, peerIdFromPrivateKey(key).toMultihash().bytes),
    field(2, data),
    field(3, number),
    field(4, topic)
  ])
  const signature = await key.sign(concat([utf8('libp2p-pubsub:'), content]))
  return field(2, concat([content, field(5, signature)]))
}

/** A message whose fields the attacker chose. */
function unsigned(from: Uint8Array, key: Uint8Array, signature: Uint8Array, topic = chat): Uint8Array {
  return field(
    2,
    concat([field(1, from), field(2, [1]), field(3, randomBytes(8)), field(4, topic), field(5, signature), field(6, key)])
  )
}

const id34 = concat([Uint8Array.of(0x12, 0x20), new Uint8Array(32)])
const longHash = concat([Uint8Array.of(0x12, 0xf0, 0xff, 0x3f), new Uint8Array(0x0ffff0)])
const identityUrl = (): Uint8Array => {
  const url = utf8(`http://${'a.'.repeat(500_000)}`)
  return concat([Uint8Array.of(0, (url.length & 127) | 128, ((url.length >> 7) & 127) | 128, url.length >> 14), url])
}

function rpcs(): Case[] {
  const rpc = (name: string, bytes: (attacker: Attacker) => Uint8Array): Case => ({
    name: `gossip, ${name}`,
    send: async attacker => attacker.write(gossip, framed(bytes(attacker)))
  })
  const many = (piece: (index: number) => Uint8Array): Uint8Array =>
    concat(Array.from({ length: count }, (_, index) => piece(index)))
  const small = (index: number): Uint8Array => utf8(index.toString(36).padStart(4, '.'))
  const control = (...fields: Uint8Array[]): Uint8Array => field(3, concat(fields))
  const tiny = (attacker: Attacker): Uint8Array => {
    const own = peerIdFromPrivateKey(attacker.key).toMultihash().bytes
    return many(() => unsigned(own, new Uint8Array(), new Uint8Array(64)))
  }
  return [
    rpc('subscriptions', () => many(index => field(1, concat([numberField(1, 1), field(2, small(index))])))),
    rpc('a topic of 4 MiB', () => field(1, concat([numberField(1, 1), field(2, new Uint8Array(rpcBytes).fill(0x61))]))),
    rpc('sender of 1 MiB', () => unsigned(longHash, new Uint8Array(), new Uint8Array(64))),
    rpc('sender a URL of 1 MiB', () => unsigned(identityUrl(), new Uint8Array(), new Uint8Array(64))),
    rpc('key of 1 MiB', () =>
      unsigned(id34, concat([numberField(1, 0), field(2, new Uint8Array(MiB).fill(0x30))]), new Uint8Array(64))
    ),
    rpc('signature of 1 MiB', attacker =>
      unsigned(peerIdFromPrivateKey(attacker.key).toMultihash().bytes, new Uint8Array(), new Uint8Array(MiB))
    ),
    rpc('5,000 tiny messages', tiny),
    rpc('ihave', () =>
      control(...[field(1, concat([field(1, chat), many(index => field(2, concat([randomBytes(40), small(index)])))]))])
    ),
    rpc('iwant', () =>
      control(
        field(
          2,
          many(() => field(1, randomBytes(44)))
        )
      )
    ),
    rpc('graft', () => control(many(index => field(3, field(1, small(index)))))),
    rpc('prune', () => control(many(index => field(4, field(1, small(index)))))),
    rpc('prune with records', () =>
      control(
        field(
          4,
          concat([
            field(1, chat),
            ...Array.from({ length: 16 }, () => field(2, concat([field(1, id34), field(2, longId(8_000))])))
          ])
        )
      )
    ),
    rpc('idontwant', () => control(many(() => field(5, field(1, randomBytes(44)))))),
    rpc('fields nobody knows', () => fill(rpcBytes, () => field(15, [])))
  ]
}

function payloads(): Case[] {
  const big = MiB - 4_096
  const of = (name: string, data: () => Uint8Array, topic?: Uint8Array): Case => ({
    name: `payload, ${name}`,
    send: async attacker => attacker.write(gossip, framed(await signed(attacker, data(), topic)))
  })
  return [
    of('flat, sender of 1 MiB', () => concat([field(1, new Uint8Array(big).fill(0x51)), field(2, [0x61])])),
    of('flat, empty fields', () => fill(big, () => field(2, []))),
    of('oneof', () => field(4, concat([field(1, utf8('x')), fill(big, () => field(2, []))]))),
    of('json, nested', () => utf8(`{"type":1,"chat":${'['.repeat(big)}`)),
    of('json, many keys', () => utf8(`{"type":1,"chat":{${Array.from({ length: 80_000 }, (_, i) => `"${i}":0`).join(',')}}}`)),
    of('json, empty arrays', () => utf8(`{"type":1,"chat":[${'[],'.repeat(big / 4)}0]}`)),
    of('json, numbers', () => utf8(`{"type":1,"chat":[${'1.7976931348623157e-308,'.repeat(big / 25)}0]}`)),
    of('pipe, bars', () => utf8('|'.repeat(big))),
    of('pipe, numbers', () => utf8(`Q${'|12345678901234567890|1234567890'.repeat(Math.floor(big / 34))}`)),
    of('pipe, no bar', () => utf8('Q'.repeat(big))),
    of('text', () => utf8('é'.repeat(big / 2))),
    of('discovery of peers', () => field(2, longId(big)), discovery)
  ]
}

export function gossipCases(): Case[] {
  return [...rpcs(), ...payloads()]
}
