/** Attacks on TCP before any handshake is complete: idle, half-open, garbage, slow, and noise messages of the largest size. */
import { again, hold, lanes } from './attack.ts'
import type { Attack, Context } from './attack.ts'
import { protocolLine } from './wire/bytes.ts'
import { openSocket } from './wire/channel.ts'
import { messageBytesMax, noisePair, prefixed } from './wire/noise.ts'
import { negotiateNoise } from './wire/session.ts'

async function halfNoise(context: Context): Promise<Awaited<ReturnType<Context['tcp']>>> {
  const channel = await context.tcp()
  await negotiateNoise(channel)
  channel.write(prefixed(noisePair().bytes))
  return channel
}

async function tcpGarbage(context: Context): Promise<void> {
  const channel = await context.tcp()
  channel.write(context.random.bytes(1 + context.random.below(4_096)))
  await context.pause(20)
  channel.destroy()
}

/** Multistream-select byte by byte, one every 200 ms, on many connections. */
async function slowMultistream(context: Context): Promise<void> {
  const channel = await context.tcp()
  for (const byte of Buffer.concat([protocolLine('/multistream/1.0.0'), protocolLine('/noise')])) {
    if (context.isOver || channel.isClosed) {
      return
    }

    channel.write(Buffer.from([byte]))
    await context.pause(200)
  }
}

/** Names one protocol after the other that nobody speaks, without waiting for the answers. */
async function multistreamFlood(context: Context): Promise<void> {
  const channel = await context.tcp()
  channel.write(protocolLine('/multistream/1.0.0'))
  while (!context.isOver && !channel.isClosed) {
    const lines = Array.from({ length: 200 }, () => protocolLine(`/unknown/${context.random.text(16)}`))
    channel.write(Buffer.concat(lines))
    context.count('protocols named', lines.length)
    await channel.drained()
    await context.breathe()
  }
}

/** The first noise message declares the largest length; its bytes come at one a second, then 64 KiB of them at once. */
async function noiseHuge(context: Context, isSlow: boolean): Promise<void> {
  const channel = await context.tcp()
  await negotiateNoise(channel)
  if (isSlow) {
    channel.write(Buffer.from([0xff, 0xff]))
    while (!context.isOver && !channel.isClosed) {
      channel.write(Buffer.from([0]))
      await context.pause(1_000)
    }
    return
  }

  channel.write(prefixed(context.random.bytes(messageBytesMax)))
  channel.write(prefixed(Buffer.alloc(messageBytesMax, 0xff)))
  await context.pause(20)
  channel.destroy()
}

async function noisePoured(context: Context): Promise<void> {
  const channel = await context.tcp()
  await negotiateNoise(channel)
  const message = prefixed(Buffer.alloc(messageBytesMax, 0xff))
  const chunk = Buffer.concat(Array.from({ length: 16 }, () => message))
  while (!context.isOver && !channel.isClosed) {
    channel.write(chunk)
    context.count('bytes poured', chunk.length)
    await channel.drained()
    await context.breathe()
  }
}

export const socketAttacks: readonly Attack[] = [
  {
    name: 'tcp-idle-300',
    fault: 4,
    does: 'holds 300 TCP connections open and says nothing',
    run: async context => await hold(context, 300, async () => await context.tcp())
  },
  {
    name: 'tcp-half-noise-300',
    fault: 4,
    does: 'holds 300 connections that stop in the middle of the noise handshake',
    run: async context => await hold(context, 300, async () => await halfNoise(context))
  },
  {
    name: 'noise-huge',
    fault: 5,
    does: 'noise messages of 65,535 bytes in the handshake: garbage, trickled, and poured without end',
    run: async context => {
      await Promise.all([
        lanes(2, async () => await again(context, 'huge messages', async () => await noiseHuge(context, false))),
        lanes(context.amount(50), async () => await again(context, 'trickles', async () => await noiseHuge(context, true))),
        lanes(4, async () => await again(context, 'pours', async () => await noisePoured(context)))
      ])
    }
  },
  {
    name: 'tcp-garbage',
    fault: 0,
    does: 'random bytes on fresh TCP connections',
    run: async context => await lanes(4, async () => await again(context, 'connections', async () => await tcpGarbage(context)))
  },
  {
    name: 'tcp-half-open',
    fault: 0,
    does: 'connects, ends its side at once, and keeps the other open; 100 at a time',
    run: async context => {
      await hold(context, 100, async () => {
        const channel = await context.tcp()
        channel.socket.end()
        return channel
      })
    }
  },
  {
    name: 'tcp-churn',
    fault: 0,
    does: 'connects and disconnects as fast as it can',
    run: async context => {
      await lanes(8, async () => {
        await again(context, 'connections', async () => {
          const socket = await openSocket(context.target.tcpPort)
          socket.resetAndDestroy()
        })
      })
    }
  },
  {
    name: 'multistream-slow',
    fault: 0,
    does: 'multistream-select at five bytes a second on 50 connections',
    run: async context => {
      await lanes(context.amount(50), async () => await again(context, 'connections', async () => await slowMultistream(context)))
    }
  },
  {
    name: 'multistream-unknown-flood',
    fault: 5,
    does: 'names unknown protocols without pause before any handshake',
    run: async context =>
      await lanes(4, async () => await again(context, 'connections', async () => await multistreamFlood(context)))
  }
]
