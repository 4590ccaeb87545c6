/** A Universal Connectivity peer: what it offers, and how one is made. */
import type { AbortOptions, Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Published } from './chat.ts'
import { ComposedPeer } from './composed-peer.ts'
import { compose } from './compose.ts'
import type { PeerServices } from './compose.ts'
import type { PeerListener } from './events.ts'
import { withPreset } from './options.ts'
import type { PeerOverrides, PresetName } from './options.ts'

/** Made stopped; it starts once and stops once. */
export interface Peer {
  readonly id: PeerId
  /** Where it can be reached, with its id; empty before the start. */
  readonly addresses: readonly Multiaddr[]
  /** The libp2p node underneath, for whatever this interface does not offer. */
  readonly libp2p: Libp2p<PeerServices>

  /**
   * Listens, connects to the bootstrap peers, subscribes, and enters the DHT, in that order, each step reported.
   * Rejects with a `PeerError` when it cannot listen, and with the signal's reason when it is aborted;
   * after either, `stop` still has to be called.
   */
  start(options?: AbortOptions): Promise<void>

  /** Closes every connection, within 2 seconds. May be called at any time, and more than once. */
  stop(): Promise<void>

  /** Sends a chat message, in the peer's payload format, to a topic (the chat topic by default). */
  publish(text: string, topic?: string): Promise<Published>

  /** Calls the listener with everything that happens from now on, in order, until the function it gives is called. */
  on(listener: PeerListener): () => void
}

/** A peer of a preset, with what is overridden in it; it does nothing before its `start`. */
export async function createPeer(preset: PresetName, overrides: PeerOverrides): Promise<Peer> {
  const options = withPreset(preset, overrides)
  const libp2p = await compose(options, {
    incoming: connection => peer.incoming(connection),
    discovered: found => peer.discovered(found),
    unsigned: message => void peer.chat.receivedUnsigned(message),
    usefulness: id => peer.usefulness(id)
  })
  const peer: ComposedPeer = new ComposedPeer(options, libp2p)

  return peer
}
