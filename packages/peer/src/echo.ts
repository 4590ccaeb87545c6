/**
 * The answering side of ping: sends back what comes, for as long as the peer uses its stream.
 *
 * A stream that nobody uses is ended after `idleMs`: go-libp2p and rust-libp2p keep one stream for all their pings. A peer
 * that does not read its answers is not read either.
 */
import type { Stream, StreamMessageEvent } from '@libp2p/interface'

/** An unused ping stream is ended after this time: go-libp2p pings every 15 s at the slowest. */
const idleMs = 60_000

export function echo(stream: Stream): void {
  let idle: ReturnType<typeof setTimeout> | undefined
  const rearm = (): void => {
    clearTimeout(idle)
    idle = setTimeout(() => {
      stream.abort(new Error(`the ping stream was not used for ${idleMs} ms`))
    }, idleMs)
  }
  const onMessage = ({ data }: StreamMessageEvent): void => {
    rearm()
    if (stream.writeStatus === 'writable' && !stream.send(data) && stream.readStatus === 'readable') {
      stream.pause()
    }
  }
  const onDrain = (): void => {
    if (stream.readStatus === 'paused') {
      stream.resume()
    }
  }
  const onEnd = (): void => {
    stream.close().catch((error: Error) => {
      stream.abort(error)
    })
  }

  rearm()
  stream.addEventListener('message', onMessage)
  stream.addEventListener('drain', onDrain)
  stream.addEventListener('remoteCloseWrite', onEnd)
  stream.addEventListener('close', () => {
    clearTimeout(idle)
  })
}
