/** A connection without a socket: its remote end is a callback, and bytes arrive by `onData`. */
import { AbstractMultiaddrConnection } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import type { ComponentLogger, MultiaddrConnection } from '@libp2p/interface'

type Sent = Parameters<MultiaddrConnection['send']>[0]

export interface MemoryConnectionInit {
  readonly logger: ComponentLogger
  readonly direction: 'inbound' | 'outbound'
  /** Called with the bytes of each write. */
  readonly sent: (bytes: Uint8Array) => void
}

let made = 0

export class MemoryConnection extends AbstractMultiaddrConnection {
  readonly #sent: (bytes: Uint8Array) => void

  constructor({ logger, direction, sent }: MemoryConnectionInit) {
    // Limits of connections count by host: each connection has its own.
    made++
    const host = [127, (made >> 16) & 255, (made >> 8) & 255, made & 255].join('.')
    super({
      log: logger.forComponent('mutations'),
      direction,
      remoteAddr: multiaddr(`/ip4/${host}/tcp/${1024 + (made % 60_000)}`)
    })
    this.#sent = sent
  }

  sendData(data: Sent): { sentBytes: number; canSendMore: boolean } {
    this.#sent(data.subarray())
    return { sentBytes: data.byteLength, canSendMore: true }
  }

  sendReset(): void {}

  async sendClose(): Promise<void> {}

  sendPause(): void {}

  sendResume(): void {}
}
