/**
 * WebRTC-direct handshakes of bounded number.
 *
 * The library makes a native peer connection of 1 MB for each new name in a STUN request, which anybody can make up. A
 * browser repeats its request until it is answered. So with some handshakes under way a request counts when it comes again.
 */
import type { CreateListenerOptions, Listener, MultiaddrConnection, Stream, Transport } from '@libp2p/interface'
import { guardLimits } from './limits.ts'
import { wrap } from './wrap.ts'

interface ListenerInside {
  incomingConnection(name: string, host: string, port: number, signal: AbortSignal): Promise<void>
  readonly connections: ReadonlyMap<string, unknown>
}

interface StreamInside {
  readonly channel: { onmessage: (event: { readonly data: unknown }) => void }
}

export function guardWebRtc(transport: Transport): Transport {
  wrap(transport, 'createListener', create => (options: CreateListenerOptions): Listener => {
    const listener = create(options)
    guardListener(listener as unknown as ListenerInside)
    return listener
  })
  return transport
}

/** Ends a connection whose peer sends text on a data channel: the library takes it for the size of what to allocate. */
export function refuseText(stream: Stream, connection: MultiaddrConnection): void {
  const { channel } = stream as unknown as StreamInside
  wrap(channel, 'onmessage', take => event => {
    if (event.data instanceof ArrayBuffer) {
      take(event)
    } else {
      connection.abort(new Error('a data channel of libp2p carries no text'))
    }
  })
}

function guardListener(listener: ListenerInside): void {
  const handshakes = new Set<string>()
  /** Requests that came once. Bounded by `webRtcRequests`; the oldest goes first. */
  const requests = new Set<string>()

  wrap(listener, 'incomingConnection', take => async (name, host, port, signal) => {
    const key = `${host}:${port}:${name}`
    if (listener.connections.has(key) || handshakes.has(key)) {
      return
    }

    if (handshakes.size >= guardLimits.webRtcHandshakesTrusted && !requests.delete(key)) {
      requests.add(key)
      if (requests.size > guardLimits.webRtcRequests) {
        requests.delete(requests.keys().next().value ?? key)
      }

      return
    }

    if (handshakes.size >= guardLimits.webRtcHandshakes) {
      return
    }

    handshakes.add(key)
    try {
      await take(name, host, port, signal)
    } finally {
      handshakes.delete(key)
    }
  })
}
