/** Attacks over QUIC: connections held open, streams without end, big writes, and datagrams that are no QUIC. */
import { createSocket } from 'node:dgram'
import { again, hold, lanes } from './attack.ts'
import type { Attack, Context } from './attack.ts'
import { protocols } from './peer.ts'
import { protocolLine } from './wire/bytes.ts'

/** The parts of the native binding of `@chainsafe/libp2p-quic` that are used here; it has no types. */
interface QuicStream {
  write(bytes: Uint8Array): Promise<void>
  read(count: number): Promise<Uint8Array | null>
}

interface QuicConnection {
  outboundStream(): Promise<QuicStream>
  closed(): Promise<void>
  abort(): void
}

interface Native {
  readonly QuinnConfig: new (options: object) => object
  readonly Client: new (
    config: object,
    family: number
  ) => { outboundConnection(host: string, port: number): Promise<QuicConnection>; abort(): void }
}

/** The binding, which the package does not export: an attack wants connections without a node around each. */
async function native(): Promise<{ binding: Native; options: object }> {
  const entry = import.meta.resolve('@chainsafe/libp2p-quic')
  const { defaultOptions } = await import('@chainsafe/libp2p-quic')
  return { binding: (await import(new URL('napi.js', entry).href)) as Native, options: defaultOptions }
}

interface Held {
  isClosed: boolean
  readonly connection: QuicConnection
  close(): void
}

/** A complete connection of a fresh identity, from a socket of its own. */
async function connectQuic(context: Context): Promise<Held> {
  const { binding, options } = await native()
  const config = new binding.QuinnConfig({
    ...options,
    maxConcurrentStreamLimit: 100_000,
    privateKeyProto: context.identity().secretKey
  })
  const client = new binding.Client(config, 0)
  const connection = await client.outboundConnection('127.0.0.1', context.target.quicPort)
  const held: Held = {
    isClosed: false,
    connection,
    close: () => {
      forget()
      held.isClosed = true
      connection.abort()
      client.abort()
    }
  }
  const forget = context.atEnd(() => held.close())
  void connection.closed().then(
    () => held.close(),
    () => held.close()
  )
  return held
}

/** Uses one connection after the other until the attack is over; in some lanes at once. */
async function onConnections(context: Context, parallel: number, act: (held: Held) => Promise<void>): Promise<void> {
  await lanes(parallel, async () => {
    await again(context, 'connections', async () => {
      const held = await connectQuic(context)
      // what is waited for natively may never come
      const over = new Promise<void>(resolve => {
        context.atEnd(resolve)
      })
      await Promise.race([act(held).finally(() => held.close()), over])
    })
  })
}

async function endlessStreams(context: Context, held: Held): Promise<void> {
  while (!context.isOver && !held.isClosed) {
    await lanes(50, async () => {
      const stream = await held.connection.outboundStream()
      await stream.write(protocolLine('/multistream/1.0.0'))
      context.count('streams')
    })
    await context.breathe()
  }
}

/** Half a megabyte a write, on ping streams whose answers are not read, or on streams without a protocol. */
async function bigWrites(context: Context, held: Held, isNegotiated: boolean): Promise<void> {
  const chunk = Buffer.alloc(512 * 1024)
  await lanes(8, async () => {
    while (!context.isOver && !held.isClosed) {
      const stream = await held.connection.outboundStream()
      await stream.write(protocolLine('/multistream/1.0.0'))
      if (isNegotiated) {
        await stream.write(protocolLine(protocols.ping))
      }

      try {
        while (!context.isOver && !held.isClosed) {
          await stream.write(chunk)
          context.count('bytes', chunk.length)
        }
      } catch {
        context.count('streams reset')
      }
    }
  })
}

/** Datagrams at the QUIC port: random ones, and ones that begin like an Initial packet of version 1. */
async function datagrams(context: Context): Promise<void> {
  const socket = createSocket('udp4')
  context.atEnd(() => socket.close())
  const header = Buffer.from('c300000001', 'hex')
  await again(context, 'bursts', async () => {
    for (let i = 0; i < 50; i++) {
      const { random } = context
      const initial = Buffer.concat([
        header,
        Buffer.from([8]),
        random.bytes(8),
        Buffer.from([0, 0, 0x44, 0x9e]),
        Buffer.alloc(1_182, i)
      ])
      socket.send(random.below(2) === 0 ? random.bytes(1 + random.below(1_400)) : initial, context.target.quicPort, '127.0.0.1')
    }
    context.count('datagrams', 50)
    await context.pause(2)
  })
}

export const quicAttacks: readonly Attack[] = [
  {
    name: 'quic-held',
    fault: 5,
    over: 'quic-v1',
    does: 'holds 300 QUIC connections of 300 identities open and says nothing',
    run: async context => await hold(context, 300, async () => await connectQuic(context))
  },
  {
    name: 'quic-streams-endless',
    fault: 5,
    over: 'quic-v1',
    does: 'opens QUIC streams without end, none negotiated, on two connections',
    run: async context => await onConnections(context, 2, async held => await endlessStreams(context, held))
  },
  {
    name: 'quic-big-writes',
    fault: 5,
    over: 'quic-v1',
    does: 'writes of half a megabyte on ping streams whose answers are not read',
    run: async context => await onConnections(context, 2, async held => await bigWrites(context, held, true))
  },
  {
    name: 'quic-big-writes-unnegotiated',
    fault: 5,
    over: 'quic-v1',
    does: 'writes of half a megabyte on streams without a protocol',
    run: async context => await onConnections(context, 2, async held => await bigWrites(context, held, false))
  },
  {
    name: 'quic-churn',
    fault: 5,
    over: 'quic-v1',
    does: 'QUIC connections that end as soon as they are complete, four at a time',
    run: async context => await onConnections(context, 4, async () => await context.pause(5))
  },
  {
    name: 'quic-garbage',
    fault: 0,
    over: 'quic-v1',
    does: 'datagrams at the QUIC port that are garbage or begin like a handshake',
    run: datagrams
  }
]
