/**
 * WebRTC-direct handshakes of bounded number.
 *
 * The library makes a native peer connection of 1 MB for each new name in a STUN request, which anybody can make up. A
 * browser repeats its request until it is answered. So with some handshakes under way a request counts when it comes again.
 */
import type { CreateListenerOptions, Listener, Transport } from '@libp2p/interface'
import { refuseText } from './data-channels.ts'
import { guardLimits } from './limits.ts'
import { wrap } from './wrap.ts'

interface ListenerInside {
  incomingConnection(name: string, host: string, port: number, signal: AbortSignal): Promise<void>
  readonly connections: ReadonlyMap<string, unknown>
}

export function guardWebRtc(transport: Transport): Transport {
  refuseText()
  wrap(transport, 'createListener', create => (options: CreateListenerOptions): Listener => {
    const listener = create(options)
    guardListener(listener as unknown as ListenerInside)
    return listener
  })
  return transport
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
