/**
 * WebSocket connections that a stranger can neither break nor hold.
 *
 * The library listens to no error of a server's socket, takes messages of 100 MiB, waits for ever for a socket to become a
 * WebSocket, and closes a connection that is to be reset with a code that may not be sent.
 */
import type { Socket } from 'node:net'
import type { CreateListenerOptions, Listener, Transport } from '@libp2p/interface'
import { multiaddrToUri } from '@multiformats/multiaddr-to-uri'
import type { Multiaddr } from '@multiformats/multiaddr'
import { WebSocket as Client } from 'ws'
import { guardLimits } from './limits.ts'
import { wrap } from './wrap.ts'

/** As much of the library's inside as is wrapped. */
interface TransportInside {
  _connect(address: Multiaddr, options: { readonly signal?: AbortSignal }): Promise<unknown>
}

interface ListenerInside {
  readonly server: { on(event: 'connection', listener: (socket: Socket) => void): void }
  readonly wsServer: { readonly options: { maxPayload?: number; maxFragments?: number } }
  onWsServerConnection(socket: Client, request: { readonly socket: Socket }): void
}

/** The transport, listening and dialling within bounds. */
export function guardWebSockets(transport: Transport): Transport {
  const inside = transport as unknown as TransportInside
  wrap(inside, '_connect', () => async (address, options) => open(multiaddrToUri(address), options.signal))
  wrap(transport, 'createListener', create => (options: CreateListenerOptions): Listener => {
    const listener = create(options)
    guardListener(listener as unknown as ListenerInside)
    return listener
  })
  return transport
}

/** A client's WebSocket: the one that Node.js has takes messages of any size. */
async function open(uri: string, signal: AbortSignal | undefined): Promise<Client> {
  signal?.throwIfAborted()
  const { webSocketMessageBytes: maxPayload, webSocketFragments: maxFragments } = guardLimits
  const socket = new Client(uri, { maxPayload, maxFragments, perMessageDeflate: false, followRedirects: false })
  socket.binaryType = 'arraybuffer'
  const { promise, resolve, reject } = Promise.withResolvers<Client>()
  // For the life of the socket: an error of a bad frame has no other listener.
  socket.on('error', error => {
    reject(error)
    socket.terminate()
  })
  socket.on('open', () => {
    // A message that came with the answer to the upgrade waits until the library listens.
    socket.pause()
    setImmediate(() => {
      socket.resume()
    })
    resolve(socket)
  })
  const onAbort = (): void => {
    reject(signal?.reason)
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await promise
  } catch (error) {
    socket.terminate()
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

function guardListener(listener: ListenerInside): void {
  Object.assign(listener.wsServer.options, {
    maxPayload: guardLimits.webSocketMessageBytes,
    maxFragments: guardLimits.webSocketFragments
  })
  const upgrades = new Upgrades()
  listener.server.on('connection', socket => {
    upgrades.arrived(socket)
  })
  wrap(listener, 'onWsServerConnection', take => (socket, request) => {
    upgrades.done(request.socket)
    // The library waits 30 s for a peer that sent a bad frame to close.
    socket.on('error', () => {
      socket.terminate()
    })
    take(socket, request)
  })
}

/** Sockets that are to become WebSockets: so many, each for so long. */
class Upgrades {
  /** In the order of arrival. */
  readonly #waiting = new Map<Socket, ReturnType<typeof setTimeout>>()

  arrived(socket: Socket): void {
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.done(socket)
    })
    this.#waiting.set(
      socket,
      setTimeout(() => socket.destroy(), guardLimits.webSocketUpgradeMs)
    )
    if (this.#waiting.size > guardLimits.webSocketUpgrades) {
      this.#waiting.keys().next().value?.destroy()
    }
  }

  done(socket: Socket): void {
    clearTimeout(this.#waiting.get(socket))
    this.#waiting.delete(socket)
  }
}
