/** Attacks through GossipSub: invalid, tiny, empty, and large messages; subscribers that do not read; floods of control messages. */
import { again, lanes } from './attack.ts'
import type { Attack, Context } from './attack.ts'
import { chatTopic, gossipMessage, gossipSession, subscription } from './peer.ts'
import { bytesField, framed } from './wire/bytes.ts'
import type { Identity } from './wire/identity.ts'

type Rpc = (context: Context, identity: Identity) => Buffer

/** Sends what `chunk` gives as fast as the victim takes it, from fresh identities when it ends the connection. */
async function flood(context: Context, what: string, perChunk: number, chunk: Rpc): Promise<void> {
  const { session, stream } = await gossipSession(context)
  await stream.send(framed(subscription(chatTopic)))
  while (!context.isOver && !session.isClosed) {
    await stream.send(chunk(context, session.identity))
    context.count(what, perChunk)
    await context.breathe()
  }
}

function gossipFlood(name: string, fault: 0 | 6, does: string, what: string, perChunk: number, chunk: Rpc, parallel = 1): Attack {
  return {
    name,
    fault,
    does,
    run: async context => {
      await lanes(parallel, async () => {
        await again(context, 'connections', async () => await flood(context, what, perChunk, chunk))
      })
    }
  }
}

function many(count: number, rpc: () => Uint8Array): Buffer {
  return Buffer.concat(Array.from({ length: count }, rpc))
}

/** A control message as a field of an RPC. */
function control(...fields: readonly Uint8Array[]): Buffer {
  return bytesField(3, Buffer.concat(fields))
}

const emptyRpcs = Buffer.alloc(32 * 1024)

/** Peers that subscribe and never read, while one more publishes 60 KiB texts as fast as they are taken. */
async function neverRead(context: Context, deaf: number): Promise<void> {
  await lanes(deaf, async () => {
    const { session, stream } = await gossipSession(context)
    await stream.send(framed(subscription(chatTopic), control(bytesField(3, bytesField(1, chatTopic)))))
    // the victim has to open its own stream first, on which it will send
    await context.pause(500)
    session.channel.pause()
    context.count('subscribers')
  })
  await again(context, 'publishers', async () => {
    await flood(context, 'texts', 1, (_, identity) => framed(gossipMessage(context, identity, text(context, 60_000))))
  })
}

const text = (context: Context, bytes: number): Buffer => Buffer.alloc(bytes, context.random.text(64))

const floods: readonly Attack[] = [
  gossipFlood(
    'gossip-invalid-signatures',
    6,
    'small messages with signatures that are random bytes',
    'messages',
    50,
    (context, identity) => many(50, () => framed(gossipMessage(context, identity, text(context, 100), chatTopic, false))),
    2
  ),
  gossipFlood(
    'gossip-tiny-flood',
    6,
    'valid signed messages of a few bytes',
    'messages',
    50,
    (context, identity) => many(50, () => framed(gossipMessage(context, identity, text(context, 3)))),
    2
  ),
  gossipFlood('gossip-empty-rpcs', 6, 'RPCs of length 0, 32,768 in a chunk', 'RPCs', emptyRpcs.length, () => emptyRpcs),
  gossipFlood(
    'gossip-megabyte-texts',
    6,
    'valid signed texts of a megabyte',
    'messages',
    1,
    (context, identity) => framed(gossipMessage(context, identity, text(context, 1_000_000))),
    2
  ),
  gossipFlood('gossip-64k-escapes', 6, 'valid signed texts of 64 KiB of control characters', 'messages', 1, (context, identity) =>
    framed(gossipMessage(context, identity, Buffer.alloc(64 * 1024, 0x01)))
  ),
  gossipFlood('gossip-many-in-one-rpc', 6, 'RPCs of 500 messages with random signatures', 'messages', 500, (context, identity) =>
    framed(many(500, () => gossipMessage(context, identity, text(context, 10), chatTopic, false)))
  ),
  gossipFlood('gossip-replay', 6, 'one valid message again and again', 'messages', 200, repeatedMessage()),
  gossipFlood('gossip-undecodable', 6, 'valid signed messages whose payload is no text', 'messages', 50, (context, identity) =>
    many(50, () => framed(gossipMessage(context, identity, Buffer.alloc(32, 0xff))))
  ),
  gossipFlood('gossip-topics', 0, 'subscriptions to ever new topics, 500 an RPC', 'subscriptions', 500, context =>
    framed(many(500, () => subscription(`topic-${context.random.text(24)}`)))
  ),
  gossipFlood('gossip-subscribe-unsubscribe', 0, 'subscribes and unsubscribes without pause', 'RPCs', 200, () =>
    many(100, () => Buffer.concat([framed(subscription(chatTopic)), framed(subscription(chatTopic, false))]))
  ),
  gossipFlood('gossip-graft-prune', 6, 'grafts and prunes without pause', 'RPCs', 200, () =>
    many(100, () => {
      const topic = bytesField(1, chatTopic)
      return Buffer.concat([framed(control(bytesField(3, topic))), framed(control(bytesField(4, topic)))])
    })
  ),
  gossipFlood('gossip-ihave-iwant', 0, 'announces messages that do not exist, and asks for such', 'ids', 400, context => {
    const ids = many(200, () => bytesField(2, context.random.bytes(46)))
    const wanted = many(200, () => bytesField(1, context.random.bytes(46)))
    return framed(control(bytesField(1, Buffer.concat([bytesField(1, chatTopic), ids])), bytesField(2, wanted)))
  }),
  gossipFlood('gossip-idontwant', 0, 'says of 500 messages an RPC that it does not want them', 'ids', 500, context =>
    framed(
      control(
        bytesField(
          5,
          many(500, () => bytesField(1, context.random.bytes(46)))
        )
      )
    )
  )
]

function repeatedMessage(): Rpc {
  const made = new WeakMap<Identity, Buffer>()
  return (context, identity) => {
    const chunk = made.get(identity) ?? framed(gossipMessage(context, identity, Buffer.from('again')))
    made.set(identity, chunk)
    return many(200, () => chunk)
  }
}

export const gossipAttacks: readonly Attack[] = [
  ...floods,
  {
    name: 'subscribe-never-read',
    fault: 5,
    does: 'a peer subscribes and never reads, while another publishes',
    run: async context => await neverRead(context, 1)
  },
  {
    name: 'subscribe-never-read-11',
    fault: 5,
    does: 'eleven peers subscribe and never read, while another publishes',
    run: async context => await neverRead(context, 11)
  }
]
