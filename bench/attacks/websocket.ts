/** Attacks on the WebSocket listener: frames that no client sends, idle upgrades, messages that never end. */
import { again, hold, lanes } from './attack.ts'
import type { Attack, Context } from './attack.ts'
import { opcode, webSocketFrame } from './wire/websocket.ts'

/** A fresh upgrade, these bytes, and the time for the victim to answer; 20 a second. */
function badFrame(name: string, does: string, frame: (context: Context) => Buffer): Attack {
  return {
    name,
    fault: 3,
    does: `${does}, before any handshake`,
    run: async context => {
      await again(
        context,
        'frames',
        async () => {
          const channel = await context.webSocket()
          channel.writeRaw(frame(context))
          await context.pause(30)
          channel.destroy()
        },
        20
      )
    }
  }
}

const small = Buffer.from('vicinity')
const closeCode = (code: number): Buffer => Buffer.from([code >>> 8, code & 0xff])

const badFrames: readonly Attack[] = [
  badFrame('ws-huge-frame', 'a WebSocket frame that declares 2^40 bytes', () =>
    webSocketFrame(opcode.binary, small, { declaredBytes: 2 ** 40 })
  ),
  badFrame('ws-rsv1', 'a frame with RSV1 set', () => webSocketFrame(opcode.binary, small, { reserved: 0x40 })),
  badFrame('ws-bad-mask', 'a frame without a mask', () => webSocketFrame(opcode.binary, small, { isMasked: false })),
  badFrame('ws-bad-opcode', 'a frame of a reserved type', ({ random }) => webSocketFrame(3 + random.below(5), small)),
  badFrame('ws-bad-control-frame', 'a fragmented ping, and one above 125 bytes', ({ random }) =>
    random.below(2) === 0
      ? webSocketFrame(opcode.ping, small, { isFinal: false })
      : webSocketFrame(opcode.ping, Buffer.alloc(4_096))
  ),
  badFrame('ws-bad-close-code', 'a close frame with a code that may not be sent, or of one byte', ({ random }) =>
    webSocketFrame(opcode.close, [closeCode(1005), closeCode(999), Buffer.from([3])][random.below(3)] ?? small)
  ),
  badFrame('ws-bad-utf8', 'a text message that is not UTF-8', () => webSocketFrame(opcode.text, Buffer.from([0xff, 0xfe, 0xc0]))),
  badFrame('ws-bad-fragments', 'a continuation of nothing, and a second message inside a first', ({ random }) =>
    random.below(2) === 0
      ? webSocketFrame(opcode.continuation, small)
      : Buffer.concat([webSocketFrame(opcode.binary, small, { isFinal: false }), webSocketFrame(opcode.binary, small)])
  ),
  badFrame('ws-garbage', 'random bytes after the upgrade', ({ random }) => random.bytes(1 + random.below(512)))
]

/** One message in fragments of 64 KiB that never ends; as fast as they are taken. */
async function endlessFragments(context: Context, fragment: Uint8Array): Promise<void> {
  const channel = await context.webSocket()
  channel.writeRaw(webSocketFrame(opcode.binary, fragment, { isFinal: false }))
  const next = webSocketFrame(opcode.continuation, fragment, { isFinal: false })
  const chunk = fragment.length > 1_024 ? next : Buffer.concat(Array.from({ length: 1_024 }, () => next))
  while (!context.isOver && !channel.isClosed) {
    channel.writeRaw(chunk)
    context.count('bytes', chunk.length)
    await channel.drained()
    await context.breathe()
  }
}

const httpGarbage = [
  'GET / HTTP/1.1\r\n\r\n',
  `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
  'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n'
]

export const webSocketAttacks: readonly Attack[] = [
  ...badFrames,
  {
    name: 'ws-idle-300',
    fault: 4,
    does: 'holds 300 TCP connections to the WebSocket port open and says nothing',
    run: async context => await hold(context, 300, async () => await context.tcp(context.target.wsPort))
  },
  {
    name: 'ws-upgraded-idle-300',
    fault: 4,
    does: 'holds 300 upgraded WebSocket connections open and says nothing',
    run: async context => await hold(context, 300, async () => await context.webSocket())
  },
  {
    name: 'ws-endless-fragments',
    fault: 5,
    does: 'four WebSocket messages in 64 KiB fragments that never end',
    run: async context => {
      const fragment = Buffer.alloc(64 * 1024)
      await lanes(4, async () => await again(context, 'messages', async () => await endlessFragments(context, fragment)))
    }
  },
  {
    name: 'ws-tiny-fragments',
    fault: 5,
    does: 'WebSocket messages in fragments of one byte that never end',
    run: async context => {
      await lanes(2, async () => await again(context, 'messages', async () => await endlessFragments(context, Buffer.alloc(1))))
    }
  },
  {
    name: 'ws-ping-flood',
    fault: 5,
    does: 'WebSocket pings of 125 bytes without pause, and no answer is read',
    run: async context => {
      const chunk = Buffer.concat(Array.from({ length: 500 }, () => webSocketFrame(opcode.ping, Buffer.alloc(125))))
      await again(context, 'connections', async () => {
        const channel = await context.webSocket()
        channel.pause()
        while (!context.isOver && !channel.isClosed) {
          channel.writeRaw(chunk)
          context.count('pings', 500)
          await channel.drained()
          await context.breathe()
        }
      })
    }
  },
  {
    name: 'ws-http-garbage',
    fault: 0,
    does: 'HTTP requests at the WebSocket port that are no upgrades, some malformed',
    run: async context => {
      await again(context, 'requests', async () => {
        const channel = await context.tcp(context.target.wsPort)
        channel.write(Buffer.from(httpGarbage[context.random.below(httpGarbage.length)] ?? ''))
        await context.pause(20)
        channel.destroy()
      })
    }
  }
]
