/**
 * Streams of QUIC and WebRTC, opened by a real peer on a living connection and filled with the bytes of cases. A data channel
 * takes messages below the framing of its stream too, and text.
 */
import { once } from 'node:events'
import { multiaddr } from '@multiformats/multiaddr'
import { nonsense } from './nonsense.ts'
import { routes, startPeer } from './partners.ts'
import { within } from './patience.ts'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { Case } from './cases.ts'
import type { RawLayer } from './partners.ts'
import type { Victim } from './victim.ts'

/** A data channel, which only streams of WebRTC have. */
interface Channel {
  readonly readyState: string
  send(message: Uint8Array | string): void
  addEventListener(type: string, listener: () => void): void
}

interface Inside {
  readonly muxer: { createStream(): Promise<Stream & { readonly channel?: Channel }> }
}

const connectMs = 3_000
const openMs = 500
/** A stream of WebRTC waits for the victim to agree on its end. */
const closeMs = 50
const attemptsMax = 3

/**
 * Plays the cases, unless the victim refuses to be connected. A peer that misbehaves is refused for a while, so that each
 * connection to the victim is another's. `listener` is the peer that the victim dials: its WebRTC listener must not close
 * while requests arrive, because the native library then uses memory that is freed.
 */
export async function playOver(victim: Victim, layer: RawLayer, cases: readonly Case[], listener: Libp2p): Promise<void> {
  let [played, attempts] = [0, 0]
  while (played < cases.length && attempts < attemptsMax && victim.ended === undefined) {
    const before = played
    const dialler = cases[0]?.side === 'dials' ? undefined : await startPeer([])
    const connected = dialler === undefined ? victimConnects(victim, layer, listener) : connects(victim, layer, dialler.libp2p)
    const connection = await connected.catch(() => undefined)
    for (const one of cases.slice(played)) {
      if (connection?.status !== 'open') {
        break
      }
      played++
      await playStream(connection, one).catch(() => {})
    }
    attempts = played === before ? attempts + 1 : 0
    await dialler?.stop()
  }
}

async function connects(victim: Victim, layer: RawLayer, dialler: Libp2p): Promise<Connection> {
  const signal = AbortSignal.timeout(connectMs)
  return await dialler.dial(multiaddr(victim.address(routes[layer].pattern)), { signal })
}

async function victimConnects(victim: Victim, layer: RawLayer, listener: Libp2p): Promise<Connection | undefined> {
  const { pattern } = routes[layer]
  const open = (): Connection | undefined =>
    listener.getConnections(victim.id).find(({ status, remoteAddr }) => status === 'open' && pattern.test(remoteAddr.toString()))
  const existing = open()
  if (existing !== undefined) {
    return existing
  }

  const address = listener
    .getMultiaddrs()
    .map(String)
    .find(one => pattern.test(one))
  await victim.order({ do: 'connect', address: String(address) })
  // The dialler may have its connection before the listener has.
  const signal = AbortSignal.timeout(connectMs)
  for (let found = open(); ; found = open()) {
    if (found !== undefined) {
      return found
    }
    await once(listener, 'connection:open', { signal })
  }
}

async function playStream(connection: Connection, { index, pieces, end }: Case): Promise<void> {
  const stream = await (connection as unknown as Inside).muxer.createStream()
  const { channel } = stream
  if (channel !== undefined && channel.readyState !== 'open') {
    await within(openMs, new Promise<void>(resolve => channel.addEventListener('open', resolve)))
  }
  // Every second case of a data channel is below the framing.
  const isBelow = channel !== undefined && index % 2 === 0
  for (const { bytes } of pieces) {
    if (isBelow) {
      channel.send(index % 16 === 0 ? Buffer.from(bytes).toString('latin1') : bytes)
    } else {
      stream.send(bytes)
    }
  }
  if (isBelow && end === 'break') {
    // Text, which could also be a number.
    channel.send('99999999999999')
  }
  await finish(stream, end)
}

async function finish(stream: Stream, end: Case['end']): Promise<void> {
  switch (end) {
    case 'close':
      await within(closeMs, stream.close())
      break
    case 'reset':
      stream.abort(new Error('the case is over'))
      break
    case 'break':
      stream.send(nonsense)
      stream.abort(new Error('the case is over'))
      break
    case 'open':
      break
  }
}
