import type { MultiaddrConnection } from '@libp2p/interface'

interface ConnectionInside {
  readonly websocket?: { terminate?: () => void; pause?: () => void; resume?: () => void }
  sendReset(): void
  sendPause(): void
  sendResume(): void
}

/** Makes a connection over a WebSocket pause, resume and reset as others do. */
export function completeWebSocket(connection: MultiaddrConnection): void {
  const inside = connection as unknown as ConnectionInside
  const { websocket } = inside
  if (websocket?.terminate === undefined) {
    return
  }

  inside.sendReset = () => websocket.terminate?.()
  inside.sendPause = () => websocket.pause?.()
  inside.sendResume = () => websocket.resume?.()
}
