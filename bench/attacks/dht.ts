/** Attacks through the DHT: by what is asked of the victim, and by how the victim is answered. */
import { again, lanes } from './attack.ts'
import type { Attack, Context } from './attack.ts'
import { dhtMessage, dhtPeer, dhtServers, dhtType, findNodeAnswer, identifiedSession, protocols } from './peer.ts'
import type { DhtAnswer, DhtRequest } from './peer.ts'
import { framed, longPeerAddress, tcpAddress, varint } from './wire/bytes.ts'
import { flag, frameType, yamuxFrame } from './wire/yamux.ts'
import type { Session } from './wire/session.ts'
import type { MuxedStream } from './wire/stream.ts'

async function resetThenGarbage(stream: MuxedStream, { number }: DhtRequest, context: Context): Promise<void> {
  if (number === 1) {
    await stream.send(framed(findNodeAnswer()))
    return
  }

  stream.session.raw(yamuxFrame(frameType.window, flag.rst, stream.id, 0), Buffer.alloc(12, 0xff))
  context.count('resets followed by garbage')
}

/** Requests on a fresh session and stream, one after the other; answers are read if there are any. */
async function ask(context: Context, isAnswered: boolean, request: (session: Session) => Uint8Array, pauseMs = 0): Promise<void> {
  const session = await identifiedSession(context)
  while (!context.isOver && !session.isClosed) {
    const stream = await session.open(protocols.dht)
    for (let i = 0; i < 20 && !context.isOver && !stream.isEnded; i++) {
      await stream.send(request(session))
      context.count('requests')
      if (isAnswered) {
        await stream.readFramed()
      }
      await (pauseMs > 0 ? context.pause(pauseMs) : context.breathe())
    }
    stream.finish()
  }
}

function asking(name: string, fault: 0 | 2, does: string, parallel: number, act: (context: Context) => Promise<void>): Attack {
  return {
    name,
    fault,
    does,
    run: async context => await lanes(parallel, async () => await again(context, 'connections', async () => await act(context)))
  }
}

function answering(name: string, fault: 0 | 1 | 2, does: string, answer: (context: Context) => DhtAnswer): Attack {
  return { name, fault, does, run: async context => await dhtServers(context, 8, answer(context)) }
}

const longAddress = longPeerAddress(8_100)

async function addProviders(context: Context): Promise<void> {
  const session = await identifiedSession(context)
  const stream = await session.open(protocols.dht)
  for (let i = 0; i < 20; i++) {
    const key = Buffer.concat([Buffer.from([0x12, 0x20]), context.random.bytes(32)])
    const own = Array.from({ length: 7 }, () => dhtPeer(9, session.identity.id, [longPeerAddress(8_100, context.random)]))
    await stream.send(framed(dhtMessage(dhtType.addProvider, key, ...own)))
    context.count('requests')
  }

  await context.pause(1_000)
  context.count(stream.isEnded ? 'streams ended by the victim' : 'streams kept')
  session.close()
}

/** A request, one byte a second, so that the stream is never idle. */
async function slowRequest(context: Context): Promise<void> {
  const session = await identifiedSession(context)
  const stream = await session.open(protocols.dht)
  for (const byte of framed(dhtMessage(dhtType.findNode, context.random.bytes(34)))) {
    if (context.isOver || stream.isEnded) {
      return
    }
    stream.post(Buffer.from([byte]))
    context.count('bytes')
    await context.pause(1_000)
  }
}

const requests: readonly Attack[] = [
  asking(
    'add-provider-long-p2p',
    2,
    'twenty ADD_PROVIDER a second with seven providers whose /p2p/ address has 8,100 bytes',
    1,
    addProviders
  ),
  asking('dht-slow-requests', 0, 'requests at a byte a second on 30 connections', 30, slowRequest),
  asking('dht-requests-without-pause', 0, 'FIND_NODE as fast as the answers come', 4, async context => {
    await ask(context, true, () => framed(dhtMessage(dhtType.findNode, context.random.bytes(34))))
  }),
  asking('dht-requests-never-read', 0, 'FIND_NODE without pause; no answer is read', 4, async context => {
    await ask(context, false, () => framed(dhtMessage(dhtType.findNode, context.random.bytes(34))))
  }),
  asking(
    'dht-malformed-requests',
    0,
    'requests that are no messages, truncated, of unknown type, or too long',
    4,
    async context => {
      const { random } = context
      const kinds = [
        () => framed(random.bytes(1 + random.below(200))),
        () => framed(dhtMessage(99, random.bytes(34))),
        () => framed(dhtMessage(dhtType.findNode, random.bytes(60_000))),
        () => framed(dhtMessage(dhtType.putValue, random.bytes(34)).subarray(0, 10)),
        () => varint(2 ** 40)
      ]
      await ask(context, false, () => kinds[random.below(kinds.length)]?.() ?? Buffer.alloc(1), 5)
    }
  ),
  asking('dht-put-flood', 0, 'PUT_VALUE of 50 KB for random keys', 4, async context => {
    await ask(context, false, () => framed(dhtMessage(dhtType.putValue, context.random.bytes(34), Buffer.alloc(50_000, 1))), 5)
  }),
  asking('dht-provider-flood', 0, 'ADD_PROVIDER for ever new keys', 4, async context => {
    await ask(context, false, ({ identity }) => {
      const key = Buffer.concat([Buffer.from([0x12, 0x20]), context.random.bytes(32)])
      return framed(dhtMessage(dhtType.addProvider, key, dhtPeer(9, identity.id, [tcpAddress(9)])))
    })
  })
]

/** Peers that do not exist, at addresses of this machine where nobody listens. */
function inventedPeers(context: Context, count: number): Buffer[] {
  return Array.from({ length: count }, () => dhtPeer(8, context.identity().id, [tcpAddress(9)]))
}

const answers: readonly Attack[] = [
  answering(
    'dht-reset-then-garbage',
    1,
    'answers FIND_NODE once; to the second request a reset and garbage in one piece',
    context => async (stream, request) => {
      await resetThenGarbage(stream, request, context)
    }
  ),
  answering('dht-garbage-answers', 1, 'answers that are random bytes, endless lengths, or truncated', context => async stream => {
    const { random } = context
    const wild = [random.bytes(300), varint(2 ** 45), framed(random.bytes(100)), Buffer.concat([varint(1_000), random.bytes(10)])]
    stream.post(wild[random.below(wild.length)] ?? Buffer.alloc(1))
    if (random.below(2) === 0) {
      stream.reset()
    }
    // a peer that answered so is not asked again: another takes its place
    await context.pause(300)
    stream.session.close()
  }),
  answering('dht-long-p2p-answer', 2, 'answers FIND_NODE with 31 peers whose /p2p/ address has 8,100 bytes', context => {
    const peers = Array.from({ length: 31 }, () => dhtPeer(8, context.identity().id, [longAddress]))
    const answer = framed(findNodeAnswer(...peers))
    return async stream => {
      await stream.send(answer)
      context.count('long answers')
    }
  }),
  answering('dht-liars-invented', 0, 'answers with 20 peers that do not exist', context => async stream => {
    await stream.send(framed(findNodeAnswer(...inventedPeers(context, 20))))
  }),
  answering('dht-liars-victim', 0, 'answers with the victim itself and with one peer 20 times', context => async stream => {
    const [one = Buffer.alloc(0)] = inventedPeers(context, 1)
    await stream.send(framed(findNodeAnswer(...Array.from({ length: 20 }, () => one))))
  }),
  answering('dht-liars-many', 0, 'answers with as many peers as a frame holds', context => {
    const answer = framed(findNodeAnswer(...inventedPeers(context, 2_000)))
    return async stream => await stream.send(answer)
  }),
  answering('dht-liars-silent', 0, 'takes requests and never answers', context => async () => await context.pause(60_000)),
  answering('dht-liars-slow', 0, 'answers at a byte a second', context => async stream => {
    for (const byte of framed(findNodeAnswer(...inventedPeers(context, 1)))) {
      stream.post(Buffer.from([byte]))
      await context.pause(1_000)
    }
  })
]

export const dhtAttacks: readonly Attack[] = [...answers, ...requests]
