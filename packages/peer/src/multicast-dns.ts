/**
 * Multicast DNS with bounds before anything is parsed: on the size of a packet, and on the addresses read from it.
 *
 * A UDP packet of 64 KiB may hold a chain of 16,000 compression pointers and 5,000 names that begin with it, and the library
 * follows each. The standard allows 9,000 bytes.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:dgram'
import { mdns } from '@libp2p/mdns'
import type { PeerDiscovery, Startable } from '@libp2p/interface'
import { parseAddressText } from '@vicinity/dht'

/** RFC 6762, section 17: a packet has at most 9,000 bytes, its IP and UDP headers (28 bytes) included. */
export const packetBytesMax = 9_000 - 28

/** Addresses read from one packet: a peer announces one record for each private address that it listens on. */
export const addressesMax = 32

type Components = Parameters<ReturnType<typeof mdns>>[0]
type Service = PeerDiscovery & Startable

/** The parts of a DNS packet that the library reads. */
interface Response {
  readonly answers?: readonly Answer[]
  readonly additionals?: readonly Answer[]
}

interface Answer {
  readonly type: string
  readonly data?: unknown
}

/** The library's handler of answers, which is not part of its public interface. */
const handler = '_onMdnsResponse'
type Inside = Record<typeof handler, (response: Response) => void>

/** Multicast DNS, as a peer discovery of libp2p. */
export function boundedMulticastDns(init: Parameters<typeof mdns>[0] = {}): (components: Components) => Service {
  return components => {
    const service = mdns(init)(components) as unknown as Service & Inside
    if (typeof service[handler] !== 'function') {
      throw new TypeError('this version of @libp2p/mdns has no _onMdnsResponse')
    }

    const respond = service[handler].bind(service)
    service[handler] = response => respond(boundedResponse(response))
    const start = service.start.bind(service)
    service.start = () => withBoundedSocket(start)
    return service
  }
}

/** The response with the first addresses that can be parsed; the library gives up the whole packet for one that cannot. */
export function boundedResponse(response: Response): Response {
  let left = addressesMax
  const bounded = (answers: readonly Answer[] = []): Answer[] =>
    answers.flatMap(answer => {
      if (answer.type !== 'TXT') {
        return answer.type === 'PTR' ? [answer] : []
      }

      const texts: string[] = []
      for (const value of [answer.data].flat()) {
        const text = left > 0 ? addressText(value) : undefined
        if (text !== undefined) {
          left--
          texts.push(text)
        }
      }

      return texts.length > 0 ? [{ ...answer, data: texts }] : []
    })

  return { ...response, answers: bounded(response.answers), additionals: bounded(response.additionals) }
}

const prefix = 'dnsaddr='

/** The value of a TXT record (255 bytes at most) that announces an address. */
function addressText(value: unknown): string | undefined {
  const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : typeof value === 'string' ? value : ''
  return text.startsWith(prefix) && parseAddressText(text.slice(prefix.length)) !== undefined ? text : undefined
}

/** Starts the service; the socket that it makes meanwhile hands on no packet over the bound. */
async function withBoundedSocket(start: () => void | Promise<void>): Promise<void> {
  let sockets = 0
  const onSocket = (message: unknown): void => {
    sockets++
    boundPackets((message as { socket: Socket }).socket)
  }

  subscribe('udp.socket', onSocket)
  let started: void | Promise<void>
  try {
    started = start()
  } finally {
    unsubscribe('udp.socket', onSocket)
  }

  await started
  if (sockets === 0) {
    throw new TypeError('this version of @libp2p/mdns makes its socket elsewhere')
  }
}

function boundPackets(socket: Socket): void {
  const emit = socket.emit.bind(socket) as (event: string, ...args: unknown[]) => boolean
  socket.emit = (event: string, ...args: unknown[]): boolean => {
    const [packet] = args
    return event === 'message' && packet instanceof Uint8Array && packet.length > packetBytesMax ? false : emit(event, ...args)
  }
}
