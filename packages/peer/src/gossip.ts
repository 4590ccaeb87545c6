/**
 * GossipSub as the Kademlia checkpoint asks for it: its parameters, the protocols, who signs, and what a message is
 * called.
 */
import { gossipsub } from '@libp2p/gossipsub'
import type { GossipSub, GossipSubComponents, GossipsubOpts, Message } from '@libp2p/gossipsub'
import { gossipOptions, guardGossip } from './guard/gossip.ts'
import { sha256 } from 'multiformats/hashes/sha2'
import type { UnsignedPolicy } from './options.ts'
import { joined } from './payload/protobuf.ts'
import { payloadBytesMax } from './payload/sniff.ts'

/** Besides `/meshsub/1.0.0` to `1.2.0`: the name that the workshop's peers give the same protocol. */
const lessonProtocol = '/gossipsub/1.0'

/** A message that nobody signed, as it was sent; what it claims of its sender proves nothing. */
export interface UnsignedMessage {
  readonly topic: string
  readonly data: Uint8Array
  /** The claimed sender and sequence number, of use only to tell one message from the next. */
  readonly claims: Uint8Array
}

export interface PubSubHooks {
  unsigned(message: UnsignedMessage): void
  /** A peer goes on with what no honest peer does. */
  cutOff(peer: string): void
}

export function chatPubSub(unsigned: UnsignedPolicy, hooks: PubSubHooks): (components: GossipSubComponents) => GossipSub {
  const create = gossipsub({
    D: 6,
    Dlo: 4,
    Dhi: 12,
    heartbeatInterval: 1_000,
    globalSignaturePolicy: 'StrictSign',
    msgIdFn: messageId,
    // Nobody listening is no error: the result says who was reached.
    allowPublishToZeroTopicPeers: true,
    fallbackToFloodsub: false,
    emitSelf: false,
    // Peers of one machine, as in a classroom or a test, share an address without being one attacker.
    scoreParams: { IPColocationFactorWhitelist: new Set(['127.0.0.1', '::1']) },
    ...gossipOptions,
    ...(unsigned === 'accept' ? unsignedListener(message => hooks.unsigned(message)) : {})
  })

  return components => {
    const service = create(components)
    service.protocols.push(lessonProtocol)
    return guardGossip(service, { payloadBytesMax, cutOff: peer => hooks.cutOff(peer) })
  }
}

/** The sender's multihash and the sequence number in 8 bytes, big-endian; of what nobody signed, a hash of the data. */
export function messageId(message: Message): Uint8Array | Promise<Uint8Array> {
  if (message.type === 'unsigned') {
    return sha256.encode(message.data)
  }

  const sequenceNumber = new Uint8Array(8)
  new DataView(sequenceNumber.buffer).setBigUint64(0, message.sequenceNumber)
  return joined([message.from.toMultihash().bytes, sequenceNumber])
}

/**
 * GossipSub's strict policy knows no exception, and forwarding what nobody signed would cost us our standing with
 * peers that are as strict. But it shows every message, before it judges it, to the function that makes a quick id for
 * its cache of valid messages: from there an unsigned one goes to us, and to nobody else.
 */
function unsignedListener(onUnsigned: (message: UnsignedMessage) => void): Pick<GossipsubOpts, 'fastMsgIdFn'> {
  let uncached = 0

  return {
    fastMsgIdFn: ({ from, seqno, data, topic, signature }) => {
      if (signature === undefined && data !== undefined) {
        onUnsigned({ topic, data, claims: joined([from ?? new Uint8Array(), seqno ?? new Uint8Array()]) })
      }

      // An id that no other message has, so that the cache never takes two messages for one.
      return uncached++
    }
  }
}
