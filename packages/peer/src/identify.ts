/**
 * Identify and identify push, with bounds before anything is parsed, and with the protocol version that is asked for.
 *
 * The library reads up to ten messages of 8 KiB each, and parses every address in them: one of 8 KiB whose `/p2p/` value
 * fills it takes 150 ms, and a thousand short ones take seconds in the peer store. Here each message is read as bytes, what
 * exceeds a bound is left out, and the library gets the rest (`identify-message.ts` holds the bounds).
 */
import { identify, identifyPush } from '@libp2p/identify'
import type { Identify, IdentifyComponents, IdentifyPush, IdentifyPushComponents } from '@libp2p/identify'
import type { AbortOptions, Connection, Stream, StreamMessageEvent } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { IdentifyBounds, messageBytesMax, messagesMax } from './identify-message.ts'
import { joined, lengthPrefixed } from './payload/protobuf.ts'

/** Parts of both services that the library's types do not show. */
interface Inside {
  readonly host: { protocolVersion: string }
  handleProtocol(stream: Stream, connection: Connection): Promise<void>
}

/** Reads what the other side says of itself; the library then takes it in. */
const read = '_identify'
type InsideIdentify = Inside &
  Record<typeof read, (connection: Pick<Connection, 'newStream' | 'remoteAddr'>, options?: AbortOptions) => Promise<unknown>>

/** How long a push may take to arrive, as in the library. */
const timeoutMs = 5_000

/** Identify, as a service of libp2p. */
export function boundedIdentify(protocolVersion: string): (components: IdentifyComponents) => Identify {
  return components => {
    const service = identify()(components)
    const inside = insideOf<InsideIdentify>(service, protocolVersion, read)
    const ask = inside[read].bind(service)
    inside[read] = async (connection, options = {}) => {
      const signal = options.signal ?? AbortSignal.timeout(timeoutMs)
      return await ask(
        {
          remoteAddr: connection.remoteAddr,
          newStream: async (protocols, streamOptions) => readAhead(await connection.newStream(protocols, streamOptions), signal)
        },
        { ...options, signal }
      )
    }
    return service
  }
}

/** Identify push, as a service of libp2p. */
export function boundedIdentifyPush(protocolVersion: string): (components: IdentifyPushComponents) => IdentifyPush {
  return components => {
    const service = identifyPush()(components)
    const inside = insideOf<Inside>(service, protocolVersion, 'handleProtocol')
    const take = inside.handleProtocol.bind(service)
    inside.handleProtocol = async (stream, connection) => {
      await take(await readAhead(stream, AbortSignal.timeout(timeoutMs)), connection)
    }
    return service
  }
}

/**
 * Identify makes its protocol version of a prefix and a number of its own; the checkpoints ask for another, which only
 * its host record, read for every answer, can be told.
 */
function insideOf<T extends Inside>(service: object, protocolVersion: string, method: keyof T & string): T {
  const host = 'host' in service ? service.host : undefined
  if (typeof host !== 'object' || host === null || !('protocolVersion' in host)) {
    throw new TypeError('this version of @libp2p/identify keeps its protocol version elsewhere')
  }
  if (typeof (service as Record<string, unknown>)[method] !== 'function') {
    throw new TypeError(`this version of @libp2p/identify has no ${method}`)
  }

  host.protocolVersion = protocolVersion
  return service as T
}

/**
 * Reads the messages of a stream to their end, and gives a stream that holds the bounded ones.
 *
 * As in the library, an error after the first message ends the reading and is no failure.
 */
async function readAhead(stream: Stream, signal: AbortSignal): Promise<Stream> {
  const bounds = new IdentifyBounds()
  const messages: Uint8Array[] = []
  const reader = lpStream(stream, { maxDataLength: messageBytesMax })
  try {
    for (let count = 0; count < messagesMax; count++) {
      messages.push(lengthPrefixed(bounds.apply((await reader.read({ signal })).subarray())))
    }
  } catch (error) {
    if (messages.length === 0) {
      stream.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  return readStream(stream, joined(messages))
}

/** A stream whose remote end has said all it will: the bytes go to the first listener for messages, at once. */
function readStream(stream: Stream, bytes: Uint8Array): Stream {
  const whole = {
    log: stream.log,
    remoteWriteStatus: 'closed',
    readBufferLength: 0,
    addEventListener(type: string, listener: (event: Pick<StreamMessageEvent, 'data'>) => void) {
      if (type === 'message') {
        listener({ data: bytes })
      }
    },
    removeEventListener() {},
    push() {},
    send: () => false,
    closeRead: async () => {},
    close: async (options?: AbortOptions) => stream.close(options),
    abort: (error: Error) => stream.abort(error)
  }
  return whole as unknown as Stream
}
