/** The DHT's messages and identify's, each with the worst bytes within its size. */
import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { RecordEnvelope } from '@libp2p/peer-record'
import { ip6, longId, shortAddress, twoIds } from './addresses.ts'
import { identifyPush, kad } from './attacker.ts'
import type { Attacker, Lies } from './attacker.ts'
import { concat, field, fill, framed, numberField, utf8 } from './protobuf.ts'

/** One row: what the stranger answers when it is asked, and what it sends by itself once it is known. */
export interface Case {
  readonly name: string
  readonly lies?: Lies
  send?(attacker: Attacker): Promise<void>
}

/** With room for the type and the key. */
const requestBytes = 64 * 1024 - 64
const replyBytes = 256 * 1024 - 64
const peerBytes = 8 * 1024
const identifyBytes = 8 * 1024

/** Ids that cost the most: each is a point of a curve, to be found. New ones each time, for what is known costs little. */
async function newIds(): Promise<Uint8Array[]> {
  return await Promise.all(
    Array.from({ length: 300 }, async () => peerIdFromPrivateKey(await generateKeyPair('secp256k1')).toMultihash().bytes)
  )
}

function peer(id: Uint8Array, address: (index: number) => Uint8Array, first = 0): Uint8Array {
  const head = field(1, id)
  const addresses: Uint8Array[] = []
  let bytes = head.length
  for (let index = 0; index < 32; index++) {
    const next = field(2, address(first + index))
    bytes += next.length
    if (bytes > peerBytes) {
      break
    }

    addresses.push(next)
  }

  return concat([head, ...addresses])
}

async function peers(list: number, bytesMax: number, address: (index: number) => Uint8Array): Promise<Uint8Array> {
  const ids = await newIds()
  return fill(bytesMax, index => field(list, peer(ids[index % ids.length] as Uint8Array, address, 32 * index)))
}

const closer = 8
const providers = 9
const key = field(2, new Uint8Array(38).fill(7))
const huge = (): Uint8Array => longId(8_100)
const types = ['PUT_VALUE', 'GET_VALUE', 'ADD_PROVIDER', 'GET_PROVIDERS', 'FIND_NODE', 'PING']
const message = (type: string, ...fields: Uint8Array[]): Uint8Array => concat([numberField(1, types.indexOf(type)), ...fields])

type Fields = () => Promise<Uint8Array>

async function withPeers(type: string, ...fields: readonly Fields[]): Promise<Uint8Array> {
  return framed(message(type, key, ...(await Promise.all(fields.map(async make => make())))))
}

function requests(): Case[] {
  const halfOf =
    (list: number): Fields =>
    async () =>
      peers(list, requestBytes / 2, huge)
  const asked = (type: string, ...fields: Fields[]): Case => ({
    name: `${type} request`,
    send: async attacker => attacker.write(kad, await withPeers(type, ...fields))
  })
  const value = concat([
    field(1, new Uint8Array(38)),
    field(2, new Uint8Array(60 * 1024)),
    field(5, new Uint8Array(64).fill(0x30))
  ])
  return [
    ...['FIND_NODE', 'GET_VALUE', 'GET_PROVIDERS'].map(type => asked(type, halfOf(closer), halfOf(providers))),
    asked('PUT_VALUE', async () => field(3, value)),
    {
      name: 'ADD_PROVIDER request',
      send: async attacker => {
        const own = peerIdFromPrivateKey(attacker.key).toMultihash().bytes
        await attacker.write(kad, await withPeers('ADD_PROVIDER', async () => field(providers, peer(own, huge)), halfOf(closer)))
      }
    }
  ]
}

function answers(): Case[] {
  const answer = (name: string, type: string, ...fields: Fields[]): Case => ({
    name: `${type} answer, ${name}`,
    lies: { findNode: async () => withPeers(type, ...fields) }
  })
  const closerOf =
    (address: (index: number) => Uint8Array, bytes = replyBytes): Fields =>
    async () =>
      peers(closer, bytes, address)
  const providersOf =
    (address: (index: number) => Uint8Array, bytes = replyBytes): Fields =>
    async () =>
      peers(providers, bytes, address)
  return [
    answer('ids of 8 KiB', 'FIND_NODE', closerOf(huge)),
    answer('two ids an address', 'FIND_NODE', closerOf(twoIds)),
    answer('IPv6 addresses', 'FIND_NODE', closerOf(ip6)),
    answer('ids of 8 KiB', 'GET_PROVIDERS', providersOf(huge)),
    answer('two ids an address', 'GET_PROVIDERS', closerOf(twoIds, replyBytes / 2), providersOf(twoIds, replyBytes / 2)),
    answer('ids of 8 KiB', 'GET_VALUE', closerOf(huge))
  ]
}

interface Description {
  readonly name: string
  /** The ten messages, without key. */
  messages(self: PrivateKey): Promise<Uint8Array[]> | Uint8Array[]
}

const ten = (each: (index: number) => Uint8Array): Uint8Array[] => Array.from({ length: 10 }, (_, index) => each(index))

/** A signed record around any bytes. */
async function signed(self: PrivateKey, addresses: Uint8Array): Promise<Uint8Array> {
  const id = peerIdFromPrivateKey(self).toMultihash().bytes
  const record = {
    domain: 'libp2p-peer-record',
    codec: Uint8Array.of(3, 1),
    marshal: () => concat([field(1, id), numberField(2, 1), addresses]),
    equals: () => false
  }
  const envelope = (await RecordEnvelope.seal(record, self)).marshal()
  return field(8, envelope instanceof Uint8Array ? envelope : (envelope as { subarray(): Uint8Array }).subarray())
}

const descriptions: readonly Description[] = [
  { name: 'ids of 8 KiB', messages: () => ten(() => field(2, huge())) },
  {
    name: 'short addresses',
    messages: () => ten(index => fill(identifyBytes - 64, i => field(2, shortAddress(index * 2_000 + i))))
  },
  { name: 'two ids an address', messages: () => ten(index => fill(identifyBytes - 64, i => field(2, twoIds(index * 100 + i)))) },
  {
    name: 'short protocols',
    messages: () => ten(index => fill(identifyBytes - 64, i => field(3, utf8((index * 2_000 + i).toString(36)))))
  },
  { name: 'observed id of 8 KiB', messages: () => [field(4, huge())] },
  { name: 'signed id of 8 KiB', messages: async self => [await signed(self, field(3, field(1, longId(7_800))))] },
  {
    name: 'signed short addresses',
    messages: async self => [
      await signed(
        self,
        fill(identifyBytes - 300, i => field(3, field(1, shortAddress(i))))
      )
    ]
  }
]

async function identifyFrames(description: Description, self: PrivateKey): Promise<Uint8Array> {
  const messages = await description.messages(self)
  const [first, ...rest] = messages
  return concat(
    [first ?? new Uint8Array(), ...rest].map((each, index) =>
      framed(index > 0 ? each : concat([field(1, publicKeyToProtobuf(self.publicKey)), each]))
    )
  )
}

export function dhtCases(): Case[] {
  return [
    ...requests(),
    ...answers(),
    ...descriptions.map(description => ({
      name: `identify, ${description.name}`,
      lies: { identify: async (self: PrivateKey) => identifyFrames(description, self) }
    })),
    ...descriptions.map(description => ({
      name: `identify push, ${description.name}`,
      send: async (attacker: Attacker) => attacker.write(identifyPush, await identifyFrames(description, attacker.key))
    }))
  ]
}
