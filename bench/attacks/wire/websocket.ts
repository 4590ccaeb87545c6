/** A WebSocket client that writes any frame it is told to (RFC 6455, section 5.2). */
import { TcpChannel, openSocket } from './channel.ts'
import type { Socket } from 'node:net'

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9 } as const

export interface FrameOptions {
  readonly isFinal?: boolean
  readonly isMasked?: boolean
  /** The reserved bits, RSV1 being 0x40. */
  readonly reserved?: number
  /** The length that the frame declares, if not that of the payload. */
  readonly declaredBytes?: number
}

/** One frame. The mask is zero, which is a mask like any other and costs nothing. */
export function webSocketFrame(code: number, payload: Uint8Array, options: FrameOptions = {}): Buffer {
  const { isFinal = true, isMasked = true, reserved = 0, declaredBytes = payload.length } = options
  const mask = isMasked ? 0x80 : 0
  const head = [(isFinal ? 0x80 : 0) | reserved | code]
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(BigInt(declaredBytes))
  if (declaredBytes < 126) {
    head.push(mask | declaredBytes)
  } else if (declaredBytes < 0x1_0000) {
    head.push(mask | 126, ...length.subarray(6))
  } else {
    head.push(mask | 127, ...length)
  }

  return Buffer.concat([Buffer.from(head), Buffer.alloc(isMasked ? 4 : 0), payload])
}

/** Upgraded: what is written goes out as binary messages; of what comes, the payloads are read. */
export class WebSocketChannel extends TcpChannel {
  #rest = Buffer.alloc(0)
  #upgraded: (() => void) | undefined
  #isUpgraded = false

  static override async open(port: number): Promise<WebSocketChannel> {
    const channel = new WebSocketChannel(await openSocket(port))
    await channel.#upgrade(port)
    return channel
  }

  private constructor(socket: Socket) {
    super(socket)
  }

  override write(bytes: Uint8Array): void {
    super.write(webSocketFrame(opcode.binary, bytes))
  }

  /** Bytes as they are, not in a frame. */
  writeRaw(bytes: Uint8Array): void {
    super.write(bytes)
  }

  protected override received(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk])
    if (!this.#isUpgraded) {
      const end = this.#rest.indexOf('\r\n\r\n')
      if (end < 0) {
        return
      }

      this.#isUpgraded = true
      this.#rest = this.#rest.subarray(end + 4)
      this.#upgraded?.()
    }

    this.#unframe()
  }

  async #upgrade(port: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#upgraded = resolve
    this.socket.once('close', () => reject(new Error('no upgrade to WebSocket')))
    super.write(Buffer.from(upgradeRequest(port)))
    await promise
  }

  #unframe(): void {
    for (;;) {
      const short = (this.#rest[1] ?? 0) & 0x7f
      const headBytes = short === 126 ? 4 : short === 127 ? 10 : 2
      if (this.#rest.length < headBytes) {
        return
      }

      const bytes = short === 126 ? this.#rest.readUInt16BE(2) : short === 127 ? Number(this.#rest.readBigUInt64BE(2)) : short
      if (this.#rest.length < headBytes + bytes) {
        return
      }

      const code = (this.#rest[0] ?? 0) & 0x0f
      if (code <= opcode.binary) {
        this.inbox.push(this.#rest.subarray(headBytes, headBytes + bytes))
      }
      this.#rest = this.#rest.subarray(headBytes + bytes)
    }
  }
}

export function upgradeRequest(port: number): string {
  const key = Buffer.alloc(16, 7).toString('base64')
  return [
    'GET / HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${key}`,
    'Sec-WebSocket-Version: 13',
    '',
    ''
  ].join('\r\n')
}
