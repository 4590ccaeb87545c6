/**
 * Data channels that carry no text.
 *
 * libp2p sends bytes alone. The library takes a text for the size of what it allocates, also in the handshake, before
 * anybody is authenticated: eight characters held the event loop for half a minute, and fourteen ended the process.
 */
import { RTCDataChannel } from 'node-datachannel/polyfill'

let isRefused = false

/** From now on a channel of this process that brings text is closed. Any further call does nothing. */
export function refuseText(): void {
  if (isRefused) {
    return
  }

  isRefused = true
  const { prototype } = RTCDataChannel
  const dispatch: EventTarget['dispatchEvent'] = Reflect.get(prototype, 'dispatchEvent')
  Object.defineProperty(prototype, 'dispatchEvent', {
    configurable: true,
    value(this: RTCDataChannel, event: Event): boolean {
      if (event.type === 'message' && 'data' in event && typeof event.data === 'string') {
        this.close()
        return true
      }

      return dispatch.call(this, event)
    }
  })
}
