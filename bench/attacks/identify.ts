/** Attacks through identify, identify push, and the topic of peer discovery. */
import { again, lanes } from './attack.ts'
import type { Attack, Context } from './attack.ts'
import {
  chatTopic,
  discoveryTopic,
  gossipMessage,
  gossipSession,
  identifiedSession,
  identifies,
  identifyMessage,
  protocols,
  subscription
} from './peer.ts'
import type { IdentifyFields } from './peer.ts'
import { bytesField, framed, longPeerAddress, tcpAddress } from './wire/bytes.ts'

/** Identify reads 10 messages of 8 KiB. */
const messageBytesMax = 8_000

/** Answers with these fields, from ever new identities, some at once. */
async function identifiedAs(context: Context, messages: (context: Context) => readonly IdentifyFields[]): Promise<void> {
  await lanes(8, async () => {
    await again(context, 'identities', async () => {
      const identity = context.identity()
      const handlers = new Map([identifies(...messages(context).map(fields => identifyMessage(identity, fields)))])
      const session = await context.session({ handlers }, identity)
      await context.pause(100)
      session.close()
    })
  })
}

function maximal({ random }: Context): IdentifyFields[] {
  return Array.from({ length: 10 }, (_, i) => ({
    agent: random.text(i === 0 ? 2_000 : 100),
    protocols: Array.from({ length: 100 }, () => `/x/${random.text(20)}`),
    addresses: Array.from({ length: 300 }, () => tcpAddress(1 + random.below(65_000)))
  }))
}

/** Ten messages, each with one address of the greatest length. */
function longAddresses({ random }: Context): IdentifyFields[] {
  return Array.from({ length: 10 }, () => ({ addresses: [longPeerAddress(messageBytesMax - 300, random)] }))
}

/** Pushes these on a stream after the other over one connection. */
async function pushes(
  context: Context,
  pauseMs: number,
  messages: (context: Context) => readonly IdentifyFields[]
): Promise<void> {
  const session = await identifiedSession(context)
  while (!context.isOver && !session.isClosed) {
    const stream = await session.open(protocols.push)
    const all = messages(context).map(fields => framed(identifyMessage(session.identity, fields)))
    await stream.send(Buffer.concat(all))
    stream.finish()
    context.count('pushes')
    await context.pause(pauseMs)
  }
}

export const identifyAttacks: readonly Attack[] = [
  {
    name: 'identify-long-p2p',
    fault: 2,
    does: 'identify answers with a /p2p/ address of 7,700 bytes, from changing identities',
    run: async context => await identifiedAs(context, longAddresses)
  },
  {
    name: 'identify-push-long-p2p',
    fault: 2,
    does: 'identify pushes with ten /p2p/ addresses of 7,700 bytes each',
    run: async context => {
      await lanes(4, async () => {
        await again(context, 'connections', async () => {
          await pushes(context, 50, longAddresses)
        })
      })
    }
  },
  {
    name: 'discovery-long-p2p',
    fault: 2,
    does: 'announcements on the topic of peer discovery with 31 /p2p/ addresses of 8,100 bytes',
    run: async context => {
      await again(context, 'connections', async () => {
        const { session, stream } = await gossipSession(context)
        await stream.send(framed(subscription(chatTopic), subscription(discoveryTopic)))
        const addresses = Array.from({ length: 31 }, () => bytesField(2, longPeerAddress(8_100, context.random)))
        while (!context.isOver && !session.isClosed) {
          const peer = Buffer.concat([bytesField(1, session.identity.publicKey), ...addresses])
          await stream.send(framed(gossipMessage(context, session.identity, peer, discoveryTopic)))
          context.count('announcements')
          await context.pause(100)
        }
      })
    }
  },
  {
    name: 'identify-maximal',
    fault: 5,
    does: 'identify answers with everything at its maximum, from changing identities',
    run: async context => await identifiedAs(context, maximal)
  },
  {
    name: 'identify-push-maximal',
    fault: 5,
    does: 'identify pushes with everything at its maximum, without pause',
    run: async context => {
      await lanes(4, async () => await again(context, 'connections', async () => await pushes(context, 1, maximal)))
    }
  },
  {
    name: 'identify-push-flood',
    fault: 0,
    does: 'small identify pushes without pause',
    run: async context => {
      await lanes(4, async () => await again(context, 'connections', async () => await pushes(context, 1, () => [{}])))
    }
  },
  {
    name: 'identify-flood',
    fault: 0,
    does: 'asks who the victim is without pause',
    run: async context => {
      await lanes(4, async () => {
        await again(context, 'connections', async () => {
          const session = await identifiedSession(context)
          while (!context.isOver && !session.isClosed) {
            const stream = await session.open(protocols.identify)
            await stream.readFramed()
            stream.finish()
            context.count('answers')
          }
        })
      })
    }
  }
]
